import * as z from 'zod';
import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { createJwksFetch } from '../../src/credentials/jwt-keys-fetch.ts';
import { PepperSource } from '../../src/credentials/pepper-source.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import { tokenIssuersEnv } from '../../src/credentials/token-issuers.ts';
import { createAccessTokenVerifier } from '../../src/credentials/verify-access-token.ts';
import { createApiKeyVerifier } from '../../src/credentials/verify-api-key.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { DynamoDbKeyReader, type KeyTable } from '../../src/registry/dynamodb-key-reader.ts';
import { DynamoDbPrincipalReader } from '../../src/registry/dynamodb-principal-reader.ts';
import { registryEnv } from '../../src/registry/registry-env.ts';
import { createHandler } from './handler.ts';

/** Set by `lib/stacks/gateway-stack.ts`. */
const ownEnv = z.object({ PEPPER_SECRET_ARN: z.string().min(1) });

const aws = awsEnv.parse(process.env);
const { REGISTRY_TABLE_NAME, PEPPER_SECRET_ARN, TOKEN_ISSUERS } = registryEnv
  .extend({ ...ownEnv.shape, ...tokenIssuersEnv.shape })
  .parse(process.env);
const dynamodb = createAwsCall(aws, 'dynamodb');
const table: KeyTable = {
  getItem: (input) => dynamodb('GetItem', input),
  tableName: REGISTRY_TABLE_NAME,
};
const now = Date.now;

const verifyAccessToken = createAccessTokenVerifier({
  issuers: TOKEN_ISSUERS,
  tenants: new DynamoDbPrincipalReader(table),
  fetchJwks: createJwksFetch(),
  now,
});

export const handler = createHandler({
  verifyApiKey: createApiKeyVerifier({
    keys: new DynamoDbKeyReader(table),
    peppers: new PepperSource(
      secretReader(createAwsCall(aws, 'secretsmanager'), PEPPER_SECRET_ARN),
      now,
    ),
    now,
  }),
  verifyAccessToken: TOKEN_ISSUERS.length === 0 ? undefined : verifyAccessToken,
  log: createLog(toStandardOutput),
});
