import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { writeConnection } from '../../local/connection.ts';
import { ensureDemoTenant } from '../../local/demo-tenant.ts';
import { functionDefinitions } from '../../local/lambda/function-definitions.ts';
import { startTwin, type Twin } from '../../local/twin.ts';
import { twinOptions, type TwinCounts, type TwinReady } from '../messages.ts';
import { givenOptions, serveParent } from './parent.ts';

/** The twin as `npm start` runs it, on a free port and with a state directory of its own. */
const options = twinOptions.parse(givenOptions());
const { projectDirectory, cdkOut, stateDirectory, plan } = options;
const calls: Record<string, Record<string, number>> = {};

const twin = await startTwin({
  cdkOut,
  stateDirectory,
  port: 0,
  onCall: ({ principal, action }) => {
    const own = (calls[principal.displayName] ??= {});
    own[action] = (own[action] ?? 0) + 1;
  },
  onProblem: (line) => process.stderr.write(`twin: ${line}\n`),
});

/** A tenant with a key, made by the operator CLI as an operator would. */
const createTenant = ({ url, operator, aws }: Twin) => {
  const connectionFile = join(stateDirectory, 'connection.json');
  writeConnection(connectionFile, {
    url,
    mcpUrl: `${url}/mcp`,
    adminAws: operator,
    twin: { pid: process.pid, awsEndpoint: aws.url, deployment: '/drawbridge/local/deployment' },
  });
  return ensureDemoTenant({ projectDirectory, connectionFile, plan, known: undefined });
};

const counts = (): TwinCounts => {
  const functions = Object.values(twin.lambda.stats());
  const total = (name: 'coldStarts' | 'functionErrors' | 'throttles'): number =>
    functions.reduce((sum, stats) => sum + stats[name], 0);
  return {
    calls,
    allCalls: Object.fromEntries(
      Object.entries(twin.aws.counters()).map(([action, { allowed, refused }]) => [
        action,
        allowed + refused,
      ]),
    ),
    coldStarts: total('coldStarts'),
    functionErrors: total('functionErrors'),
    throttles: total('throttles'),
  };
};

/** As Cognito writes it for a user who signed in. */
const accessTokenOf = ({ pool }: Twin, tenant: string): string => {
  const client = pool?.clients.find(({ hasSecret }) => !hasSecret);
  if (pool === undefined || client === undefined) throw new Error('The twin has no user pool.');
  const now = Math.floor(Date.now() / 1000);
  return pool.signClaims({
    sub: randomUUID(),
    'cognito:groups': [`tenant.${tenant}`],
    iss: pool.settings.issuer,
    version: 2,
    client_id: client.clientId,
    origin_jti: randomUUID(),
    token_use: 'access',
    scope: 'openid drawbridge/mcp',
    auth_time: now,
    iat: now,
    exp: now + 3_600,
    jti: randomUUID(),
    username: 'bench',
    tenant,
    role: 'user',
  });
};

/** What the template gives a function. */
const environmentOf = (
  { deployment }: Twin,
  construct: string,
): Readonly<Record<string, string>> => {
  const found = functionDefinitions(deployment).find(({ displayName }) =>
    displayName.split('/').includes(construct),
  );
  if (found === undefined) throw new Error(`The template has no ${construct}.`);
  return { ...found.environment, AWS_REGION: deployment.region };
};

const { apiKey, keyId, tenant } = await createTenant(twin);
const ready: TwinReady = {
  url: `${twin.url}/mcp`,
  apiKey,
  keyId,
  tenant,
  awsEnvironment: {
    ...twin.aws.environment,
    AWS_ACCESS_KEY_ID: twin.operator.accessKeyId,
    AWS_SECRET_ACCESS_KEY: twin.operator.secretAccessKey,
  },
  accessToken: accessTokenOf(twin, tenant),
  authorizerEnvironment: environmentOf(twin, 'AuthorizerFunction'),
  mcpEnvironment: environmentOf(twin, 'McpFunction'),
};
serveParent({ ready, answer: async () => counts(), close: () => twin.close() });
