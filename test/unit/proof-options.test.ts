import { expect, it } from 'vitest';
import * as z from 'zod';
import { parseSuiteOptions, UsageError, wholeNumber } from '../../proof/support/options.ts';

const command = {
  usage: 'Usage: …\n',
  options: { minutes: { type: 'string', default: '30' } },
  schema: z.object({ minutes: wholeNumber(1) }),
} as const;

it('reads what is given, and fills in what is not', () => {
  expect(parseSuiteOptions(command, [])).toEqual({ minutes: 30 });
  expect(parseSuiteOptions(command, ['--minutes', '5'])).toEqual({ minutes: 5 });
  expect(parseSuiteOptions(command, ['-h'])).toBe('help');
});

it.each([
  [['--minutes', 'abc'], '--minutes abc: give a whole number'],
  [['--minutes', '0'], '--minutes 0: give at least 1'],
  [['--minutes', '1e3'], '--minutes 1e3: give a whole number'],
  [['--minutes'], "Option '--minutes <value>' argument missing"],
  [['--hours', '1'], "Unknown option '--hours'"],
  [['5'], "Unexpected argument '5'"],
])('refuses %j, by name', (args, message) => {
  const parse = () => parseSuiteOptions(command, args);
  expect(parse).toThrow(UsageError);
  expect(parse).toThrow(message);
});
