import { parseArgs } from 'node:util';
import { runAsCommand } from '../support/suite.ts';
import { soakSuite } from './suite.ts';

const whole = 30;
const { values } = parseArgs({ options: { minutes: { type: 'string', default: String(whole) } } });
const minutes = Number(values.minutes);
if (!(minutes > 0)) throw new Error(`--minutes ${values.minutes}: give a number above 0`);
await runAsCommand(soakSuite(minutes), { record: minutes >= whole });
