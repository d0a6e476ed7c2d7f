import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { freePort } from './support/free-port.ts';
import { runTwin, type RunningTwin } from './support/running-twin.ts';
import { publicClientId, signIn } from './support/sign-in.ts';

const suite = join(
  import.meta.dirname,
  '../suites/node_modules/@modelcontextprotocol/conformance/dist/index.js',
);

let running: RunningTwin;
let output: string;
beforeAll(async () => {
  running = await runTwin();
  await createTenant(running.admin, { tenant: 'demo', plan: 'premium' });
  output = mkdtempSync(join(tmpdir(), 'drawbridge-conformance-'));
});
afterAll(async () => {
  await running?.[Symbol.asyncDispose]();
  rmSync(output, { recursive: true, force: true });
});

const checks = z.array(z.looseObject({ id: z.string(), status: z.string() }));

/** What the suite wrote down: the outcome of each check, by its id. */
const outcomes = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(output, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('checks.json'))
      .flatMap((file) => checks.parse(JSON.parse(readFileSync(join(output, file), 'utf8'))))
      .map(({ id, status }) => [id, status]),
  );

it('the facade passes the authorization checks of the MCP conformance suite', async () => {
  const port = await freePort();
  const child = spawn(
    process.execPath,
    [
      ...[suite, 'authorization', '--url', running.twin.url, '--port', String(port)],
      ...['--client-id', publicClientId(running), '--resource', running.mcpUrl],
      ...['--output-dir', output],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const exited = once(child, 'exit');
  try {
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    const link = /^http\S+\/oauth\/authorize\?\S+$/mu;
    await expect.poll(() => said, { timeout: 20_000 }).toMatch(link);
    const page = await signIn(running, new URL(link.exec(said)?.[0] ?? ''), () => false);
    expect(page.html).toContain('You can close this page');
    const [code] = (await exited) as [number | null];
    expect(outcomes(), said).toEqual({
      'authorization-server-metadata': 'SUCCESS',
      'authorization-server-metadata-cimd': 'SUCCESS',
      'authorization-code-grant': 'SUCCESS',
    });
    expect(code, said).toBe(0);
  } finally {
    child.kill();
  }
});
