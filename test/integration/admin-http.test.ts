import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { adminRoutes } from '../../lambdas/admin/route-table.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { signedFetch } from '../../src/signing/signed-fetch.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { examples } from '../unit/admin-http-examples.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

type Fields = Readonly<Record<string, unknown>>;

interface Sent {
  readonly as?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

let running: RunningTwin;
let weather: Awaited<ReturnType<typeof startModern>>;
let adminUrl: string;

const fetchAs = (user: string) => {
  const credentials = running.twin.userCredentials(user);
  return signedFetch({ credentials, region: credentials.region });
};

/** One signed request; a throttled one is sent again. */
const call = async (
  method: string,
  path: string,
  { as = 'operator', query = {}, headers = {}, body }: Sent = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly json: Fields }> => {
  const url = new URL(`${running.twin.url}${path}`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  for (;;) {
    const response = await fetchAs(as)(url, {
      method,
      headers: {
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const json = (await response.json()) as Fields;
    if (response.status !== 429)
      return { status: response.status, headers: response.headers, json };
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
};

const addTenant = async (tenant: string): Promise<string> => {
  await call('POST', '/admin/tenants', { body: { tenant, plan: 'premium' } });
  const { json } = await call('POST', `/admin/tenants/${tenant}/keys`, { body: { name: 'test' } });
  return String(json['key']);
};

const idOf = (key: string): string => key.split('_')[2]?.slice(0, 8) ?? '';

const search = (key: string) =>
  post(running.mcpUrl, callOf('search', { query: 'key' }), bearer(key));

/** The records in the log of the admin function. */
const audited = async (): Promise<readonly Fields[]> => {
  // Lines reach the disk within 20 ms.
  await new Promise((resolve) => setTimeout(resolve, 200));
  const directory = join(running.stateDirectory, 'logs');
  const file = readdirSync(directory).find((name) => /AdminFunction.*\.log$/u.test(name)) ?? '';
  return readFileSync(join(directory, file), 'utf8')
    .split('\n')
    .filter((line) => line.includes('"type":"audit"'))
    .map((line) => JSON.parse(line) as Fields);
};

beforeAll(async () => {
  running = await runTwin();
  weather = await startModern({});
  adminUrl = `${running.twin.url}/admin`;
  await addTenant('beta');
  const { arn } = running.twin.userCredentials('beta-admin');
  await addPrincipal(running.admin, { arn, tenant: 'beta', role: 'admin' });
  const user = running.twin.userCredentials('beta-user');
  await addPrincipal(running.admin, { arn: user.arn, tenant: 'beta', role: 'user' });
});
afterAll(async () => {
  await weather.close();
  await running[Symbol.asyncDispose]();
});

it('a tenant is created, its key calls a tool, and is refused from the moment that it is revoked', async () => {
  const key = await addTenant('lifecycle');
  expect((await search(key)).status).toBe(200);
  const revoked = await call('POST', `/admin/keys/${idOf(key)}/revoke`);
  expect(revoked).toMatchObject({ status: 200, json: { status: 'revoked' } });
  expect(await search(key)).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } });
});

it('a tenant that is suspended calls nothing, until it is resumed', async () => {
  const key = await addTenant('paused');
  expect((await search(key)).status).toBe(200);
  const set = (status: string) => call('PATCH', '/admin/tenants/paused', { body: { status } });
  expect(await set('suspended')).toMatchObject({ status: 200, json: { rewrittenKeys: 1 } });
  expect((await search(key)).status).toBeGreaterThanOrEqual(400);
  expect(await set('active')).toMatchObject({ status: 200, json: { status: 'active' } });
  await expect.poll(async () => (await search(key)).status, { timeout: 10_000 }).toBe(200);
});

describe('every route', () => {
  let keyId: string;
  beforeAll(async () => {
    keyId = idOf(await addTenant('acme'));
    const text = 'permit(principal, action, resource);';
    await call('PUT', '/admin/tenants/acme/policies', { body: { text } });
    for (const [name, role] of [
      ['acme-admin', 'admin'],
      ['acme-user', 'user'],
    ] as const) {
      const { arn } = running.twin.userCredentials(name);
      await call('POST', '/admin/principals', { body: { arn, tenant: 'acme', role } });
    }
  });

  const bodies: Readonly<Record<string, () => unknown>> = {
    'POST /admin/tenants': () => ({ tenant: 'gamma', plan: 'premium' }),
    'PATCH /admin/tenants/{tenant}': () => ({ plan: 'standard' }),
    'PUT /admin/upstreams/{name}': () => ({ url: weather.url }),
  };
  const hasWeather = /upstreams\/weather(?:\/check)?$|pins/u;

  it.each(adminRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s works through API Gateway, with the rights of the function’s role',
    async (name, route) => {
      const example = examples[name];
      if (example === undefined) throw new Error(`no example of ${name}`);
      const path = example.path ?? route.path.replace('{tenant}', 'acme').replace('{keyId}', keyId);
      if (route.method !== 'PUT' && hasWeather.test(path)) {
        const put = await call('PUT', '/admin/upstreams/weather', { body: { url: weather.url } });
        expect(put.json).toMatchObject({ check: { state: 'ok' } });
      }
      const { arn } = running.twin.userCredentials('acme-user');
      const query = {
        ...(example.query as Sent['query']),
        ...(route.path === '/admin/principal' ? { arn } : {}),
      };
      const pins = await running.admin.upstreams.getPins('*', 'weather');
      const body = name.endsWith('/approve')
        ? { tools: pins?.tools }
        : (bodies[name]?.() ?? example.body);
      const answer = await call(route.method, path, { query, body });
      expect(answer.status, JSON.stringify(answer.json)).toBe(example.status);
      expect(answer.headers.get('cache-control')).toBe('no-store');
      const requestId = answer.headers.get('x-amzn-requestid');
      const records = (await audited()).filter((record) => record['requestId'] === requestId);
      expect(records).toMatchObject([
        {
          method: `admin/${route.operation}`,
          subject: 'iam:000000000000:user/operator',
          outcome: 'ok',
          httpStatus: example.status,
          chain: { seq: expect.any(Number) as number, mac: expect.any(String) as string },
        },
      ]);
      expect(running.refusals).toEqual([]);
      expect(running.problems).toEqual([]);
    },
  );

  it('the units of a tenant by tool come from the audit log', async () => {
    const key = await addTenant('counted');
    await search(key);
    const query = { tenant: 'counted', by: 'tool' };
    await expect
      .poll(async () => (await call('GET', '/admin/usage', { query })).json['items'])
      .toMatchObject([{ of: 'search', calls: 1, units: 1, errors: 0 }]);
    expect(running.refusals).toEqual([]);
  });
});

describe('who may call', () => {
  const refused = (status: number, code: string) => ({ status, json: { code } });

  it('nobody without a signature, nor with a key', async () => {
    const key = await addTenant('keyed');
    for (const headers of [{}, bearer(key)]) {
      const response = await fetch(`${adminUrl}/tenants`, { headers });
      expect([401, 403, 404]).toContain(response.status);
    }
  });

  it.each(['nobody', 'beta-user'])('%s is refused, and recorded', async (as) => {
    for (const path of ['/admin', '/admin/tenants/beta', '/admin/nothing']) {
      const answer = await call('GET', path, { as });
      expect(answer).toMatchObject(refused(403, 'FORBIDDEN'));
      const id = answer.headers.get('x-amzn-requestid');
      const records = (await audited()).filter(({ requestId }) => requestId === id);
      expect(records).toMatchObject([
        {
          method: 'admin/caller.identify',
          subject: `iam:000000000000:user/${as}`,
          decision: 'deny',
          httpStatus: 403,
        },
      ]);
    }
  });

  it('a tenant’s admin operates its tenant, and finds no other', async () => {
    const as = 'beta-admin';
    const own = await call('POST', '/admin/tenants/beta/keys', { as, body: { name: 'own' } });
    expect(own.status).toBe(201);
    expect((await search(String(own.json['key']))).status).toBe(200);
    const tenants = await call('GET', '/admin/tenants', { as });
    expect(tenants.json['items']).toMatchObject([{ tenant: 'beta' }]);
    const other = idOf(await addTenant('other'));
    for (const [method, path, body] of [
      ['GET', '/admin/tenants/other', undefined],
      ['POST', '/admin/tenants/other/keys', { name: 'x' }],
      ['POST', `/admin/keys/${other}/revoke`, undefined],
      ['PUT', '/admin/tenants/other/policies', { text: '' }],
      ['GET', '/admin/usage?tenant=other', undefined],
    ] as const) {
      expect((await call(method, path, { as, body })).status).toBe(404);
    }
    expect(
      await call('POST', '/admin/tenants', { as, body: { tenant: 'x', plan: 'free' } }),
    ).toMatchObject(refused(403, 'FORBIDDEN'));
    expect((await call('GET', `/admin/keys/${other}`)).json).toMatchObject({ status: 'active' });
  });
});

it('what is not there is told as JSON', async () => {
  expect(await call('GET', '/admin/nothing')).toMatchObject({
    status: 404,
    json: { code: 'NOT_FOUND' },
  });
  const wrong = await call('DELETE', '/admin/tenants');
  expect(wrong).toMatchObject({ status: 405, json: { code: 'METHOD_NOT_ALLOWED' } });
  expect(wrong.headers.get('allow')).toBe('GET, POST');
});

it('the commands of content/admin-api.md work with curl', async () => {
  const page = readFileSync(join(import.meta.dirname, '../../content/admin-api.md'), 'utf8');
  const [, script] = /^```sh\n(ADMIN=[\s\S]*?)^```$/mu.exec(page) ?? [];
  if (script === undefined) throw new Error('the page has no script');
  const { accessKeyId, secretAccessKey, region } = running.twin.operator;
  const { stdout } = await promisify(execFile)('bash', ['-euc', script], {
    env: {
      PATH: process.env['PATH'],
      ADMIN_URL: adminUrl,
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Fields);
  expect(answers).toMatchObject([
    { tenant: 'initech', plan: 'standard' },
    { tenant: 'initech', key: expect.stringMatching(/^smcp_initech_/u) as string },
    { tenant: 'initech', status: 'suspended' },
  ]);
});

it('no key of the whole run is written down', async () => {
  const key = await addTenant('canary');
  await call('GET', `/admin/keys/${key}`);
  await running.stop();
  expect(running.everythingWritten()).not.toContain(key);
});
