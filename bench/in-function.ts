import type { Child } from './child.ts';
import { watchOthers } from './cpu.ts';
import { inFunctionSample, type InFunctionSample, type InFunctionWhat } from './messages.ts';
import { median, spreadOf, type Spread } from './statistics.ts';
import { figure, noise, percent, table, verdict } from './table.ts';

const operationsEach = 400;
const warmUpRounds = 6;
/** Of our own time, in multiples of the SDK's bare handler. */
const target = 2;

const whats = ['drawbridge', 'charged', 'bare'] as const satisfies readonly InFunctionWhat[];
const names: Readonly<Record<InFunctionWhat, string>> = {
  drawbridge: 'mcp function: key, quota, policy, audit',
  charged: "the SDK's bare handler, and the charge",
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
  /** The same of the bare handler that charges: what one signed UpdateItem costs, whatever is around it. */
  readonly chargedRatio: number;
  /** The bare handler alone, but after a wait for DynamoDB, as every call in a function runs: others had the caches meanwhile. */
  readonly waitedUs: number;
  readonly waitedRatio: number;
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
  const samples: Record<InFunctionWhat, InFunctionSample[]> = {
    drawbridge: [],
    charged: [],
    bare: [],
  };
  for (let round = -warmUpRounds; round < rounds; round++) {
    for (const what of whats) {
      const sample = await child.ask({ what, operations }, inFunctionSample);
      if (round >= 0) samples[what].push(sample);
    }
    if (round >= 0) say(`in the function: round ${round + 1}/${rounds}`);
  }
  const ratio = (what: InFunctionWhat, pick: (sample: InFunctionSample) => number): number =>
    median(samples[what].map((one, i) => pick(one) / pick(samples.bare[i] ?? one)));
  return {
    rounds,
    rows: whats.map((what) => ({
      name: names[what],
      ownUs: spreadOf(samples[what].map(({ ownUs }) => ownUs)),
      cpuUs: spreadOf(samples[what].map(({ cpuUs }) => cpuUs)),
      totalUs: median(samples[what].map(({ totalUs }) => totalUs)),
    })),
    ownRatio: ratio('drawbridge', ({ ownUs }) => ownUs),
    cpuRatio: ratio('drawbridge', ({ cpuUs }) => cpuUs),
    chargedRatio: ratio('charged', ({ ownUs }) => ownUs),
    waitedUs: median(samples.charged.map(({ handlerUs }) => handlerUs ?? Number.NaN)),
    waitedRatio: median(
      samples.drawbridge.map(
        ({ ownUs }, round) => ownUs / (samples.charged[round]?.handlerUs ?? Number.NaN),
      ),
    ),
    target,
    othersShare: others(),
  };
};

const spread = ({ median: middle, spread: width }: Spread): string =>
  `${figure(middle)} ±${percent(width / 2)}`;

export const inFunctionReport = (result: InFunctionResult): string => {
  const { rounds, rows, ownRatio, cpuRatio, chargedRatio, othersShare } = result;
  const { waitedUs, waitedRatio } = result;
  return [
    '## In the function',
    `Microseconds of one warm \`tools/call\`, one at a time, from the event to the last byte of the answer; medians of ${rounds} ` +
      `interleaved rounds. The mcp function is its synthesized bundle, with the twin as its AWS; the bare handler is the SDK's ` +
      `over the same tool, with a Request in and a Response out: no key, no limits, no record. Between them stands the same handler after ` +
      `the one request that exact counting takes, a signed UpdateItem. Own is without the wait for ` +
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
    `Own: ${figure(ownRatio)} ×; target: ≤ ${result.target} ×: ${verdict(ownRatio <= result.target)}. CPU: ${figure(cpuRatio)} ×. The bare handler and the charge: ${figure(chargedRatio)} ×.`,
    `In a row the bare handler finds the processor's caches as it left them. After a wait for DynamoDB, in which other programs had ` +
      `them, the same handler takes ${figure(waitedUs)} µs: against that, ours is ${figure(waitedRatio)} ×.`,
    noise(othersShare),
  ].join('\n\n');
};
