import type { Child } from './child.ts';
import { watchOthers } from './cpu.ts';
import { inFunctionSample, type InFunctionSample } from './messages.ts';
import { median, spreadOf, type Spread } from './statistics.ts';
import { figure, noise, percent, table, verdict } from './table.ts';

const operationsEach = 400;
const warmUpRounds = 6;
/** Of our own time, in multiples of the SDK's bare handler. */
const target = 2;

const whats = ['drawbridge', 'bare'] as const;
const names: Readonly<Record<(typeof whats)[number], string>> = {
  drawbridge: 'mcp function: key, quota, policy, audit',
  bare: "the SDK's bare handler",
};

export interface InFunctionRow {
  readonly name: string;
  readonly ownUs: Spread;
  readonly cpuUs: Spread;
  readonly totalUs: number;
}

export interface InFunctionResult {
  readonly rounds: number;
  readonly rows: readonly InFunctionRow[];
  /** Median over the rounds of (ours / the bare handler's of the same round). */
  readonly ownRatio: number;
  readonly cpuRatio: number;
  readonly target: number;
  readonly othersShare: number | undefined;
}

export interface InFunctionOptions {
  readonly child: Child<unknown>;
  readonly rounds: number;
  readonly share: number;
  readonly say: (line: string) => void;
}

/** One warm `tools/call` after the other, ours and the bare handler's in turn. */
export const measureInFunction = async (options: InFunctionOptions): Promise<InFunctionResult> => {
  const { child, rounds, share, say } = options;
  const others = watchOthers();
  const operations = Math.ceil(operationsEach * share);
  const samples = { drawbridge: [] as InFunctionSample[], bare: [] as InFunctionSample[] };
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const what of whats) {
      const sample = await child.ask({ what, operations }, inFunctionSample);
      if (round >= 0) samples[what].push(sample);
    }
    if (round >= 0) say(`in the function: round ${round + 1}/${rounds}`);
  }
  const ratio = (pick: (sample: InFunctionSample) => number): number =>
    median(samples.drawbridge.map((one, i) => pick(one) / pick(samples.bare[i] ?? one)));
  return {
    rounds,
    rows: whats.map((what) => ({
      name: names[what],
      ownUs: spreadOf(samples[what].map(({ ownUs }) => ownUs)),
      cpuUs: spreadOf(samples[what].map(({ cpuUs }) => cpuUs)),
      totalUs: median(samples[what].map(({ totalUs }) => totalUs)),
    })),
    ownRatio: ratio(({ ownUs }) => ownUs),
    cpuRatio: ratio(({ cpuUs }) => cpuUs),
    target,
    othersShare: others(),
  };
};

const spread = ({ median: middle, spread: width }: Spread): string =>
  `${figure(middle)} ±${percent(width / 2)}`;

export const inFunctionReport = (result: InFunctionResult): string => {
  const { rounds, rows, ownRatio, cpuRatio, othersShare } = result;
  return [
    '## In the function',
    `Microseconds of one warm \`tools/call\`, one at a time, from the event to the last byte of the answer; medians of ${rounds} ` +
      `interleaved rounds. The mcp function is its synthesized bundle, with the twin as its AWS; the bare handler is the SDK's ` +
      `over the same tool, with a Request in and a Response out: no key, no limits, no record. Own is without the wait for ` +
      `DynamoDB, from the last byte of the charge to the head of its answer; CPU is that of the process, as a mean.`,
    table(
      ['', 'own µs', 'CPU µs', 'µs with AWS'],
      rows.map(({ name, ownUs, cpuUs, totalUs }) => [
        name,
        spread(ownUs),
        spread(cpuUs),
        figure(totalUs),
      ]),
    ),
    `Own: ${figure(ownRatio)} ×; target: ≤ ${result.target} ×: ${verdict(ownRatio <= result.target)}. CPU: ${figure(cpuRatio)} ×.`,
    noise(othersShare),
  ].join('\n\n');
};
