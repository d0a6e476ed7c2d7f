import { errorMessageString } from './context-variables.ts';
import type { Exchange } from './exchange.ts';
import { compileLogFormat } from './text-template.ts';

const NEEDS_ESCAPE = /["\\\p{Cc}]/u;

/** Values come from clients too: they are escaped so that they stay within a JSON string, and within one line. */
const escape = (value: string): string =>
  NEEDS_ESCAPE.test(value) ? JSON.stringify(value).slice(1, -1) : value;

/**
 * A stage's access log format as a function from a finished request to its line. A variable without a value is `-`
 * ("Set up CloudWatch API logging").
 * @throws Error naming a variable that the twin does not know.
 */
export const compileAccessLog = (format: string): ((exchange: Exchange) => string) => {
  const pieces = compileLogFormat(format);
  return (exchange) => {
    let line = '';
    for (const piece of pieces) {
      if (typeof piece === 'string') {
        line += piece;
        continue;
      }
      const value = piece(exchange);
      if (value === undefined || value === '') line += '-';
      else line += piece === errorMessageString ? value : escape(String(value));
    }
    return line;
  };
};
