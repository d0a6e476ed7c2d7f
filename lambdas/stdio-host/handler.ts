import { Readable } from 'node:stream';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import type { Context } from 'aws-lambda';
import type { Log } from '../../src/log/log.ts';
import type { StdioServer } from '../../src/sandbox/stdio-server.ts';
import { sandboxCall, type SandboxLine } from '../../src/upstreams/sandbox-protocol.ts';

export interface StdioHostDeps {
  readonly server: Pick<StdioServer, 'serve'>;
  readonly log: Log;
}

/** Left of the function's time when a call is given up, so that its caller still hears of it. */
const spareMs = 1_000;

/** Answers one call of the mcp function: lines of JSON, as they come (`sandboxLine`). */
export const createHandler = ({ server, log }: StdioHostDeps) => {
  const serve = async (event: unknown, context: Context): Promise<Readable> => {
    const call = sandboxCall.parse(event);
    const timeoutMs = Math.max(
      1,
      Math.min(call.timeoutMs, context.getRemainingTimeInMillis() - spareMs),
    );
    const lines = new Readable({ read: () => undefined });
    const emit = (line: SandboxLine) => {
      // Nobody reads any more: what the server still says is dropped.
      if (!lines.destroyed) lines.push(`${JSON.stringify(line)}\n`);
    };
    server.serve({ ...call, timeoutMs }, emit).then(
      () => lines.push(null),
      (error: unknown) => {
        log.error('sandbox.failed', error, { requestId: call.requestId });
        lines.destroy(error as Error);
      },
    );
    return lines;
  };

  return middy(serve, { executionMode: executionModeStreamifyResponse });
};
