import type { TenantUsageSummary } from '../src/admin/usage.ts';
import type { BreakdownView, LimitView, UsageView } from './commands/usage.ts';
import { printable, renderFields, renderTable } from './io.ts';

/** What a person reads of usage. */

const limitsText = (limits: readonly LimitView[]): string =>
  limits.length === 0
    ? 'Its plan limits no units.'
    : renderTable(
        ['LIMIT', 'OF', 'USED', 'ALLOWED', 'LEFT', 'RESETS'],
        limits.map(({ window, scope, used, limit, left, resetsAt }) => [
          window,
          scope === 'tenant' ? 'tenant' : 'key',
          String(used),
          String(limit),
          String(left),
          resetsAt,
        ]),
      );

const daysText = (days: UsageView['days']): string =>
  days.length === 0
    ? 'No units were used in the days that are kept.'
    : renderTable(
        ['DAY', 'UNITS'],
        days.map(({ day, units }) => [day, String(units)]),
      );

export const usageText = (view: UsageView): string =>
  [
    renderFields({ tenant: view.tenant, plan: view.plan }),
    '',
    limitsText(view.limits),
    '',
    daysText(view.days),
  ].join('\n');

export const usageListText = (tenants: readonly TenantUsageSummary[]): string =>
  tenants.length === 0
    ? 'No tenants yet. Add one: npx drawbridge tenants create <id> --plan <plan>'
    : renderTable(
        ['TENANT', 'PLAN', 'UNITS TODAY', 'THIS MONTH'],
        tenants.map(({ tenant, plan, today, month }) => [
          tenant,
          plan,
          String(today),
          String(month),
        ]),
      );

export const breakdownText = ({ tenant, by, from, to, rows }: BreakdownView): string => {
  const whose = tenant === undefined ? 'all tenants' : `tenant ${tenant}`;
  const head = `Of ${whose}, from ${from} to ${to}:`;
  if (rows.length === 0) return `${head} no calls.`;
  const table = renderTable(
    [by.toUpperCase(), 'CALLS', 'UNITS', 'ERRORS'],
    rows.map(({ of, calls, units, errors }) => [
      of === null ? '-' : printable(of),
      String(calls),
      String(units),
      String(errors),
    ]),
  );
  return `${head}\n\n${table}`;
};
