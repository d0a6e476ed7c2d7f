import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import * as z from 'zod';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { childEnvironment, sandboxFile, serverCommand } from '../../src/sandbox/server-command.ts';
import { StdioServer } from '../../src/sandbox/stdio-server.ts';
import { createHandler } from './handler.ts';

/** Set by the construct of the sandbox. */
const env = z
  .object({
    LAMBDA_TASK_ROOT: z.string().min(1),
    /** `log` shows what the server writes to its standard error, secrets and all. */
    SANDBOX_STDERR: z.enum(['count', 'log']).default('count'),
    SANDBOX_START_TIMEOUT_MS: z.coerce.number().int().positive().default(60_000),
  })
  .parse(process.env);

const file = sandboxFile.parse(
  JSON.parse(readFileSync(join(env.LAMBDA_TASK_ROOT, 'sandbox.json'), 'utf8')),
);

const log = createLog(toStandardOutput);

const surroundings = {
  path: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
  temporaryDirectory: tmpdir(),
};

export const handler = createHandler({
  server: new StdioServer({
    command: serverCommand(file, env.LAMBDA_TASK_ROOT, process.execPath),
    environment: (variables) => childEnvironment(variables, surroundings),
    startTimeoutMs: env.SANDBOX_START_TIMEOUT_MS,
    logsStderr: env.SANDBOX_STDERR === 'log',
    log,
    now: Date.now,
  }),
  log,
});
