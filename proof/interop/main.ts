import * as z from 'zod';
import { suiteOptions } from '../support/options.ts';
import { runAsCommand } from '../support/suite.ts';
import { interopSuite } from './suite.ts';

suiteOptions({
  usage: 'Usage: npm run interop\n\nIt installs the clients once (266 MB), and is always whole.\n',
  options: {},
  schema: z.strictObject({}),
});
await runAsCommand(interopSuite, { record: true });
