import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { switchUpstream } from '../../src/admin/upstreams.ts';
import { upstreamAt, writeUpstream } from '../../test/integration/support/upstream-records.ts';
import { startHttpFixture } from '../servers/http.ts';
import { stdioServers } from '../support/proof-project.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { startForwarder, type Forwarder } from './forwarder.ts';

/** How the fixture is reached behind the gate. */
export const upstreamKinds = ['http', 'stdio'] as const;
export type UpstreamKind = (typeof upstreamKinds)[number];

/** A twin with a tenant for each kind: it sees the fixture over that kind, and no other upstream. */
export interface ConformanceRig {
  /** Where the suite finds the gate as that tenant. */
  readonly urls: Readonly<Record<UpstreamKind, string>>;
  readonly problems: readonly string[];
  close(): Promise<void>;
}

/** As one deploys who sets `mcp.allowedOrigins`. */
const allowOrigins = (cdkOut: string, origins: readonly string[]): void => {
  for (const file of readdirSync(cdkOut).filter((name) => name.endsWith('.template.json'))) {
    const path = join(cdkOut, file);
    const template = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      template.replace(/("ALLOWED_ORIGINS": ")[^"]*"/gu, `$1${origins.join(' ')}"`),
    );
  }
};

const tenantOf = (kind: UpstreamKind): string => `over-${kind}`;

/** Writes what each tenant sees, before anybody asks. */
const writeRecords = async ({ admin }: Rig, fixtureUrl: string): Promise<void> => {
  await switchUpstream(admin, stdioServers.everything, false);
  const scope = tenantOf('http');
  await switchUpstream(admin, stdioServers.conformance, false, [scope]);
  await writeUpstream(admin, upstreamAt('fixture', fixtureUrl, { prefix: '', scope }));
};

/** Starts what is cold: some scenarios give an answer half a second. */
const warm = async (url: string): Promise<void> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'test_simple_text', arguments: {} },
    }),
  });
  const text = await response.text();
  if (!text.includes('A text.')) throw new Error(`the fixture is not behind ${url}: ${text}`);
};

/** @param cdkOut - of `copyProofProject`. @throws Error as `startTwin` does. */
export const startConformanceRig = async (cdkOut: string): Promise<ConformanceRig> => {
  const closing: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const fixture = await startHttpFixture();
    closing.push(() => fixture.close());
    const forwarders: [UpstreamKind, Forwarder][] = [];
    for (const kind of upstreamKinds) {
      const forwarder = await startForwarder();
      closing.push(() => forwarder.close());
      forwarders.push([kind, forwarder]);
    }

    const directory = mkdtempSync(join(tmpdir(), 'drawbridge-conformance-'));
    closing.push(() => rmSync(directory, { recursive: true, force: true }));
    cpSync(cdkOut, directory, { recursive: true });
    allowOrigins(
      directory,
      forwarders.map(([, { origin }]) => origin),
    );

    const rig = await startRig({ cdkOut: directory });
    closing.push(() => rig.close());
    for (const [kind, forwarder] of forwarders) {
      const key = await rig.keyOn('premium', tenantOf(kind));
      forwarder.forward({ origin: rig.twin.url, key });
    }
    await writeRecords(rig, fixture.url);
    for (const [, { url }] of forwarders) await warm(url);
    return {
      urls: Object.fromEntries(
        forwarders.map(([kind, { url }]) => [kind, url]),
      ) as ConformanceRig['urls'],
      problems: rig.problems,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
