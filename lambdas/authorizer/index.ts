import * as z from 'zod';
import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { PepperSource } from '../../src/credentials/pepper-source.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import type { AccessTokenVerifier } from '../../src/credentials/verify-access-token.ts';
import { createApiKeyVerifier } from '../../src/credentials/verify-api-key.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { countColdStart, openMetrics } from '../../src/metrics/metrics-env.ts';
import { DynamoDbKeyReader, type KeyTable } from '../../src/registry/dynamodb-key-reader.ts';
import { registryEnv } from '../../src/registry/registry-env.ts';
import { createHandler } from './handler.ts';

/** Set by `lib/stacks/gateway-stack.ts`. TOKEN_ISSUERS is read in `access-tokens.ts`. */
const ownEnv = z.object({
  PEPPER_SECRET_ARN: z.string().min(1),
  TOKEN_ISSUERS: z.string().min(1).optional(),
});

const aws = awsEnv.parse(process.env);
const { REGISTRY_TABLE_NAME, PEPPER_SECRET_ARN, TOKEN_ISSUERS } = registryEnv
  .extend(ownEnv.shape)
  .parse(process.env);
const dynamodb = createAwsCall(aws, 'dynamodb');
const table: KeyTable = {
  getItem: (input) => dynamodb('GetItem', input),
  tableName: REGISTRY_TABLE_NAME,
};
const now = Date.now;
const metrics = openMetrics(process.env, toStandardOutput, now);
countColdStart(metrics, 'authorizer', process.env);

let verifier: Promise<AccessTokenVerifier> | undefined;
const verifyAccessToken: AccessTokenVerifier = async (token) => {
  verifier ??= import('./access-tokens.ts').then(({ createVerifier }) =>
    createVerifier(process.env, table),
  );
  return (await verifier)(token);
};

export const handler = createHandler({
  verifyApiKey: createApiKeyVerifier({
    keys: new DynamoDbKeyReader(table),
    peppers: new PepperSource(
      secretReader(createAwsCall(aws, 'secretsmanager'), PEPPER_SECRET_ARN),
      now,
    ),
    now,
  }),
  verifyAccessToken: TOKEN_ISSUERS === undefined ? undefined : verifyAccessToken,
  log: createLog(toStandardOutput),
  metrics,
});
