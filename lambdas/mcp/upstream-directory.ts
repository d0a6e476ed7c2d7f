import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import type { AwsCall } from '../../src/aws/aws-client.ts';
import type { Log } from '../../src/log/log.ts';
import { DynamoDbUpstreamReader } from '../../src/registry/dynamodb-upstream-reader.ts';
import type { UpstreamDirectory } from '../../src/upstreams/directory.ts';
import { LiveDirectory } from '../../src/upstreams/live-directory.ts';
import { pinLock } from '../../src/upstreams/pin-lock.ts';
import { upstreamSpec } from '../../src/upstreams/upstream-spec.ts';

export interface UpstreamDirectoryOptions {
  /** Where the function's own files are. */
  readonly taskRoot: string;
  readonly dynamodb: AwsCall;
  readonly tableName: string;
  readonly log: Log;
}

/**
 * The upstreams that this function was deployed with, and the live ones. A file of its own, loaded when somebody wants to
 * know: a call of one of our own tools does not.
 *
 * @throws Error when the files beside the bundle are not what the build wrote.
 */
export const openDirectory = async ({
  taskRoot,
  dynamodb,
  tableName,
  log,
}: UpstreamDirectoryOptions): Promise<UpstreamDirectory> => {
  const read = async (name: string): Promise<unknown> =>
    JSON.parse(await readFile(join(taskRoot, name), 'utf8'));
  const [specs, lock] = await Promise.all([read('upstreams.json'), read('mcp.lock.json')]);
  return new LiveDirectory({
    deployed: z.array(upstreamSpec).parse(specs),
    lock: pinLock.parse(lock),
    records: new DynamoDbUpstreamReader({
      query: (input) => dynamodb('Query', input),
      tableName,
      onMalformed: (error) => log.error('upstreams.malformed', error),
    }),
    log,
    now: Date.now,
  });
};
