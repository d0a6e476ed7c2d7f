import * as z from 'zod';
import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { PepperSource } from '../../src/credentials/pepper-source.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import { createApiKeyVerifier } from '../../src/credentials/verify-api-key.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { DynamoDbKeyReader } from '../../src/registry/dynamodb-key-reader.ts';
import { registryEnv } from '../../src/registry/registry-env.ts';
import { createHandler } from './handler.ts';

/** Set by `lib/stacks/gateway-stack.ts`. */
const ownEnv = z.object({ PEPPER_SECRET_ARN: z.string().min(1) });

const aws = awsEnv.parse(process.env);
const { REGISTRY_TABLE_NAME, PEPPER_SECRET_ARN } = registryEnv
  .extend(ownEnv.shape)
  .parse(process.env);
const dynamodb = createAwsCall(aws, 'dynamodb');
const now = Date.now;

export const handler = createHandler({
  verifyApiKey: createApiKeyVerifier({
    keys: new DynamoDbKeyReader({
      getItem: (input) => dynamodb('GetItem', input),
      tableName: REGISTRY_TABLE_NAME,
    }),
    peppers: new PepperSource(
      secretReader(createAwsCall(aws, 'secretsmanager'), PEPPER_SECRET_ARN),
      now,
    ),
    now,
  }),
  log: createLog(toStandardOutput),
});
