import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { createInvokeFunction } from '../../src/aws/invoke-function.ts';
import { invokedServer } from '../../src/handshake/invoked-server.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { createHandler } from './handler.ts';

/** Set by `lib/constructs/live-alias.ts`. */
const env = z
  .object({
    NEW_VERSION_ARN: z.string().min(1),
    HANDSHAKE_PLAN: z.string().min(1),
    PER_TENANT: z.enum(['true', 'false']).transform((text) => text === 'true'),
  })
  .parse(process.env);

const aws = awsEnv.parse(process.env);
const invoke = createInvokeFunction(aws);

export const handler = createHandler({
  serverFor: (signal) =>
    invokedServer({
      invoke,
      functionArn: env.NEW_VERSION_ARN,
      plan: env.HANDSHAKE_PLAN,
      perTenant: env.PER_TENANT,
      newRequestId: randomUUID,
      signal,
    }),
  codeDeploy: createAwsCall(aws, 'codedeploy', {
    attempts: 3,
    timeoutMs: 5_000,
    maxResponseBytes: 100_000,
  }),
  log: createLog(toStandardOutput),
});
