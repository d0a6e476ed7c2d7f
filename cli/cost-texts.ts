import type { Basis } from '../src/cost/charge.ts';
import type { CostLine } from '../src/cost/estimate.ts';
import { prices, type Price, type PriceName } from '../src/cost/prices.ts';
import { assumptions, type AssumptionName } from '../src/cost/traffic.ts';
import type { CostView } from './commands/cost.ts';
import { flagOf } from './cost-options.ts';
import { renderTable } from './io.ts';

const number = (value: number): string =>
  value.toLocaleString('en-US', { maximumFractionDigits: value < 10 ? 2 : 0 });

/** Cents where there are some; else as many digits as say something. */
const usd = (value: number): string =>
  value === 0 || value >= 0.01
    ? value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })
    : '< 0.01';

const when: Readonly<Record<Basis, string>> = {
  idle: 'always',
  inUse: 'in use',
  requests: 'requests',
};

/** As price lists say it: for one, or for a million where one costs next to nothing. Of several tiers, the first. */
const each = (price: PriceName): string => {
  const { tiers }: Price = prices[price];
  const first = tiers[0]?.usd ?? 0;
  const digits = (value: number): string =>
    value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 4 });
  return first < 0.001 ? `${digits(first * 1e6)} a million` : digits(first);
};

const row = ({ basis, service, what, quantity, unit, price, usd: costs, verified }: CostLine) => [
  when[basis],
  service,
  what,
  number(quantity),
  unit,
  `${each(price)}${verified ? '' : ' *'}`,
  usd(costs),
];

const sum = (what: string, value: number): readonly string[] => [
  '',
  '',
  what,
  '',
  '',
  '',
  usd(value),
];

const sumsOf = ({ usd: sums, requests }: CostView): readonly (readonly string[])[] => [
  sum('fixed, per month', sums.idle),
  ...(requests === 0
    ? []
    : [
        sum('more in a month with requests', sums.inUse),
        sum(`for ${number(requests)} requests`, sums.requests),
        sum('that month', sums.total),
        sum('per million requests', sums.perMillionRequests),
      ]),
];

const assumed = ({ traffic, given }: CostView): string =>
  renderTable(
    ['ASSUMED', '', 'OPTION'],
    (Object.keys(assumptions) as AssumptionName[]).map((name) => {
      const { meaning, unit } = assumptions[name];
      const shown = unit === 'share' || unit === 'number' ? '' : ` ${unit}`;
      return [
        meaning,
        `${String(traffic[name])}${shown}${given.includes(name) ? ' (given)' : ''}`,
        flagOf(name),
      ];
    }),
  );

const regionNote = ({ stacks, region }: CostView): readonly string[] => {
  const others = [...new Set(stacks.map((stack) => stack.region))].filter(
    (each) => each !== region && each !== 'unknown-region',
  );
  return others.length === 0
    ? []
    : [`The stacks are in ${others.join(', ')}, and prices are those of ${region}.`];
};

export const costText = (view: CostView): string => {
  const unverified = view.lines.some(({ verified }) => !verified);
  return [
    `${view.stacks.map(({ name }) => name).join(', ')}`,
    `List prices of ${view.region}, ${view.date}, USD a month; traffic "${view.profile}".`,
    ...regionNote(view),
    '',
    renderTable(
      ['WHEN', 'SERVICE', 'WHAT', 'QUANTITY', 'OF', 'PRICE', 'USD'],
      [...view.lines.map(row), ['', '', '', '', '', '', ''], ...sumsOf(view)],
    ),
    ...(unverified ? ['', '* not verified: a price from memory. --json has the sources.'] : []),
    '',
    assumed(view),
    '',
    'Not in the sum:',
    ...view.left.map((what) => `  ${what}`),
  ].join('\n');
};
