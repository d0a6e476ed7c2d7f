import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import {
  awsPorts,
  clientLimits,
  readDeployment,
  type ProbeParts,
} from '../../src/admin/aws-ports.ts';
import type { AdminPorts, UpstreamProbe } from '../../src/admin/ports.ts';
import { ChainedSink } from '../../src/audit/audit-chain.ts';
import { AuditKey } from '../../src/audit/audit-key.ts';
import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import { createLog, toStandardOutput } from '../../src/log/log.ts';
import { basePolicies, basePoliciesFile, textOf } from '../../src/policy/base-policies.ts';
import { CedarPolicyCompiler } from '../../src/policy/policy-compiler.ts';
import { logAuditSink } from './audit-sink.ts';
import { createHandler } from './handler.ts';
import { adminRoutes } from './route-table.ts';

/** Set by `lib/constructs/admin-api.ts`. */
const env = z
  .object({
    DRAWBRIDGE_ENV: z.string().min(1),
    DRAWBRIDGE_VERSION: z.string().min(1),
    DEPLOYMENT_PARAMETER: z.string().min(1),
    PUBLIC_URL: z.url(),
    ADMIN_OPERATORS: z.string().transform((list) => list.split(' ').filter(Boolean)),
    AUDIT_DIGEST_SECRET_ARN: z.string().min(1),
    LAMBDA_TASK_ROOT: z.string().min(1),
  })
  .parse(process.env);

const aws = awsEnv.parse(process.env);
const log = createLog(toStandardOutput);

const auditSink = logAuditSink(
  new ChainedSink({
    writeLine: toStandardOutput,
    key: new AuditKey(
      secretReader(createAwsCall(aws, 'secretsmanager'), env.AUDIT_DIGEST_SECRET_ARN),
    ).prefetch(),
    env: env.DRAWBRIDGE_ENV,
    now: Date.now,
  }),
);

/** The credentials of the function's role: what the SDK would find in the environment after asking around. */
const config = {
  ...clientLimits,
  region: aws.AWS_REGION,
  credentials: {
    accessKeyId: aws.AWS_ACCESS_KEY_ID,
    secretAccessKey: aws.AWS_SECRET_ACCESS_KEY,
    ...(aws.AWS_SESSION_TOKEN === undefined ? {} : { sessionToken: aws.AWS_SESSION_TOKEN }),
  },
};

const readBasePolicies = async (): Promise<string> => {
  const file = join(env.LAMBDA_TASK_ROOT, basePoliciesFile);
  return textOf(basePolicies.parse(JSON.parse(await readFile(file, 'utf8'))));
};

const lazyProbe = (parts: ProbeParts): UpstreamProbe => ({
  list: async (spec, tenant) => {
    const { openProbe } = await import('./upstream-probe.ts');
    return openProbe(parts, env.DRAWBRIDGE_VERSION).list(spec, tenant);
  },
});

const connect = async (): Promise<AdminPorts> => {
  const document = await readDeployment(config, env.DEPLOYMENT_PARAMETER, env.DRAWBRIDGE_ENV);
  return awsPorts({
    config,
    document,
    env: env.DRAWBRIDGE_ENV,
    hosts: [new URL(env.PUBLIC_URL).host],
    plans: document.planUnits ?? {},
    probe: lazyProbe,
    policies: new CedarPolicyCompiler({
      base: readBasePolicies,
      loadCedar: async () => (await import('./cedar.ts')).openCedar(),
    }),
    usageQueries: {
      breakdown: async (query) => {
        const { openUsageQueries } = await import('./usage-queries.ts');
        return openUsageQueries(config, document).breakdown(query);
      },
    },
    auditSink,
    clock: Date.now,
  });
};

let ports: Promise<AdminPorts> | undefined;
const openPorts = (): Promise<AdminPorts> => {
  ports ??= connect().catch((error: unknown) => {
    ports = undefined;
    throw error;
  });
  return ports;
};

export const handler = createHandler({
  ports: openPorts,
  audit: { auditSink, clock: Date.now, env: env.DRAWBRIDGE_ENV },
  routes: adminRoutes,
  operators: new Set(env.ADMIN_OPERATORS),
  log,
});
