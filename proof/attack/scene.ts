import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { startModern } from '../../test/fixtures/upstreams/modern-http.ts';
import { startRecorded } from '../../test/fixtures/upstreams/recorded-server.ts';
import { upstreamAt, writeUpstream } from '../../test/integration/support/upstream-records.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { callOf, canary, type SignedRequest, type Traffic } from './scene-types.ts';
import { poisonedServer, type PoisonedServer } from './poisoned-server.ts';
import { sendSigned } from './signed.ts';
import { rawTo, sendTo, type Reply, type Sent } from './wire.ts';

/** Two tenants, an upstream of one of them, and a host that nothing may connect to. */
export interface Scene {
  readonly rig: Rig;
  readonly url: string;
  readonly acme: string;
  readonly beta: string;
  /** Of acme, as everybody's: what changes its tools. */
  readonly shifty: Awaited<ReturnType<typeof startModern>>;
  readonly subtle: Awaited<ReturnType<typeof startModern>>;
  readonly poisoned: PoisonedServer;
  /** Beta's own. */
  readonly vault: Awaited<ReturnType<typeof startModern>>;
  /** Where nobody has business: every connection to it is a hole. */
  readonly trap: { readonly url: string; readonly port: number };
  readonly samples: number;
  /** How often the upstream was asked that redirects to the trap. */
  readonly bounced: () => number;
  readonly secrets: readonly string[];
  /** Every answer so far. */
  readonly replies: readonly Reply[];
  readonly send: (sent: Sent) => Promise<Reply>;
  /** Again for as long as it is throttled. */
  readonly patiently: (ask: () => Promise<Reply>) => Promise<Reply>;
  readonly raw: (bytes: string) => Promise<readonly Reply[]>;
  /** Signed by an IAM user of this name. */
  readonly signed: (user: string, request: SignedRequest) => Promise<Reply>;
  readonly traffic: () => Traffic;
  /** All that has been logged, once it holds what is looked for. @throws when it never does. */
  readonly logged: (pattern: RegExp) => Promise<string>;
  /** What stands in the tables and everything beside them. */
  readonly stored: () => string;
  /** The service goes on for those who have a key. */
  readonly honest: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const switchOffStdio = async ({ admin: { deployment, upstreams } }: Rig): Promise<void> => {
  const now = new Date().toISOString();
  for (const { name } of deployment.upstreams) {
    const record = { scope: '*', name, enabled: false, revision: 1 };
    await upstreams.putUpstream({ ...record, createdAt: now, updatedAt: now });
  }
};

const startTrap = async () => {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    connections: () => connections,
    close: () => void server.close(),
  };
};

const prepare = async (rig: Rig, trapUrl: string) => {
  await switchOffStdio(rig);
  const vault = await startModern();
  vault.tools.description = `Opens the vault ${canary}.`;
  const shifty = await startModern();
  const subtle = await startModern();
  const poisoned = await poisonedServer();
  const bouncing = await startRecorded((_, response) => {
    response.writeHead(307, { location: `${trapUrl}/mcp` }).end();
  });
  await writeUpstream(rig.admin, upstreamAt('bounce', `${bouncing.origin}/mcp`));
  await writeUpstream(rig.admin, upstreamAt('shifty', shifty.url));
  await writeUpstream(rig.admin, upstreamAt('subtle', subtle.url));
  await writeUpstream(rig.admin, upstreamAt('odd', poisoned.url, { prefix: '', timeoutMs: 1_500 }));
  const acme = await rig.keyOn('premium', 'acme');
  const beta = await rig.keyOn('premium', 'beta');
  await writeUpstream(rig.admin, upstreamAt('vault', vault.url, { scope: 'beta' }));
  await createTenant(rig.admin, { tenant: 'demo', plan: 'premium' });
  for (const [user, tenant, role] of [
    ['beta-admin', 'beta', 'admin'],
    ['acme-admin', 'acme', 'admin'],
    ['acme-user', 'acme', 'user'],
  ] as const) {
    await addPrincipal(rig.admin, { arn: rig.twin.userCredentials(user).arn, tenant, role });
  }
  return { vault, shifty, subtle, poisoned, bouncing, acme, beta };
};

const filesOf = (directory: string): string =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

const patiently = async (ask: () => Promise<Reply>): Promise<Reply> => {
  for (;;) {
    const reply = await ask();
    if (reply.status !== 429) return reply;
    await sleep(300);
  }
};

/**
 * @param options.samples - of each kind, for what is told by time over sockets.
 * @throws Error as `startTwin` does.
 */
export const openScene = async (cdkOut: string, { samples = 300 } = {}): Promise<Scene> => {
  const trap = await startTrap();
  const rig = await startRig({ cdkOut, maxSandboxesPerFunction: 2 });
  const { vault, shifty, subtle, poisoned, bouncing, acme, beta } = await prepare(rig, trap.url);
  const { url } = rig.twin;
  const replies: Reply[] = [];
  const keep = (reply: Reply): Reply => {
    replies.push(reply);
    return reply;
  };
  const invocations = (construct: string): number =>
    Object.entries(rig.twin.lambda.stats())
      .filter(([name]) => name.includes(construct))
      .reduce((sum, [, pool]) => sum + pool.invocations, 0);
  const written = () => filesOf(join(rig.stateDirectory, 'logs'));
  const send = async (sent: Sent) => keep(await sendTo(url, sent));
  return {
    rig,
    url,
    acme,
    beta,
    vault,
    shifty,
    subtle,
    poisoned,
    samples,
    trap,
    bounced: () => bouncing.requests.length,
    secrets: [acme, beta, canary, rig.twin.operator.secretAccessKey],
    replies,
    send,
    raw: async (bytes) => (await rawTo(url, bytes)).map(keep),
    patiently,
    signed: (user, request) =>
      patiently(async () => keep(await sendSigned(url, rig.twin.userCredentials(user), request))),
    traffic: () => ({
      trap: trap.connections(),
      vault: Object.values(vault.tools.calls).reduce((sum, calls) => sum + calls, 0),
      authorizer: invocations('AuthorizerFunction'),
      mcp: invocations('McpFunction'),
      reads: rig.twin.aws.counters()['dynamodb:GetItem']?.allowed ?? 0,
    }),
    stored: () => filesOf(rig.stateDirectory),
    logged: async (pattern) => {
      // Lines reach the disk within 20 ms.
      for (let attempt = 0; attempt < 40; attempt++) {
        const text = written();
        if (pattern.test(text)) return text;
        await sleep(50);
      }
      return assert.fail(`nothing was logged like ${String(pattern)}`);
    },
    honest: async () => {
      const reply = await sendTo(url, { key: acme, body: callOf('search', { query: 'plan' }) });
      assert.equal(reply.status, 200, 'an honest call is not served any more');
      assert.notEqual(reply.json.result?.isError, true);
    },
    close: async () => {
      trap.close();
      await rig.close();
      await Promise.all([
        vault.close(),
        shifty.close(),
        subtle.close(),
        poisoned.close(),
        bouncing.close(),
      ]);
    },
  };
};
