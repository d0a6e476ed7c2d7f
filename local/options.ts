import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import { fail, say } from './terminal.ts';

const defaultPort = 7400;

const usage = `Usage: npm start -- [--port N] [--reset] [--state DIR]

  --port N   where to listen; also by PORT. Default ${defaultPort}; 0 takes a free one
  --reset    drop all state first: tenants, keys, secrets, logs
  --state D  keep state in D. Default .drawbridge
`;

const port = z.coerce.number().int().min(0).max(65_535);

export interface Options {
  readonly port: number;
  readonly reset: boolean;
  readonly stateDirectory: string;
}

/** @param projectDirectory - below which the state is, when nothing else is said. */
export const readOptions = (projectDirectory: string): Options => {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string' },
        reset: { type: 'boolean', default: false },
        state: { type: 'string', default: join(projectDirectory, '.drawbridge') },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (values.help) {
      say(usage);
      process.exit(0);
    }
    const wanted = values.port ?? process.env['PORT'] ?? String(defaultPort);
    const parsed = port.safeParse(wanted === '' ? Number.NaN : wanted);
    if (!parsed.success)
      return fail(`"${wanted}" is not a port: give a number from 0 to 65535.`, 2);
    return { port: parsed.data, reset: values.reset, stateDirectory: resolve(values.state) };
  } catch (error) {
    return fail(`${(error as Error).message}\n\n${usage}`, 2);
  }
};
