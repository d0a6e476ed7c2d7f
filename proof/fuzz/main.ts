import * as z from 'zod';
import { suiteOptions, wholeNumber } from '../support/options.ts';
import { runAsCommand } from '../support/suite.ts';
import { fuzzSuite } from './suite.ts';

const wholeSeconds = 120;

const { seconds, seed = Date.now() % 2 ** 31 } = suiteOptions({
  usage: `Usage: npm run fuzz -- [--seconds N] [--seed N]

  --seconds N   how long; from ${wholeSeconds}, the default, on it stands in docs/proof.md
  --seed N      the seed that a failing run printed
`,
  options: {
    seconds: { type: 'string', default: String(wholeSeconds) },
    seed: { type: 'string' },
  },
  schema: z.object({ seconds: wholeNumber(1), seed: wholeNumber(0).optional() }),
});
await runAsCommand(fuzzSuite({ seconds, seed }), { record: seconds >= wholeSeconds });
