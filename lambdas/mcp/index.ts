import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toolFactories } from 'drawbridge:tools';
import * as z from 'zod';
import { ArgsDigester } from '../../src/audit/args-digest.ts';
import { lineSink } from '../../src/audit/audit-record.ts';
import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { DocumentIndex } from '../../src/content/document-index.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import {
  createIamPrincipalResolver,
  type IamPrincipalResolver,
} from '../../src/principals/iam-principal.ts';
import { DynamoDbPrincipalReader } from '../../src/registry/dynamodb-principal-reader.ts';
import { registryEnv } from '../../src/registry/registry-env.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { createHandler } from './handler.ts';
import { createMcpEndpoint } from './mcp-endpoint.ts';

/** Set by `lib/stacks/gateway-stack.ts`. */
const env = registryEnv
  .extend({
    DRAWBRIDGE_ENV: z.string().min(1),
    DRAWBRIDGE_VERSION: z.string().min(1),
    AUDIT_DIGEST_SECRET_ARN: z.string().min(1),
    TOOL_TIMEOUT_MS: z.coerce.number().int().positive(),
    MAX_RESULT_BYTES: z.coerce.number().int().positive(),
    MAX_BODY_BYTES: z.coerce.number().int().positive(),
    ALLOWED_ORIGINS: z.string().transform((list) => list.split(' ').filter(Boolean)),
    LAMBDA_TASK_ROOT: z.string().min(1),
  })
  .parse(process.env);

const log = createLog(toStandardOutput);

let documents: Promise<DocumentIndex> | undefined;
const loadDocuments = async (): Promise<DocumentIndex> =>
  new DocumentIndex(
    JSON.parse(await readFile(join(env.LAMBDA_TASK_ROOT, 'content-index.json'), 'utf8')),
  );

const aws = awsEnv.parse(process.env);

/** Made by the first signed request: most containers never see one. */
let resolveIam: IamPrincipalResolver | undefined;
const iamResolver = (): IamPrincipalResolver => {
  const dynamodb = createAwsCall(aws, 'dynamodb');
  const records = new DynamoDbPrincipalReader({
    getItem: (input) => dynamodb('GetItem', input),
    tableName: env.REGISTRY_TABLE_NAME,
  });
  return createIamPrincipalResolver({ records, now: Date.now });
};

const readDigestSecret = secretReader(
  createAwsCall(aws, 'secretsmanager'),
  env.AUDIT_DIGEST_SECRET_ARN,
);

const gateway = new Gateway({
  tools: toolFactories.map((create) =>
    create({ documents: () => (documents ??= loadDocuments()) }),
  ),
  toolTimeoutMs: env.TOOL_TIMEOUT_MS,
  maxResultBytes: env.MAX_RESULT_BYTES,
  log,
});

export const handler = createHandler({
  endpoint: createMcpEndpoint({
    gateway,
    log,
    version: env.DRAWBRIDGE_VERSION,
    instructions: 'Find documents with search; read one with fetch, by the id that search gave.',
  }),
  iamPrincipal: (userArn) => (resolveIam ??= iamResolver())(userArn),
  gateway,
  version: env.DRAWBRIDGE_VERSION,
  env: env.DRAWBRIDGE_ENV,
  sink: lineSink(toStandardOutput),
  digester: new ArgsDigester(readDigestSecret),
  log,
  allowedOrigins: env.ALLOWED_ORIGINS,
  maxBodyBytes: env.MAX_BODY_BYTES,
  now: Date.now,
});
