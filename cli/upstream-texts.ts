import type { ServerSummary } from '../src/admin/servers.ts';
import { printable, renderFields, renderTable } from './io.ts';
import type {
  AddedLiveView,
  AddedStdioView,
  AddedView,
  CheckedView,
  CheckView,
  LiveView,
  RemovalView,
  ServerView,
  SwitchedView,
} from './upstream-views.ts';

/** What a person reads of servers. Names and texts that a server chose are made printable first. */

const tenantsText = (tenants: ServerSummary['tenants']): string =>
  tenants === '*' ? 'all' : tenants.join(', ');

const names = (tools: readonly string[]): string => {
  const shown = tools.slice(0, 10).map(printable).join(', ');
  return tools.length > 10 ? `${shown}, … (${tools.length})` : shown;
};

const yesNo = (enabled: boolean): string => (enabled ? 'yes' : 'no');

export const serverListText = (servers: readonly ServerSummary[]): string =>
  servers.length === 0
    ? 'No servers yet. Add one: npx drawbridge upstreams add <name> --url <url>'
    : renderTable(
        ['NAME', 'KIND', 'WHERE', 'TENANTS', 'ENABLED', 'HOST'],
        servers.map(({ name, kind, where, tenants, enabled, exceptions, host }) => [
          name,
          kind,
          where,
          tenantsText(tenants),
          exceptions === undefined
            ? yesNo(enabled)
            : `${yesNo(enabled)}, but ${yesNo(!enabled)} for ${exceptions.join(', ')}`,
          host ?? '-',
        ]),
      );

const unitsText = ({ default: each, tools = {} }: LiveView['units']): string =>
  [`${each} a call`, ...Object.entries(tools).map(([tool, units]) => `${tool} ${units}`)].join(
    ', ',
  );

const renameText = ({ tools }: LiveView): string | undefined =>
  tools?.rename === undefined
    ? undefined
    : Object.entries(tools.rename)
        .map(([own, shown]) => `${own} → ${shown}`)
        .join(', ');

const liveFields = (view: LiveView): string =>
  renderFields({
    server: view.name,
    kind: view.kind,
    where: 'live',
    url: view.url,
    ...Object.fromEntries(
      Object.entries(view.headers).map(([header, value]) => [`header ${header}`, value]),
    ),
    tenants: tenantsText(view.tenants),
    prefix: view.prefix === '' ? 'none' : view.prefix,
    enabled: yesNo(view.enabled),
    operations: view.operations?.toString(),
    include: view.tools?.include?.join(', '),
    exclude: view.tools?.exclude?.join(', '),
    rename: renameText(view),
    timeout: `${view.timeoutMs} ms, lists ${view.listTimeoutMs} ms`,
    units: unitsText(view.units),
    created: view.createdAt,
    updated: `${view.updatedAt} (revision ${view.revision})`,
  });

const deployedFields = (view: Exclude<ServerView, LiveView>): string =>
  renderFields({
    server: view.name,
    kind: view.kind,
    where: 'deployed, from config/mcp.json',
    host: view.host,
    tenants: tenantsText(view.tenants),
    prefix: view.prefix === '' ? 'none' : view.prefix,
    enabled: yesNo(view.enabled),
    [view.enabled ? 'off for' : 'on for']: view.exceptions?.join(', '),
  });

export const serverText = (views: readonly ServerView[]): string =>
  views
    .map((view) => (view.where === 'live' ? liveFields(view) : deployedFields(view)))
    .join('\n\n');

const serverInfoText = (
  info: Readonly<Record<string, unknown>> | undefined,
): string | undefined => {
  const { name, version } = info ?? {};
  if (typeof name !== 'string') return undefined;
  return printable(typeof version === 'string' ? `${name} ${version}` : name).slice(0, 200);
};

const eraText = { legacy: 'MCP of 2025 or before', modern: 'MCP 2026-07-28', none: 'REST' };

const pinsText = { match: 'as approved', differs: 'not as approved', missing: 'never approved' };

const checkFields = (check: CheckView): Readonly<Record<string, string | undefined>> =>
  check.state === 'failed'
    ? { state: `failed, ${check.failure}: ${printable(check.message)}` }
    : {
        state: 'ok',
        speaks: eraText[check.era],
        'says it is': serverInfoText(check.serverInfo),
        tools: `${check.tools}, ${pinsText[check.pins]}`,
        changed: check.changed.length > 0 ? `${names(check.changed)} (hidden)` : undefined,
        new: check.added.length > 0 ? names(check.added) : undefined,
        removed: check.removed.length > 0 ? names(check.removed) : undefined,
        unusable: check.invalid.length > 0 ? `${names(check.invalid)} (hidden)` : undefined,
      };

const nextStep = (name: string, check: CheckView): readonly string[] => {
  if (check.state === 'failed' || check.pins === 'match') return [];
  return check.pins === 'missing'
    ? ['', `Approve its tools: npx drawbridge pins approve ${name} --all`]
    : ['', `See what differs: npx drawbridge pins diff ${name}`];
};

export const checkedText = (views: readonly CheckedView[]): string =>
  views
    .map(({ name, kind, where, tenants, enabled, check }) =>
      [
        renderFields({
          server: name,
          kind,
          where,
          tenants: tenantsText(tenants),
          enabled: yesNo(enabled),
          ...checkFields(check),
        }),
        ...nextStep(name, check),
      ].join('\n'),
    )
    .join('\n\n');

const addedHeadline = ({ name, replaced, check, pinned, enabled }: AddedLiveView): string => {
  const done = `Server ${name} ${replaced ? 'changed' : 'added'}${enabled ? '' : ', switched off'}`;
  if (check.state === 'failed') {
    return `${done}, but it could not be checked (${check.failure}): ${printable(check.message)}`;
  }
  const tools = check.tools === 1 ? '1 tool' : `${check.tools} tools`;
  if (pinned) return `${done}: ${tools}, approved as they are now.`;
  return check.pins === 'match'
    ? `${done}: ${tools}, as approved.`
    : `${done}: ${tools}, not as approved before. What changed is hidden until it is approved.`;
};

const addedLiveText = (view: AddedLiveView): string => {
  const { name, check, pinned, warnings } = view;
  const next =
    check.state === 'failed'
      ? `Its tools were not approved. When it answers: npx drawbridge pins approve ${name} --all`
      : pinned || check.pins === 'match'
        ? undefined
        : `See what differs: npx drawbridge pins diff ${name}`;
  return [
    addedHeadline(view),
    '',
    liveFields(view),
    '',
    ...warnings.map((warning) => `warning: ${printable(warning)}`),
    ...(next === undefined ? [] : [next]),
    'Running functions follow within 30 seconds.',
  ].join('\n');
};

/** A folder of this machine, as READMEs have it, is none in a function. */
const isElsewhere = (argument: unknown): argument is string =>
  typeof argument === 'string' &&
  /^(?:[/~]|[A-Za-z]:\\)/u.test(argument) &&
  !/^\/tmp(?:\/|$)/u.test(argument);

const addedStdioText = ({ name, file, entry, package: npm, replaced }: AddedStdioView): string => {
  const { command, args } = entry;
  const given = Array.isArray(args) ? (args as readonly unknown[]) : [];
  const words = [command, ...given];
  const elsewhere = given.filter(isElsewhere);
  return [
    `Server ${name} ${replaced ? 'changed in' : 'written to'} ${file}:`,
    '',
    renderFields({
      runs: words.map(String).join(' '),
      version: npm === undefined ? undefined : `${npm.name} ${npm.version}`,
      lock: npm === undefined ? undefined : `stdio/${name}/package-lock.json, beside that file`,
    }),
    '',
    ...(elsewhere.length === 0
      ? []
      : [
          `warning: ${elsewhere.join(', ')}: the server runs in a sandbox, where such a folder is empty or missing; it may write to /tmp only`,
        ]),
    'The running twin picks it up. A deployment has it after its next deploy: npx cdk deploy --all',
  ].join('\n');
};

export const addedText = (views: readonly AddedView[]): string =>
  views
    .map((view) => (view.where === 'live' ? addedLiveText(view) : addedStdioText(view)))
    .join('\n\n');

export const switchedText = (views: readonly SwitchedView[]): string =>
  views
    .map(({ name, scope, enabled, changed }) => {
      const whom = scope === '*' ? '' : ` for tenant ${scope}`;
      return changed
        ? `Server ${name} is ${enabled ? 'on' : 'off'}${whom}. Running functions follow within 30 seconds.`
        : `Server ${name} was ${enabled ? 'on' : 'off'}${whom} already. Nothing changed.`;
    })
    .join('\n');

export const removalParts = ({ records, file }: RemovalView): string =>
  [
    ...records.map((scope) =>
      scope === '*' ? 'the live record' : `the live record of tenant ${scope}`,
    ),
    ...(file === undefined ? [] : [`the entry in ${file}`]),
  ].join(' and ');

export const removedText = (view: RemovalView): string =>
  [
    `Server ${view.name} is removed: ${removalParts(view)}.`,
    ...(view.records.length > 0 ? ['Running functions follow within 30 seconds.'] : []),
    ...(view.isDeployed
      ? [
          `The deployment has it until its next deploy; to stop it now: npx drawbridge upstreams disable ${view.name}`,
        ]
      : []),
  ].join('\n');
