import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { bundleFunction } from '../build/bundle-functions.ts';
import type { CreateDecider } from '../src/policy/cedar-decider.ts';
import { defaultPolicies } from '../src/policy/default-policies.ts';
import type { PolicyCaller, PolicyTool } from '../src/policy/policy-decider.ts';
import { watchOthers } from './cpu.ts';
import { median, percentile, spreadOf, type Spread } from './statistics.ts';
import { figure, noise, percent, table, verdict } from './table.ts';

const policyCount = 100;
const toolCount = 200;
const listTargetUs = 20_000;
const callTargetUs = 1_000;

export interface PolicyRow {
  readonly name: string;
  /** Of one operation, in microseconds. */
  readonly p50Us: Spread;
  readonly p99Us: number;
  readonly targetUs?: number;
}

export interface PolicyResult {
  readonly rounds: number;
  readonly rows: readonly PolicyRow[];
  readonly cold: {
    /** Of the file, WebAssembly included. */
    readonly loadMs: number;
    /** A tenant's policies, from text to what can be evaluated. */
    readonly compileMs: number;
    readonly firstCallMs: number;
    readonly firstListMs: number;
  };
  readonly othersShare: number | undefined;
}

/** A hundred policies of the kinds that people write, none of which leaves a list empty. */
const policyText = (): string => {
  const kinds: readonly ((at: number) => string)[] = [
    (at) =>
      `forbid (principal, action, resource == Drawbridge::Tool::"s${at % 10}_tool${at}") when { context.args has limit && context.args.limit > ${at} };`,
    (at) =>
      `permit (principal in Drawbridge::Role::"readonly", action, resource in Drawbridge::Server::"s${at % 10}") when { resource.idempotent };`,
    (at) =>
      `forbid (principal, action, resource) when { resource.name like "*_secret${at}*" && context.lane != "iam" };`,
    (at) =>
      `forbid (principal in Drawbridge::Role::"readonly", action, resource) unless { context.source.isInRange(ip("10.${at}.0.0/16")) };`,
    (at) =>
      `forbid (principal, action, resource) when { resource.destructive && principal.plan == "plan${at}" && context.args has force && context.args.force };`,
  ];
  return Array.from({ length: policyCount }, (_, at) => kinds[at % kinds.length]?.(at)).join('\n');
};

const tools: readonly PolicyTool[] = Array.from({ length: toolCount }, (_, at) => ({
  name: `s${at % 10}_tool${at}`,
  server: `s${at % 10}`,
  readOnly: at % 2 === 0,
  destructive: at % 3 === 0,
  idempotent: at % 5 === 0,
  openWorld: true,
}));

const callerOf = (subject: string): PolicyCaller => ({
  principal: { tenant: 'bench', subject, role: 'user', lane: 'key', plan: 'premium' },
  sourceIp: '192.0.2.7',
});

const open = (file: string): CreateDecider => {
  const { openCedar } = createRequire(import.meta.url)(file) as { openCedar: () => CreateDecider };
  return openCedar();
};

const timesOf = (operations: number, run: (at: number) => void): readonly number[] =>
  Array.from({ length: operations }, (_, at) => {
    const start = performance.now();
    run(at);
    return (performance.now() - start) * 1000;
  });

const coldTimes = z.object({
  loadMs: z.number(),
  compileMs: z.number(),
  firstCallMs: z.number(),
  firstListMs: z.number(),
});

/** What a new process does, until it has answered once. */
const coldScript = `
const { file, base, text, caller, tools } = JSON.parse(require('node:fs').readFileSync(0, 'utf8'));
let last = performance.now();
const lap = () => -last + (last = performance.now());
const create = require(file).openCedar();
const loadMs = lap();
const decider = create(base, { tenant: 'bench', text });
const compileMs = lap();
if (decider.decide(caller, tools[0], { limit: 0 }).kind !== 'allow') throw new Error('denied');
const firstCallMs = lap();
if (decider.listable(caller, tools).size !== tools.length) throw new Error('not all are listed');
const firstListMs = lap();
process.stdout.write(JSON.stringify({ loadMs, compileMs, firstCallMs, firstListMs }));
`;

const measureCold = (file: string, text: string): z.infer<typeof coldTimes> => {
  const input = JSON.stringify({ file, base: defaultPolicies, text, caller: callerOf('x'), tools });
  const output = execFileSync(process.execPath, ['-e', coldScript], { input, encoding: 'utf8' });
  return coldTimes.parse(JSON.parse(output));
};

export interface PolicyOptions {
  /** Where `cedar.cjs` is. */
  readonly codeDirectory: string;
  readonly rounds: number;
  readonly share: number;
  readonly say: (line: string) => void;
}

/** Each round measures every case, one operation at a time; a first round, which warms up, does not count. */
export const measurePolicy = ({
  codeDirectory,
  rounds,
  share,
  say,
}: PolicyOptions): PolicyResult => {
  const others = watchOthers();
  const file = join(codeDirectory, 'cedar.cjs');
  const text = policyText();
  const decider = open(file)(defaultPolicies, { tenant: 'bench', text });
  const [first, limited] = [tools[1], tools[5]] as [PolicyTool, PolicyTool];
  const caller = callerOf('key:caller');
  const expect = (isRight: boolean): void => {
    if (!isRight) throw new Error('A policy was decided wrongly.');
  };
  let subjects = 0;
  const cases = [
    {
      name: 'list, not kept',
      operations: 60,
      targetUs: listTargetUs,
      run: () => expect(decider.listable(callerOf(`key:${subjects++}`), tools).size === toolCount),
    },
    {
      name: 'list, kept',
      operations: 5_000,
      targetUs: listTargetUs,
      run: () => expect(decider.listable(caller, tools).size === toolCount),
    },
    {
      name: 'call, allowed',
      operations: 500,
      targetUs: callTargetUs,
      run: (at: number) => expect(decider.decide(caller, first, { limit: at }).kind === 'allow'),
    },
    {
      name: 'call, denied by an argument',
      operations: 500,
      targetUs: callTargetUs,
      run: (at: number) =>
        expect(decider.decide(caller, limited, { limit: 100 + at }).kind === 'deny-arguments'),
    },
  ] as const;
  const samples = new Map<string, { p50: number[]; p99: number[] }>(
    cases.map(({ name }) => [name, { p50: [], p99: [] }]),
  );
  const cold: z.infer<typeof coldTimes>[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    for (const { name, operations, run } of cases) {
      const times = timesOf(Math.ceil(operations * share), run);
      if (round === 0) continue;
      samples.get(name)?.p50.push(percentile(times, 0.5));
      samples.get(name)?.p99.push(percentile(times, 0.99));
    }
    if (round > 0) cold.push(measureCold(file, text));
    if (round > 0) say(`policies: round ${round}/${rounds}`);
  }
  const coldOf = (key: keyof z.infer<typeof coldTimes>) => median(cold.map((one) => one[key]));
  return {
    rounds,
    rows: cases.map(({ name, targetUs }) => ({
      name,
      p50Us: spreadOf(samples.get(name)?.p50 ?? []),
      p99Us: median(samples.get(name)?.p99 ?? []),
      targetUs,
    })),
    cold: {
      loadMs: coldOf('loadMs'),
      compileMs: coldOf('compileMs'),
      firstCallMs: coldOf('firstCallMs'),
      firstListMs: coldOf('firstListMs'),
    },
    othersShare: others(),
  };
};

export const policyReport = ({ rounds, rows, cold, othersShare }: PolicyResult): string =>
  [
    '## Policies',
    `${policyCount} policies of a tenant beside the shipped ones, ${toolCount} tools; microseconds of one warm operation, medians ` +
      `of ${rounds} rounds, and half the distance of the extremes. \`cedar.cjs\` is as synthesized. A list is kept for each caller.`,
    table(
      ['', 'p50 µs', 'p99 µs', 'target', ''],
      rows.map(({ name, p50Us, p99Us, targetUs }) => [
        name,
        `${figure(p50Us.median)} ±${percent(p50Us.spread / 2)}`,
        figure(p99Us),
        targetUs === undefined ? '' : `≤ ${figure(targetUs)}`,
        targetUs === undefined ? '' : verdict(p50Us.median <= targetUs),
      ]),
    ),
    `In a new process, once: loading Cedar ${figure(cold.loadMs)} ms; then for each version of a tenant's policies, compiling ` +
      `${figure(cold.compileMs)} ms, the first call ${figure(cold.firstCallMs)} ms, the first list ${figure(cold.firstListMs)} ms. ` +
      `A deployment with the shipped policies and tenants without their own loads none of it.`,
    noise(othersShare),
  ].join('\n\n');

/** Alone: `node scripts/run.mjs bench/policy.ts`. */
if (process.argv[1] === import.meta.filename) {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bench-policy-'));
  try {
    await bundleFunction(dirname(import.meta.dirname), 'mcp', directory);
    const say = (line: string): void => void process.stdout.write(`${line}\n`);
    say(policyReport(measurePolicy({ codeDirectory: directory, rounds: 5, share: 1, say })));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
