import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { CiCredentials } from '../../local/twin.ts';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey } from '../../src/admin/keys.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { switchUpstream } from '../../src/admin/upstreams.ts';
import { stdioServers } from '../support/proof-project.ts';
import { startRig, type Rig } from '../support/rig.ts';
import { AuditTape } from './audit-tape.ts';

export const clientsDirectory = join(import.meta.dirname, 'clients');

/** A way in, as a client is given it. */
export type Access =
  | { readonly lane: 'key'; readonly url: string; readonly key: string; readonly keyId: string }
  | { readonly lane: 'oauth'; readonly url: string }
  | {
      readonly lane: 'iam';
      readonly url: string;
      readonly region: string;
      readonly credentials: CiCredentials;
    };

export type Lane = Access['lane'];
export type AccessOf<L extends Lane> = Extract<Access, { lane: L }>;

/** The gate with one upstream, and what clients need to come in. */
export interface Stage {
  readonly rig: Rig;
  readonly tape: AuditTape;
  /** A new one each time, so that the audit tells whose call it was. */
  access(lane: Lane): Promise<Access>;
  /** An environment for somebody else's program: a home of its own, and no browser of this machine. */
  environment(): Record<string, string>;
  close(): Promise<void>;
}

/** What opens a page on this machine does nothing: the scripted browser goes there. */
const withoutBrowser = (directory: string): string => {
  const bin = join(directory, 'bin');
  mkdirSync(bin);
  for (const name of ['open', 'xdg-open', 'gio', 'x-www-browser', 'sensible-browser']) {
    writeFileSync(join(bin, name), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
  }
  return bin;
};

const installClients = (): void => {
  const script = join(clientsDirectory, 'ensure-clients.mjs');
  const { status } = spawnSync(process.execPath, [script], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  assert.equal(status, 0, 'the clients did not install');
};

/** @param cdkOut - of `copyProofProject`. @throws Error as `startTwin` does. */
export const openStage = async (cdkOut: string): Promise<Stage> => {
  installClients();
  const tape = new AuditTape();
  const rig = await startRig({ cdkOut, log: tape });
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-interop-'));
  const bin = withoutBrowser(directory);
  const { ciRole, url } = rig.twin;
  assert.ok(ciRole, 'the template has no CiRole');
  await switchUpstream(rig.admin, stdioServers.conformance, false);
  await createTenant(rig.admin, { tenant: 'acme', plan: 'premium' });
  // The tenant of the pool's demo user.
  await createTenant(rig.admin, { tenant: 'demo', plan: 'premium' });
  await addPrincipal(rig.admin, { arn: ciRole.roleArn, tenant: 'acme', role: 'user' });
  return {
    rig,
    tape,
    access: async (lane) => {
      if (lane === 'oauth') return { lane, url: rig.mcpUrl };
      if (lane === 'iam') {
        return { lane, url: `${url}/ci/mcp`, region: ciRole.region, credentials: ciRole };
      }
      const { key, record } = await createKey(rig.admin, { tenant: 'acme', name: 'interop' });
      return { lane, url: rig.mcpUrl, key, keyId: record.keyId };
    },
    environment: () => {
      const home = mkdtempSync(join(directory, 'home-'));
      return {
        PATH: [bin, process.env['PATH'] ?? ''].join(delimiter),
        HOME: home,
        USERPROFILE: home,
        BROWSER: 'true',
        // Not this machine's keychain.
        MCP_INSPECTOR_SECRET_STORE: 'file',
        // The Inspector signs in without a terminal only when it may open a browser.
        MCP_AUTO_OPEN_ENABLED: 'true',
      };
    },
    close: async () => {
      await rig.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
};
