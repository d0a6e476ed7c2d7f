import * as z from 'zod';
import { suiteOptions, wholeNumber } from '../support/options.ts';
import { runAsCommand } from '../support/suite.ts';
import { chaosSuite } from './suite.ts';

const wholeRounds = 20;

const { only, rounds, short } = suiteOptions({
  usage: `Usage: npm run chaos -- [--only TEXT] [--rounds N] [--short]

  --only TEXT   entries whose id has TEXT in it
  --rounds N    how often the twin is killed under load. Default ${wholeRounds}
  --short       the entries that npm test runs
`,
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: String(wholeRounds) },
    short: { type: 'boolean', default: false },
  },
  schema: z.object({ only: z.string(), rounds: wholeNumber(1), short: z.boolean() }),
});
const record = only === '' && !short && rounds >= wholeRounds;
await runAsCommand(chaosSuite({ form: short ? 'short' : 'long', only, rounds }), { record });
