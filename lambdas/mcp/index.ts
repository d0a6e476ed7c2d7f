import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toolFactories } from 'drawbridge:tools';
import * as z from 'zod';
import { ArgsDigester } from '../../src/audit/args-digest.ts';
import { ChainedSink } from '../../src/audit/audit-chain.ts';
import { AuditKey } from '../../src/audit/audit-key.ts';
import { awsEnv, countingLimits, createAwsCall } from '../../src/aws/aws-client.ts';
import { DocumentIndex } from '../../src/content/document-index.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import { Admission } from '../../src/gateway/admission.ts';
import { Forwarding } from '../../src/gateway/forwarding.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { Pins } from '../../src/gateway/pinned.ts';
import {
  createIamPrincipalResolver,
  type IamPrincipalResolver,
} from '../../src/principals/iam-principal.ts';
import { DynamoDbMeter } from '../../src/quota/dynamodb-meter.ts';
import { DynamoDbUsage } from '../../src/quota/dynamodb-usage.ts';
import { maxShards, quotaEnv } from '../../src/quota/plan-limits.ts';
import { DynamoDbPrincipalReader } from '../../src/registry/dynamodb-principal-reader.ts';
import { registryEnv } from '../../src/registry/registry-env.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { meteredSink } from '../../src/metrics/metered-sink.ts';
import { countColdStart, openMetrics } from '../../src/metrics/metrics-env.ts';
import { Sealer } from '../../src/sealing/sealer.ts';
import type { UpstreamDirectory } from '../../src/upstreams/directory.ts';
import { createUpstreamPool } from '../../src/upstreams/upstream-pool.ts';
import { createHandler } from './handler.ts';
import { createMcpEndpoint } from './mcp-endpoint.ts';
import { openPolicies } from './policies.ts';

/** Set by `lib/stacks/gateway-stack.ts`. What upstreams need besides is read in `upstream-connections.ts`. */
const env = registryEnv
  .extend(quotaEnv.shape)
  .extend({
    DRAWBRIDGE_ENV: z.string().min(1),
    DRAWBRIDGE_VERSION: z.string().min(1),
    AUDIT_DIGEST_SECRET_ARN: z.string().min(1),
    TOOL_TIMEOUT_MS: z.coerce.number().int().positive(),
    MAX_RESULT_BYTES: z.coerce.number().int().positive(),
    MAX_BODY_BYTES: z.coerce.number().int().positive(),
    NEW_TOOLS: z.enum(['allow', 'hide']),
    ALLOWED_ORIGINS: z.string().transform((list) => list.split(' ').filter(Boolean)),
    LAMBDA_TASK_ROOT: z.string().min(1),
  })
  .parse(process.env);

const log = createLog(toStandardOutput);
const metrics = openMetrics(process.env, toStandardOutput, Date.now);
countColdStart(metrics, 'mcp', process.env);

let documents: Promise<DocumentIndex> | undefined;
const loadDocuments = async (): Promise<DocumentIndex> =>
  new DocumentIndex(
    JSON.parse(await readFile(join(env.LAMBDA_TASK_ROOT, 'content-index.json'), 'utf8')),
  );

const aws = awsEnv.parse(process.env);
const dynamodb = createAwsCall(aws, 'dynamodb');

/** Made by the first signed request: most containers never see one. */
let resolveIam: IamPrincipalResolver | undefined;
const iamResolver = (): IamPrincipalResolver => {
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

/** Read while the function starts: every record needs it, and a call before it runs. */
const auditKey = new AuditKey(readDigestSecret).prefetch();

/** Opened by the first who wants to know of upstreams. */
let directory: Promise<UpstreamDirectory> | undefined;
const openDirectory = async (): Promise<UpstreamDirectory> => {
  const { openDirectory: open } = await import('./upstream-directory.ts');
  return open({
    taskRoot: env.LAMBDA_TASK_ROOT,
    dynamodb,
    tableName: env.REGISTRY_TABLE_NAME,
    log,
  });
};

const counters = createAwsCall(aws, 'dynamodb', countingLimits);
const metered = { tableName: env.USAGE_TABLE_NAME, plans: env.PLANS, now: Date.now };
const admission = new Admission({
  policies: openPolicies({
    taskRoot: env.LAMBDA_TASK_ROOT,
    dynamodb,
    tableName: env.REGISTRY_TABLE_NAME,
  }),
  meter: new DynamoDbMeter({ ...metered, updateItem: (input) => counters('UpdateItem', input) }),
  now: Date.now,
});

const upstreamOf = createUpstreamPool(async () => {
  const { createConnections } = await import('./upstream-connections.ts');
  return createConnections(process.env);
});

const gateway = new Gateway({
  admission,
  tools: toolFactories.map((create) =>
    create({ documents: () => (documents ??= loadDocuments()) }),
  ),
  toolTimeoutMs: env.TOOL_TIMEOUT_MS,
  maxResultBytes: env.MAX_RESULT_BYTES,
  log,
  upstreams: {
    directory: {
      visibleTo: async (tenant) => (await (directory ??= openDirectory())).visibleTo(tenant),
    },
    upstreamOf,
    pins: new Pins({ newTools: env.NEW_TOOLS, log, metrics }),
    // What a client carries from one attempt at a call to the next is sealed with a key of its own (src/sealing/sealer.ts).
    forwarding: new Forwarding(new Sealer(() => auditKey.secret(), Date.now)),
    log,
    now: Date.now,
  },
});

export const handler = createHandler({
  endpoint: createMcpEndpoint({
    gateway,
    log,
    version: env.DRAWBRIDGE_VERSION,
    instructions:
      'Find documents with search; read one with fetch, by the id that search gave. ' +
      'Tools of other servers have the name of their server before their own, as in server_tool.',
    servesUpstreams: true,
  }),
  iamPrincipal: (userArn) => (resolveIam ??= iamResolver())(userArn),
  gateway,
  usage: new DynamoDbUsage({
    ...metered,
    getItem: (input) => dynamodb('GetItem', input),
    maxShards: maxShards(env.PLANS),
  }),
  version: env.DRAWBRIDGE_VERSION,
  env: env.DRAWBRIDGE_ENV,
  sink: meteredSink(
    new ChainedSink({
      writeLine: toStandardOutput,
      key: auditKey,
      env: env.DRAWBRIDGE_ENV,
      now: Date.now,
      onGap: (records) => metrics.emit({ AuditGaps: records }),
    }),
    metrics,
  ),
  digester: new ArgsDigester(() => auditKey.secret()),
  log,
  allowedOrigins: env.ALLOWED_ORIGINS,
  maxBodyBytes: env.MAX_BODY_BYTES,
  now: Date.now,
});
