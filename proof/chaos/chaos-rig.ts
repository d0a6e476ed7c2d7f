import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { addPrincipal } from '../../src/admin/principals.ts';
import { createKey } from '../../src/admin/keys.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { timedCall, type Ended } from './client-call.ts';
import { limitUpstreams, withVariables } from './edited-deployment.ts';
import { startFaultProxy, type FaultProxy } from './fault-proxy.ts';
import { claimsOf } from '../support/pool-claims.ts';
import { bearerLane, callOf, signedLane, type Send } from './lanes.ts';
import { functionIn, kill, processesBelow } from './processes.ts';
import { fixtureNames, startFixtures, writeFixtures, type Fixtures } from './upstream-fixtures.ts';

export const tenant = 'chaos';
/** Of each upstream, for a call. */
export const upstreamTimeoutMs = 3_000;
/** Starts a process, so it may take longer. */
export const sandboxTimeoutMs = 5_000;
/** A client's own patience: what a function may take, and what a loaded machine adds. */
export const patienceMs = 30_000;

const proxyNames = ['dynamodb', 'secrets', 'lambda', 'jwks', ...fixtureNames] as const;
export type ProxyName = (typeof proxyNames)[number];

/** A twin whose functions reach everything outside of them through sockets that fail on demand. */
export interface ChaosRig extends Rig {
  readonly proxies: Readonly<Record<ProxyName, FaultProxy>>;
  readonly fixtures: Fixtures;
  readonly lanes: Readonly<Record<'key' | 'otherKey' | 'token' | 'signed', Send>>;
  /** A lane whose every call has a new token. */
  readonly tokenWith: (changes: Readonly<Record<string, unknown>>) => Send;
  readonly signedAt: (offMs: number) => Send;
  readonly call: (lane: Send, name: string, args: object, right: string) => Promise<Ended>;
  /** Of a tool of our own: it needs no upstream. */
  readonly search: (lane: Send) => Promise<Ended>;
  /** Of all functions, milliseconds ahead. */
  readonly setClock: (offMs: number) => void;
  /** Ends every process of the functions with this in their name; resolves when the twin knows. */
  readonly killFunctions: (part: string) => Promise<void>;
}

export const until = async (condition: () => boolean, what: string): Promise<void> => {
  for (const startedAt = performance.now(); !condition();) {
    if (performance.now() - startedAt > patienceMs) throw new Error(`waited too long: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

const required = <T>(value: T | undefined, what: string): T => {
  if (value === undefined) throw new Error(`the template has no ${what}`);
  return value;
};

/** @throws Error as `startTwin` does. */
export const startChaosRig = async (synthesized: string): Promise<ChaosRig> => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-chaos-'));
  const clockFile = join(directory, 'clock');
  const setClock = (offMs: number): void => writeFileSync(clockFile, String(offMs));
  setClock(0);

  const fixtures = await startFixtures();
  let twinPorts = { aws: 0, jwks: 0 };
  const portOf = (name: ProxyName) => (): number => {
    if (name === 'jwks') return twinPorts.jwks;
    return name in fixtures ? fixtures[name as keyof Fixtures].port : twinPorts.aws;
  };
  const started = await Promise.all(
    proxyNames.map(async (name) => [name, await startFaultProxy(portOf(name))] as const),
  );
  const proxies = Object.fromEntries(started) as Record<ProxyName, FaultProxy>;
  const settings = {
    environment: {
      AWS_ENDPOINT_URL_DYNAMODB: proxies.dynamodb.origin,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: proxies.secrets.origin,
      AWS_ENDPOINT_URL_LAMBDA: proxies.lambda.origin,
    },
    jwksOrigin: proxies.jwks.origin,
    clockFile,
  };
  const cdkOut = withVariables(synthesized, {
    NODE_OPTIONS: `--require ${join(import.meta.dirname, 'function-preload.cjs')}`,
    PROOF_SETTINGS: JSON.stringify(settings),
  });
  limitUpstreams(cdkOut, sandboxTimeoutMs);

  const rig = await startRig({ cdkOut, maxSandboxesPerFunction: 4 });
  const { twin, admin, mcpUrl } = rig;
  const pool = required(twin.pool, 'user pool');
  const ci = required(twin.ciRole, 'CI role');
  twinPorts = { aws: Number(new URL(twin.aws.url).port), jwks: Number(new URL(pool.url).port) };
  const key = await rig.keyOn('premium', tenant);
  const { key: otherKey } = await createKey(admin, { tenant, name: 'other' });
  await addPrincipal(admin, { arn: ci.roleArn, tenant });
  const origins = Object.fromEntries(fixtureNames.map((name) => [name, proxies[name].origin]));
  await writeFixtures(admin, origins as Record<keyof Fixtures, string>, upstreamTimeoutMs);

  const poolFacts = {
    issuer: pool.settings.issuer,
    clientId: required(
      pool.clients.find(({ hasSecret }) => !hasSecret),
      'public client',
    ).clientId,
  };
  const tokenWith: ChaosRig['tokenWith'] = (changes) =>
    bearerLane(mcpUrl, () => pool.signClaims(claimsOf(poolFacts, tenant, changes)));
  const call: ChaosRig['call'] = (lane, name, args, right) =>
    timedCall({
      send: (signal) => lane(callOf(name, args), signal),
      isRight: (result) => result.includes(right),
      withinMs: patienceMs,
    });
  return {
    ...rig,
    proxies,
    fixtures,
    lanes: {
      key: bearerLane(mcpUrl, () => key),
      otherKey: bearerLane(mcpUrl, () => otherKey),
      token: tokenWith({}),
      signed: signedLane(twin.url, ci),
    },
    tokenWith,
    signedAt: (offMs) => signedLane(twin.url, ci, offMs),
    call,
    search: (lane) => call(lane, 'search', { query: 'plan', limit: 1 }, 'results'),
    setClock,
    killFunctions: async (part) => {
      const pids = processesBelow(process.pid).filter((pid) => functionIn(pid)?.includes(part));
      for (const pid of pids) kill(pid);
      const sandboxes = (): number =>
        Object.entries(twin.lambda.stats())
          .filter(([name]) => name.includes(part))
          .reduce((sum, [, stats]) => sum + stats.sandboxes, 0);
      await until(() => sandboxes() === 0, `the end of ${part}`);
    },
    close: async () => {
      await Promise.all(Object.values(proxies).map((proxy) => proxy.close()));
      await rig.close();
      await Promise.all(Object.values(fixtures).map((fixture) => fixture.close()));
      for (const path of [directory, cdkOut]) rmSync(path, { recursive: true, force: true });
    },
  };
};
