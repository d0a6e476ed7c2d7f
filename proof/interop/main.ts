import { runAsCommand } from '../support/suite.ts';
import { interopSuite } from './suite.ts';

await runAsCommand(interopSuite, { record: true });
