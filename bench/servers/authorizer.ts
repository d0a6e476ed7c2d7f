import { createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod';
import { tokenIssuersEnv } from '../../src/credentials/token-issuers.ts';
import type { AccessTokenVerifier } from '../../src/credentials/verify-access-token.ts';
import { cacheMs, createIamPrincipalResolver } from '../../src/principals/iam-principal.ts';
import type { KeyTable } from '../../src/registry/dynamodb-key-reader.ts';
import { InMemoryRegistry } from '../../src/registry/in-memory-registry.ts';
import { registryEnv } from '../../src/registry/registry-env.ts';
import { authorizerEvent } from '../cold-cases.ts';
import { laneOptions, laneRequest, type LaneMeasure, type LaneSample } from '../messages.ts';
import { percentile } from '../statistics.ts';
import { watchWaiting } from '../waiting.ts';
import { givenOptions, serveParent } from './parent.ts';

/** The authorizer's bundles as synthesized, in this process, with the twin as their AWS. */
const { codeDirectory, apiKey, accessToken, apiKeysFile } = laneOptions.parse(givenOptions());

interface AuthorizerBundle {
  readonly handler: (event: unknown, context: object) => Promise<unknown>;
}
interface AccessTokensBundle {
  readonly createVerifier: (env: NodeJS.ProcessEnv, table: KeyTable) => AccessTokenVerifier;
}
const load = createRequire(import.meta.url);
const { handler } = load(join(codeDirectory, 'index.cjs')) as AuthorizerBundle;
const { createVerifier } = load(join(codeDirectory, 'access-tokens.cjs')) as AccessTokensBundle;

const waiting = watchWaiting();

const decide = (credentials: readonly string[], lane: string): (() => Promise<boolean>) => {
  const events = credentials.map(authorizerEvent);
  const answer = z.object({ context: z.object({ lane: z.literal(lane) }) });
  let next = 0;
  return async () => {
    const event = events[next++ % events.length];
    return answer.safeParse(await handler(event, {})).success;
  };
};

const apiKeys =
  apiKeysFile === undefined
    ? [apiKey]
    : z.array(z.string()).parse(JSON.parse(readFileSync(apiKeysFile, 'utf8')));

/** The tenant's item is read once, and then comes from memory. */
const verifyToken = (): (() => Promise<boolean>) => {
  const dynamodb = new DynamoDBClient();
  const { REGISTRY_TABLE_NAME: tableName } = registryEnv.parse(process.env);
  let item: Promise<unknown> | undefined;
  const getItem: KeyTable['getItem'] = (input) =>
    (item ??= dynamodb.send(new GetItemCommand(input)));
  const verifyAccessToken = createVerifier(process.env, { tableName, getItem });
  return async () => (await verifyAccessToken(accessToken)).kind === 'verified';
};

const verifySignature = async (): Promise<() => boolean> => {
  const [issuer] = tokenIssuersEnv.parse(process.env).TOKEN_ISSUERS;
  const response = await fetch(issuer?.jwksUri ?? '');
  const jwks = z.object({ keys: z.array(z.looseObject({})).min(1) }).parse(await response.json());
  const key = createPublicKey({ key: jwks.keys[0] ?? {}, format: 'jwk' });
  const end = accessToken.lastIndexOf('.');
  const text = Buffer.from(accessToken.slice(0, end));
  const signature = Buffer.from(accessToken.slice(end + 1), 'base64url');
  return () => verify('sha256', text, key, signature);
};

/** `step` is what the clock goes on with each call: past what the resolver remembers, or not at all. */
const resolveCaller = async (step: number): Promise<() => Promise<boolean>> => {
  const createdAt = new Date().toISOString();
  const records = new InMemoryRegistry();
  await records.createTenant({
    tenant: 'bench',
    name: 'bench',
    plan: 'premium',
    status: 'active',
    usageKey: 'usage-key-of-bench'.padEnd(40, '0'),
    apiGatewayKeyId: 'bench',
    createdAt,
    revision: 1,
  });
  const arn = 'arn:aws:iam::123456789012:role/ci';
  await records.createPrincipal({ arn, tenant: 'bench', role: 'user', createdAt });
  let now = 0;
  const resolve = createIamPrincipalResolver({ records, now: () => (now += step) });
  const session = 'arn:aws:sts::123456789012:assumed-role/ci/GitHubActions';
  return async () => (await resolve(session)).kind === 'verified';
};

const measures: Readonly<Record<LaneMeasure, () => boolean | Promise<boolean>>> = {
  key: decide(apiKeys, 'key'),
  jwt: decide([accessToken], 'jwt'),
  verify: verifyToken(),
  signature: await verifySignature(),
  iam: await resolveCaller(cacheMs),
  'iam-remembered': await resolveCaller(0),
};

const figuresOf = (valuesUs: readonly number[]) => ({
  p50Us: percentile(valuesUs, 0.5),
  p99Us: percentile(valuesUs, 0.99),
});

const measure = async (message: unknown): Promise<LaneSample> => {
  const { measure: name, operations } = laneRequest.parse(message);
  const operation = measures[name];
  const total: number[] = [];
  const own: number[] = [];
  let waits = 0;
  for (let done = 0; done < operations; done++) {
    const before = waiting();
    const startedAt = performance.now();
    const isRight = await operation();
    const totalUs = (performance.now() - startedAt) * 1000;
    if (!isRight) throw new Error(`${name} did not answer as it should`);
    const after = waiting();
    waits += after.waits - before.waits;
    total.push(totalUs);
    own.push(totalUs - (after.ms - before.ms) * 1000);
  }
  return { own: figuresOf(own), total: figuresOf(total), waits };
};

serveParent({ ready: {}, answer: measure });
