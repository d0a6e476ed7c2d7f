import { availableParallelism } from 'node:os';
import { copyProofProject } from '../support/proof-project.ts';
import type { Row } from '../support/result.ts';
import type { Suite } from '../support/suite.ts';
import { startChaosRig, type ChaosRig } from './chaos-rig.ts';
import { awsEntries } from './entries/aws.ts';
import { clockEntries } from './entries/clocks.ts';
import { killEntry } from './entries/kills.ts';
import { sandboxEntries } from './entries/sandboxes.ts';
import { upstreamEntries } from './entries/upstreams.ts';
import type { ChaosEntry, Form, Observed } from './entry.ts';

export const rigEntries: readonly ChaosEntry<ChaosRig>[] = [
  ...awsEntries,
  ...upstreamEntries,
  ...sandboxEntries,
  ...clockEntries,
];

const failed = (error: unknown): Observed => ({
  calls: 0,
  results: 0,
  clearErrors: 0,
  slowestMs: 0,
  recoveredMs: undefined,
  problems: [String(error)],
});

const rowOf = (
  { fault, promise }: Pick<ChaosEntry<never>, 'fault' | 'promise'>,
  observed: Observed,
): Row => {
  const { calls, results, clearErrors, slowestMs, recoveredMs, problems } = observed;
  const recovered = recoveredMs === undefined ? 'NO' : `${recoveredMs} ms`;
  const cells = [fault, promise, calls, `${results}/${clearErrors}`, slowestMs, recovered];
  const ok = problems.length === 0 && recoveredMs !== undefined;
  const why = problems.join('; ').slice(0, 1_000);
  return { cells: cells.map(String), ok, ...(ok ? {} : { why }) };
};

export interface ChaosOptions {
  readonly form: Form;
  /** Of those entries only, whose id has this in it. */
  readonly only: string;
  /** Times that the twin is killed. */
  readonly rounds: number;
}

export const chaosSuite = ({ form, only, rounds }: ChaosOptions): Suite => ({
  name: 'chaos',
  run: async (say) => {
    const project = await copyProofProject();
    const rows: Row[] = [];
    const notes: string[] = [];
    let calls = 0;
    const run = async <G>(entry: ChaosEntry<G>, ground: G): Promise<void> => {
      const startedAt = performance.now();
      const observed = await entry.run(ground, form).catch(failed);
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const row = rowOf(entry, observed);
      rows.push(row);
      calls += observed.calls;
      if (observed.note !== undefined) notes.push(observed.note);
      say(
        `${row.ok ? 'ok  ' : 'FAIL'} ${entry.id} (${seconds} s) ${row.cells.slice(2).join(' ')} ${row.why ?? ''}`,
      );
    };
    try {
      const wanted = rigEntries.filter(({ id }) => id.includes(only));
      if (wanted.length > 0) {
        const rig = await startChaosRig(project.cdkOut);
        try {
          for (const entry of wanted) await run(entry, rig);
        } finally {
          await rig.close();
        }
      }
      if (killEntry.id.includes(only)) await run(killEntry, { cdkOut: project.cdkOut, rounds });
    } finally {
      project.remove();
    }
    return {
      title: 'Faults',
      about:
        'What clients see while a part that the road needs is broken, and after it is mended. Faults are real: proxies of sockets between the ' +
        'functions and DynamoDB, Secrets Manager, Lambda, the key set and the upstreams; SIGKILL; and clocks that are off. Each call must end ' +
        'in a right result or in an error with a code within 30 seconds of its own, whatever happens, and calls must succeed again ' +
        'when the fault is gone. Of the kills of the whole twin: no key or tenant is lost or twice there, every answered call has its audit ' +
        'record, and units that were granted are counted. Counted may be more than granted, by calls that were under way, and never less: a ' +
        'unit is written before the tool runs, so what a kill can lose is an answer that was paid for.',
      command: 'npm run chaos',
      versions: {},
      columns: ['fault', 'promise', 'calls', 'results/errors', 'slowest ms', 'recovered'],
      rows,
      summary: [
        `${calls} calls on ${availableParallelism()} cores; the twin was killed ${rounds} times.`,
        ...notes,
      ].join(' '),
    };
  },
});
