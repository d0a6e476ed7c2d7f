import * as z from 'zod';
import { suiteOptions, wholeNumber } from '../support/options.ts';
import { runAsCommand } from '../support/suite.ts';
import { soakSuite } from './suite.ts';

const whole = 30;

const { minutes } = suiteOptions({
  usage: `Usage: npm run soak -- [--minutes N]

  --minutes N   how long; from ${whole}, the default, on it stands in docs/proof.md
`,
  options: { minutes: { type: 'string', default: String(whole) } },
  schema: z.object({ minutes: wholeNumber(1) }),
});
await runAsCommand(soakSuite(minutes), { record: minutes >= whole });
