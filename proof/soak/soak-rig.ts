import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey } from '../../src/admin/keys.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { withVariables } from '../chaos/edited-deployment.ts';
import { bearerLane, callOf, signedLane, type Send } from '../chaos/lanes.ts';
import { startTwinProcess, type TwinProcess } from '../chaos/twin-process.ts';
import { fixtureNames, startFixtures, writeFixtures } from '../chaos/upstream-fixtures.ts';
import { stdioServers } from '../support/proof-project.ts';
import { operationsOf, type Found, type Operation } from './operations.ts';

const tenant = 'soaked';
const upstreamTimeoutMs = 30_000;
/** Tokens are good for ten minutes. */
const tokenForMs = 60_000;
/** More than there may be sandboxes of one function (`twin-child.ts`). */
const atOnce = 6;

/** A twin in a process of its own, with upstreams of every kind, and what may be asked of it. */
export interface SoakRig {
  readonly twin: TwinProcess;
  readonly operations: readonly Operation[];
  readonly stateDirectory: string;
  readonly heapDirectory: string;
  close(): Promise<void>;
}

const tokenLane = (twin: TwinProcess): Send => {
  let held: { readonly token: Promise<string>; readonly at: number } | undefined;
  return bearerLane(twin.mcpUrl, () => {
    if (held === undefined || Date.now() - held.at > tokenForMs) {
      held = { token: twin.token(tenant), at: Date.now() };
    }
    return held.token;
  });
};

const ask = async (send: Send, method: string, params: object = {}): Promise<unknown> => {
  const message = { jsonrpc: '2.0', id: 1, method, params };
  const response = await send(message, AbortSignal.timeout(60_000));
  const { result } = (await response.json()) as { result?: unknown };
  if (result === undefined) throw new Error(`${method} has no result: ${response.status}`);
  return result;
};

interface Prompts {
  readonly prompts: readonly {
    readonly name: string;
    readonly arguments?: readonly { readonly required?: boolean }[];
  }[];
}
interface Resources {
  readonly resources: readonly { readonly uri: string }[];
}

/** What the stdio server has to give. */
const find = async (send: Send): Promise<Found> => {
  const { prompts } = (await ask(send, 'prompts/list')) as Prompts;
  const { resources } = (await ask(send, 'resources/list')) as Resources;
  const prompt = prompts.find(
    ({ name, arguments: all = [] }) =>
      name.startsWith(stdioServers.everything) && all.every(({ required }) => required !== true),
  )?.name;
  const resource = resources[0]?.uri;
  if (prompt === undefined || resource === undefined) {
    throw new Error('the stdio server has no prompt without arguments, or no resource');
  }
  return { prompt, resource };
};

/** Opens every sandbox that there may be, so that what comes later is growth. */
const warmUp = async (lanes: Readonly<Record<string, Send>>): Promise<void> => {
  const long = callOf('everything_trigger-long-running-operation', { duration: 2, steps: 1 });
  for (const send of Object.values(lanes)) {
    const all = Array.from({ length: atOnce }, async () =>
      (await send(long, AbortSignal.timeout(60_000))).text(),
    );
    await Promise.all(all);
  }
};

/** @throws Error when the twin does not start, or lacks what is asked of it. */
export const startSoakRig = async (synthesized: string): Promise<SoakRig> => {
  const stateDirectory = mkdtempSync(join(tmpdir(), 'drawbridge-soak-'));
  const heapDirectory = mkdtempSync(join(tmpdir(), 'drawbridge-heaps-'));
  const cdkOut = withVariables(synthesized, {
    NODE_OPTIONS: `--require ${join(import.meta.dirname, 'heap-preload.cjs')}`,
    PROOF_HEAP_DIRECTORY: heapDirectory,
  });
  const fixtures = await startFixtures();
  const twin = await startTwinProcess(cdkOut, stateDirectory);
  const close = async (): Promise<void> => {
    await twin.stop();
    await Promise.all(Object.values(fixtures).map((fixture) => fixture.close()));
    for (const path of [stateDirectory, heapDirectory, cdkOut]) {
      rmSync(path, { recursive: true, force: true });
    }
  };
  try {
    const { admin } = twin;
    await createTenant(admin, { tenant, plan: 'premium' });
    const { key } = await createKey(admin, { tenant, name: 'soak' });
    await addPrincipal(admin, { arn: twin.ciRole.roleArn, tenant });
    const origins = Object.fromEntries(fixtureNames.map((name) => [name, fixtures[name].origin]));
    await writeFixtures(admin, origins as Parameters<typeof writeFixtures>[1], upstreamTimeoutMs);
    const lanes = {
      'API key': bearerLane(twin.mcpUrl, () => key),
      token: tokenLane(twin),
      SigV4: signedLane(twin.url, twin.ciRole),
    };
    await warmUp(lanes);
    const found = await find(lanes['API key']);
    const operations = operationsOf(lanes, twin.mcpUrl, found);
    return { twin, operations, stateDirectory, heapDirectory, close };
  } catch (error) {
    await close();
    throw error;
  }
};
