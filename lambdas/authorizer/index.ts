import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import * as z from 'zod';
import { boundedClient } from '../../src/aws/client-limits.ts';
import { PepperSource } from '../../src/credentials/pepper-source.ts';
import { createApiKeyVerifier } from '../../src/credentials/verify-api-key.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { DynamoDbKeyReader } from '../../src/registry/dynamodb-key-reader.ts';
import { registryEnv } from '../../src/registry/registry-env.ts';
import { createHandler } from './handler.ts';

const env = registryEnv.extend({ PEPPER_SECRET_ARN: z.string().min(1) }).parse(process.env);
const now = Date.now;
const secrets = new SecretsManagerClient(boundedClient);

const readPepper = async (): Promise<string> => {
  const command = new GetSecretValueCommand({ SecretId: env.PEPPER_SECRET_ARN });
  const { SecretString } = await secrets.send(command);
  if (SecretString === undefined) throw new Error('the pepper secret has no string value');
  return SecretString;
};

export const handler = createHandler({
  verifyApiKey: createApiKeyVerifier({
    keys: new DynamoDbKeyReader({
      client: new DynamoDBClient(boundedClient),
      tableName: env.REGISTRY_TABLE_NAME,
    }),
    peppers: new PepperSource(readPepper, now),
    now,
  }),
  log: createLog(toStandardOutput),
});
