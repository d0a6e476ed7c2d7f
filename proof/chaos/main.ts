import { parseArgs } from 'node:util';
import { runAsCommand } from '../support/suite.ts';
import { chaosSuite } from './suite.ts';

const { values } = parseArgs({
  options: {
    /** Of those entries only, whose id has this in it. */
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '20' },
    short: { type: 'boolean', default: false },
  },
});

const rounds = Number(values.rounds);
const record = values.only === '' && !values.short && rounds >= 20;
const form = values.short ? 'short' : 'long';
await runAsCommand(chaosSuite({ form, only: values.only, rounds }), { record });
