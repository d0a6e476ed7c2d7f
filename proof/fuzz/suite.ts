import { join } from 'node:path';
import { projectDirectory } from '../support/project-copy.ts';
import { versionOf, type Suite } from '../support/suite.ts';
import { targets } from './targets.ts';

export interface FuzzOptions {
  /** Of all targets together. */
  readonly seconds: number;
  readonly seed: number;
}

export const fuzzSuite = ({ seconds, seed }: FuzzOptions): Suite => ({
  name: 'fuzz',
  run: async (say) => {
    const timeMs = (seconds * 1_000) / targets.length;
    const rows = [];
    let runs = 0;
    for (const target of targets) {
      const outcome = await target.run({ seed, timeMs });
      runs += outcome.runs;
      const ok = outcome.why === undefined;
      say(`${target.name}  ${ok ? 'holds' : outcome.why}  ${outcome.runs} runs`);
      rows.push({
        cells: [target.name, target.property, String(outcome.runs), ok ? 'holds' : 'does not hold'],
        ok,
        ...(outcome.why === undefined ? {} : { why: outcome.why }),
      });
    }
    return {
      title: 'Fuzzing',
      about:
        'Random inputs for every parser and boundary, by fast-check. A property says what must hold for all of them: what was written is read back, a second implementation agrees, nothing is thrown but the documented error, and nothing is left on `Object.prototype`. Inputs of `proof/fuzz/corpus`, which once failed or are worth it, run first.',
      command: 'npm run fuzz',
      versions: {
        'fast-check': versionOf(join(projectDirectory, 'node_modules', 'fast-check')),
        aws4: versionOf(join(projectDirectory, 'node_modules', 'aws4')),
      },
      columns: ['target', 'what holds', 'runs', 'outcome'],
      rows,
      summary: `${runs} runs of ${targets.length} properties in ${seconds} s, with seed ${seed}.`,
    };
  },
});
