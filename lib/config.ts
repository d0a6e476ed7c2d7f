import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { adminConfig } from './admin-config.ts';
import { alarmsConfig } from './alarms-config.ts';
import { archiveConfig } from './archive-config.ts';
import { cloudFrontConfig, maxOriginTimeoutSeconds } from './cloud-front-config.ts';
import {
  deploymentConfig,
  encryptionConfig,
  isolationConfig,
  privateConfig,
} from './deployment-config.ts';
import { deploymentsConfig } from './deployments-config.ts';
import { domainConfig } from './domain-config.ts';
import { identityConfig } from './identity-config.ts';
import { metricsConfig, tracingConfig } from './observability-config.ts';
import { plansConfig } from './plan-config.ts';
import { throttleConfig } from './throttle-config.ts';
import { twinAccount } from './twin-account.ts';
import { secretNames, upstreamsConfig } from './upstreams-config.ts';
import { wafConfig } from './waf-config.ts';

/** CloudWatch Logs takes these retention periods and no others (AWS: PutRetentionPolicy). */
const retentionDays = z.literal([
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288,
  3653,
]);

const webOrigin = z.string().refine((text) => URL.canParse(text) && new URL(text).origin === text, {
  error: 'an origin is scheme, host and port, as in https://app.example.com',
});

const settings = z.strictObject({
  $schema: z.string().optional(),
  region: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d$/, { error: 'a region looks like eu-central-1' })
    .optional()
    .describe('AWS region. Without it the region of the AWS CLI profile in use.'),
  account: z
    .string()
    .regex(/^\d{12}$/, { error: 'an account is 12 digits' })
    .optional()
    .describe('AWS account id. Without it the account of the AWS CLI profile in use.'),
  protectData: z
    .boolean()
    .describe('Termination and deletion protection, and data kept when a stack is deleted.'),
  manageApiGatewayAccount: z
    .boolean()
    .default(true)
    .describe(
      'Let the stack set the CloudWatch role of API Gateway, one per account and region. False where another stack already does.',
    ),
  deployment: deploymentConfig,
  deployments: deploymentsConfig.describe(
    'How new versions come into service (content/deploying.md).',
  ),
  encryption: encryptionConfig,
  plans: plansConfig,
  throttle: throttleConfig,
  authorizer: z
    .strictObject({
      cacheSeconds: z
        .int()
        .min(0)
        .max(3600)
        .describe('How long API Gateway reuses an answer: the delay until a revocation holds.'),
      memoryMb: z.int().min(128).max(10_240).default(512),
    })
    .describe('The Lambda authorizer.'),
  mcp: z
    .strictObject({
      memoryMb: z.int().min(128).max(10_240).default(1024),
      isolation: isolationConfig,
      timeoutSeconds: z
        .int()
        .min(5)
        .max(900)
        .default(60)
        .describe('Longest MCP request, streaming included.'),
      toolTimeoutSeconds: z.int().min(1).max(890).default(30).describe('Longest run of one tool.'),
      maxResultBytes: z
        .int()
        .min(1024)
        .max(5_000_000)
        .default(1_000_000)
        .describe('Largest result of one tool, as JSON.'),
      allowedOrigins: z
        .array(webOrigin)
        .default([])
        .describe(
          'Browser origins that may call /mcp. Requests without an Origin header are not browsers and pass.',
        ),
    })
    .refine((mcp) => mcp.toolTimeoutSeconds <= mcp.timeoutSeconds - 2, {
      error:
        'must be at least 2 seconds shorter than mcp.timeoutSeconds, or a slow tool ends without an answer',
      path: ['toolTimeoutSeconds'],
    })
    .describe('The function that serves MCP.'),
  content: z
    .strictObject({
      folder: z
        .string()
        .min(1)
        .default('content')
        .describe('Documents that search and fetch serve, relative to the project.'),
      baseUrl: z
        .url({ protocol: /^https?$/ })
        .optional()
        .describe('Where readers find the same documents; their links begin with it.'),
    })
    .prefault({}),
  waf: wafConfig,
  publicUrl: z
    .url({ protocol: /^https$/ })
    .refine((text) => !text.endsWith('/'), { error: 'must not end with a slash' })
    .optional()
    .describe(
      'Where clients reach the API, as on a custom domain. Without it, its execute-api address.',
    ),
  domain: domainConfig.describe(
    'A domain of your own, with TLS by its policy; OAuth needs one, or CloudFront.',
  ),
  private: privateConfig,
  cloudFront: cloudFrontConfig,
  identity: identityConfig.describe(
    'Who may sign in besides API keys: nobody, a Cognito user pool, or users of OIDC issuers.',
  ),
  ci: z
    .strictObject({
      github: z
        .strictObject({
          repository: z
            .string()
            .regex(/^[\w.-]+\/[\w.-]+$/, { error: 'a repository is OWNER/NAME' })
            .describe('The repository whose jobs may sign, as OWNER/NAME.'),
          environment: z
            .string()
            .regex(/^[\w.-]{1,64}$/)
            .describe('The GitHub environment that a job has to run in.'),
          providerArn: z
            .string()
            .startsWith('arn:aws:iam::')
            .optional()
            .describe('The OIDC provider of GitHub in this account, where there is one already.'),
        })
        .optional()
        .describe(
          'A role that jobs of one GitHub repository may assume, to call /ci/mcp and nothing else.',
        ),
    })
    .prefault({}),
  admin: adminConfig.describe(
    'The admin API (content/admin-api.md), for callers that sign with IAM.',
  ),
  secrets: secretNames,
  upstreams: upstreamsConfig,
  metrics: metricsConfig,
  alarms: alarmsConfig.describe('Who is told of what (docs/runbooks).'),
  tracing: tracingConfig,
  logs: z
    .strictObject({
      auditRetentionDays: retentionDays
        .default(30)
        .describe('Days that the functions’ logs are kept, the audit among them.'),
      accessRetentionDays: retentionDays.default(90).describe('Days that the access log is kept.'),
    })
    .prefault({}),
  archive: archiveConfig,
});

const forTheTwinAlone = `is for the twin alone, whose account is ${twinAccount}`;

export const configSchema = settings
  .refine(({ encryption, region }) => encryption === 'aws' || region !== undefined, {
    error: 'cmk needs region: the table names its key by it',
    path: ['encryption'],
  })
  .refine(({ domain, publicUrl }) => domain === undefined || publicUrl === undefined, {
    error: 'is refused together with publicUrl: the domain is where clients reach the API',
    path: ['domain'],
  })
  .refine(({ domain, cloudFront }) => domain === undefined || !cloudFront.enabled, {
    error: 'is refused together with cloudFront: clients know the API by one address',
    path: ['domain'],
  })
  .refine(
    (config) =>
      config.private === undefined || (config.domain === undefined && !config.cloudFront.enabled),
    {
      error: 'is refused together with domain or cloudFront, which are for the public internet',
      path: ['private'],
    },
  )
  .refine(({ cloudFront, publicUrl }) => !cloudFront.enabled || publicUrl === undefined, {
    error: 'is refused together with publicUrl: clients know the API by one address',
    path: ['cloudFront'],
  })
  .refine(
    ({ cloudFront, mcp }) => !cloudFront.enabled || mcp.timeoutSeconds <= maxOriginTimeoutSeconds,
    {
      error: `must be at most ${maxOriginTimeoutSeconds} with cloudFront: CloudFront waits no longer for a byte`,
      path: ['mcp', 'timeoutSeconds'],
    },
  )
  .refine(
    ({ deployments, mcp }) =>
      deployments.provisionedConcurrency === undefined || mcp.isolation === 'shared',
    {
      error:
        'is refused together with mcp.isolation perTenant, for which Lambda keeps nothing warm',
      path: ['deployments', 'provisionedConcurrency'],
    },
  )
  .refine(({ upstreams, mcp }) => (upstreams.sandbox.timeoutSeconds ?? 0) <= mcp.timeoutSeconds, {
    error: 'must be at most mcp.timeoutSeconds: nobody waits longer for an answer',
    path: ['upstreams', 'sandbox', 'timeoutSeconds'],
  })
  .refine(({ upstreams, account }) => !upstreams.allowLoopback || account === twinAccount, {
    error: forTheTwinAlone,
    path: ['upstreams', 'allowLoopback'],
  })
  .refine(({ upstreams, account }) => upstreams.platform === 'lambda' || account === twinAccount, {
    error: forTheTwinAlone,
    path: ['upstreams', 'platform'],
  });

export type DrawbridgeConfig = z.infer<typeof configSchema>;

const problems = (error: z.ZodError): string =>
  error.issues
    .flatMap((issue) => {
      const path = issue.path.join('.') || '(top level)';
      if (issue.code === 'unrecognized_keys') {
        return issue.keys.map(
          (key) => `  ${[...issue.path, key].join('.')}: there is no such setting`,
        );
      }
      const named = issue.code === 'invalid_key' ? issue.issues : [issue];
      return named.map(({ message }) => `  ${path}: ${message}`);
    })
    .join('\n');

/** `mcp.lock.json` and `mcp.schema.json` are no environments. */
const envName = /^[a-z][a-z0-9]{0,15}$/;

/** The environments that a configuration folder has. */
export const environmentsIn = (directory: string): readonly string[] =>
  readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -'.json'.length))
    .filter((name) => envName.test(name) && name !== 'schema' && name !== 'mcp')
    .sort();

/**
 * Reads `config/<env>.json`.
 * @throws Error that names the file, the path of each wrong setting and what is wrong with it.
 */
export const loadConfig = (directory: string, env: string): DrawbridgeConfig => {
  const known = environmentsIn(directory);
  if (!known.includes(env)) {
    throw new Error(
      `There is no environment "${env}". config/ has: ${known.join(', ')}. Choose one with -c env=NAME.`,
    );
  }
  const file = join(directory, `${env}.json`);
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new Error(`config/${env}.json is not valid JSON: ${(cause as Error).message}`, { cause });
  }
  const parsed = configSchema.safeParse(document);
  if (!parsed.success) {
    throw new Error(
      `config/${env}.json has settings that are not right:\n${problems(parsed.error)}`,
    );
  }
  return parsed.data;
};

/** The JSON Schema that editors use: `config/schema.json` is this, written out. */
export const configJsonSchema = (): unknown =>
  z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
