import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import type { FunctionDefinition } from '../local/lambda/function-service.ts';
import { Invocation } from '../local/lambda/invocation.ts';
import { OrphanReaper } from '../local/orphan-reaper.ts';
import { Sandbox } from '../local/lambda/sandbox.ts';
import { MemoryLogSink } from '../local/log/memory-log-sink.ts';
import { watchOthers } from './cpu.ts';
import { median } from './statistics.ts';

/** One function, started the way the twin starts it. */
export interface ColdStartCase {
  readonly name: string;
  /** `codeDirectory` may be any directory with the function's files in it. */
  readonly definition: FunctionDefinition;
  /** The first event. */
  readonly event: Buffer;
  /** Whether the first answer is what the function should give. */
  readonly isRight: (answer: string) => boolean;
  /** Upper bound for ready / bare. */
  readonly readyTarget?: number;
}

export interface ColdStartSample {
  /** Spawn to the first GET invocation/next. */
  readonly readyMs: number;
  /** Spawn to the end of the first answer: ready, and the first invocation. */
  readonly firstAnswerMs: number;
}

export interface ColdStartRow {
  readonly name: string;
  readonly readyMs: number;
  readonly readyMsLowest: number;
  /** Of the medians: ready / bare. */
  readonly readyRatio: number;
  readonly readyTarget?: number;
  readonly firstAnswerMs: number;
  readonly firstAnswerRatio: number;
}

export interface ColdStartResult {
  readonly rounds: number;
  /** `node -e 0`, spawn to exit. */
  readonly bareMs: number;
  readonly bareMsLowest: number;
  readonly rows: readonly ColdStartRow[];
  /** Of the machine, what other programs took meanwhile. */
  readonly othersShare: number | undefined;
}

export interface ColdStartOptions {
  readonly cases: readonly ColdStartCase[];
  /** Where the functions' AWS calls go, and with which credentials. */
  readonly awsEnvironment: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

/**
 * Starts one sandbox of the twin (its preload, its RIC, its Runtime API), gives it one event and ends it.
 * @throws Error when the function does not start, or its answer is not right.
 */
export const measureColdStart = async (
  { name, definition, event, isRight }: ColdStartCase,
  awsEnvironment: Readonly<Record<string, string>>,
  reaper: OrphanReaper,
): Promise<ColdStartSample> => {
  const log = new MemoryLogSink();
  const invocation = new Invocation(event, undefined, () => undefined);
  const idle = Promise.withResolvers<void>();
  const startedAt = performance.now();
  const sandbox = new Sandbox(
    {
      definition,
      awsEnvironment,
      log,
      reaper,
      makeTemporaryDirectory: () => mkdtempSync(join(tmpdir(), 'cold-start-')),
    },
    {
      onIdle: () => idle.resolve(),
      onInitFailure: (_, fail) => {
        fail(invocation);
        idle.resolve();
      },
      onTimeout: () => undefined,
      onExit: () => undefined,
    },
  );
  try {
    await idle.promise;
    const readyMs = sandbox.initMs;
    if (readyMs !== undefined) sandbox.invoke(invocation);
    const outcome = await invocation.outcome;
    const answer =
      outcome.kind === 'stream'
        ? await text(outcome.body)
        : outcome.kind === 'payload'
          ? outcome.payload.toString('utf8')
          : undefined;
    const firstAnswerMs = performance.now() - startedAt;
    if (readyMs === undefined || answer === undefined || !isRight(answer)) {
      const lines = log.lines(definition.logGroupName).join('\n');
      throw new Error(
        `${name} did not answer as it should: ${answer?.slice(0, 500) ?? outcome.kind}\n${lines}`,
      );
    }
    return { readyMs, firstAnswerMs };
  } finally {
    sandbox.kill();
    await sandbox.exited;
  }
};

const measureBare = async (): Promise<number> => {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore', env: {} });
  await once(child, 'exit');
  return performance.now() - startedAt;
};

/** Each round starts a bare Node and every case once; a first round, which fills the file cache, does not count. */
export const measureColdStarts = async (options: ColdStartOptions): Promise<ColdStartResult> => {
  const { cases, awsEnvironment, rounds, say } = options;
  const others = watchOthers();
  const reaper = new OrphanReaper();
  const bare: number[] = [];
  const samples = new Map<string, ColdStartSample[]>(cases.map(({ name }) => [name, []]));
  try {
    for (let round = 0; round <= rounds; round++) {
      const bareMs = await measureBare();
      if (round > 0) bare.push(bareMs);
      for (const one of cases) {
        const sample = await measureColdStart(one, awsEnvironment, reaper);
        if (round > 0) samples.get(one.name)?.push(sample);
      }
      if (round > 0 && round % 5 === 0) say(`cold starts: round ${round}/${rounds}`);
    }
  } finally {
    reaper.close();
  }
  const othersShare = others();
  const bareMs = median(bare);
  return {
    rounds,
    bareMs,
    bareMsLowest: Math.min(...bare),
    othersShare,
    rows: cases.map(({ name, readyTarget }) => {
      const own = samples.get(name) ?? [];
      const ready = own.map((sample) => sample.readyMs);
      const firstAnswerMs = median(own.map((sample) => sample.firstAnswerMs));
      return {
        name,
        readyMs: median(ready),
        readyMsLowest: Math.min(...ready),
        readyRatio: median(ready) / bareMs,
        ...(readyTarget === undefined ? {} : { readyTarget }),
        firstAnswerMs,
        firstAnswerRatio: firstAnswerMs / bareMs,
      };
    }),
  };
};
