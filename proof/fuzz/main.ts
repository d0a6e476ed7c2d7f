import { parseArgs } from 'node:util';
import { runAsCommand } from '../support/suite.ts';
import { fuzzSuite } from './suite.ts';

const defaultSeconds = 120;

const { values } = parseArgs({
  options: { seconds: { type: 'string' }, seed: { type: 'string' } },
});
const seconds = Number(values.seconds ?? defaultSeconds);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!(seconds > 0) || !Number.isSafeInteger(seed)) {
  throw new Error('--seconds is a number above 0, and --seed a whole number');
}
await runAsCommand(fuzzSuite({ seconds, seed }), { record: seconds >= defaultSeconds });
