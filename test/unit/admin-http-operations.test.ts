import { describe, expect, it } from 'vitest';
import { hashTools } from '../../src/upstreams/pins.ts';
import { putWeather } from './admin-http-examples.ts';
import { anAdmin, arns } from './admin-http-fixture.ts';
import { aTool } from './admin-fixtures.ts';

describe('PATCH /admin/tenants/{tenant}', () => {
  const path = '/admin/tenants/acme';

  it.each([{}, { plan: 'pro', name: 'Acme' }])(
    'takes one change at a time, not %j',
    async (body) => {
      const { call, snapshot } = await anAdmin();
      const before = snapshot();
      expect(await call('PATCH', path, { body })).toMatchObject({
        status: 400,
        json: { message: 'give exactly one of plan, name and status' },
      });
      expect(snapshot()).toEqual(before);
    },
  );

  it('suspends, and resumes', async () => {
    const { call, ports, keyId } = await anAdmin();
    const suspended = await call('PATCH', path, { body: { status: 'suspended' } });
    expect(suspended.json).toMatchObject({ status: 'suspended', changed: true, rewrittenKeys: 1 });
    expect(await ports.standing.standings('acme')).toMatchObject([{ suspended: true }]);
    expect((await call('GET', `/admin/keys/${keyId}`)).json).toMatchObject({ suspended: true });
    await call('PATCH', path, { body: { status: 'active' } });
    expect(await ports.standing.standings('acme')).toMatchObject([{ suspended: false }]);
  });

  it('with If-Match changes only the revision that was seen', async () => {
    const { call, snapshot } = await anAdmin();
    const seen = (await call('GET', path)).headers['etag'] ?? '';
    expect(seen).toBe('"2"');
    const change = (name: string, ifMatch: string) =>
      call('PATCH', path, { body: { name }, headers: { 'If-Match': ifMatch } });
    const changed = await change('First', seen);
    expect(changed).toMatchObject({ status: 200, headers: { etag: '"3"' } });
    const before = snapshot();
    expect(await change('Second', seen)).toMatchObject({ status: 409, json: { code: 'CONFLICT' } });
    expect(await change('Third', '3')).toMatchObject({ status: 400 });
    expect(await change('Fourth', '*')).toMatchObject({ status: 400 });
    expect(snapshot()).toEqual(before);
  });

  it.each([{ plan: 'pro' }, { status: 'suspended' }, { status: 'active' }])(
    'with an If-Match of before, %j is not done in part either',
    async (body) => {
      const { call, snapshot } = await anAdmin();
      const before = snapshot();
      const headers = { 'If-Match': '"1"' };
      expect(await call('PATCH', path, { body, headers })).toMatchObject({ status: 409 });
      expect(snapshot()).toEqual(before);
    },
  );

  it('an unknown plan is 422, with those there are', async () => {
    const { call } = await anAdmin();
    expect(await call('PATCH', path, { body: { plan: 'gold' } })).toMatchObject({
      status: 422,
      json: { code: 'PLAN_UNKNOWN' },
    });
  });
});

describe('POST /admin/tenants/{tenant}/keys', () => {
  const path = '/admin/tenants/acme/keys';
  const headers = { 'Idempotency-Key': 'deploy-17' };

  it('with an Idempotency-Key makes one key, which the first answer alone shows', async () => {
    const { call } = await anAdmin();
    const first = await call('POST', path, { body: { name: 'ci-2' }, headers });
    const again = await call('POST', path, { body: { name: 'ci-2' }, headers });
    expect(first.status).toBe(201);
    expect(again.status).toBe(200);
    expect(again.json['keyId']).toBe(first.json['keyId']);
    expect(again.json).not.toHaveProperty('key');
    const list = await call('GET', path);
    expect(list.json['items']).toHaveLength(2);
  });

  it('with one that made another key is 409', async () => {
    const { call } = await anAdmin();
    await call('POST', path, { body: { name: 'ci-2' }, headers });
    expect(await call('POST', path, { body: { name: 'other' }, headers })).toMatchObject({
      status: 409,
      json: { code: 'CONFLICT' },
    });
  });

  it.each([
    [{ name: 'x', cidrs: ['10.0.0.0/33'] }, 'cidrs.0'],
    [{ name: 'x', role: 'root' }, 'role'],
    [{ name: 'x', expiresAt: 'tomorrow' }, 'expiresAt'],
  ])('is 400 for %j, and names the field', async (body, field) => {
    const { call } = await anAdmin();
    const { status, json } = await call('POST', path, { body });
    expect(status).toBe(400);
    expect(json.message).toMatch(new RegExp(`^${field}: `, 'u'));
  });

  it('a whole key in the place of its id is refused, and not repeated', async () => {
    const { call } = await anAdmin();
    const { json } = await call('POST', path, { body: { name: 'x' } });
    const answer = await call('GET', `/admin/keys/${json['key'] as string}`);
    expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_INPUT' } });
    expect(answer.text).not.toContain(String(json['key']));
  });
});

describe('principals', () => {
  it('a tenant’s admin cannot claim a role, whosever it is', async () => {
    const { call, snapshot } = await anAdmin();
    const before = snapshot();
    const body = { arn: 'arn:aws:iam::123456789012:role/free', tenant: 'acme' };
    expect((await call('POST', '/admin/principals', { as: arns.acmeAdmin, body })).status).toBe(
      403,
    );
    expect(snapshot()).toEqual(before);
  });

  it('adding one again is 200, and as another role 409', async () => {
    const { call, at } = await anAdmin();
    at.now += 1_000;
    const add = (role: string) =>
      call('POST', '/admin/principals', { body: { arn: arns.acmeUser, tenant: 'acme', role } });
    expect((await add('user')).status).toBe(200);
    expect(await add('admin')).toMatchObject({ status: 409, json: { code: 'PRINCIPAL_EXISTS' } });
  });

  it('an operator says whose it wants to see', async () => {
    const { call } = await anAdmin();
    expect(await call('GET', '/admin/principals')).toMatchObject({
      status: 400,
      json: { message: 'tenant: give a tenant, as in ?tenant=acme' },
    });
  });
});

describe('policies', () => {
  const path = '/admin/tenants/acme/policies';

  it('that are not valid are 422, and those in force stay', async () => {
    const { call, snapshot } = await anAdmin();
    const before = snapshot();
    const answer = await call('PUT', path, { body: { text: 'nonsense' } });
    expect(answer).toMatchObject({ status: 422, json: { code: 'POLICY_INVALID' } });
    expect(answer.json.message).toContain('line 1, column 1: nothing is permitted');
    expect(snapshot()).toEqual(before);
  });

  it('with If-Match replace only the version that was seen', async () => {
    const { call } = await anAdmin();
    const put = (ifMatch: string) =>
      call('PUT', path, {
        body: { text: `permit(principal, action, resource); // ${ifMatch}` },
        headers: { 'If-Match': ifMatch },
      });
    expect(await put('"1"')).toMatchObject({ status: 200, headers: { etag: '"2"' } });
    expect(await put('"1"')).toMatchObject({ status: 409, json: { code: 'CONFLICT' } });
    const first = await call('GET', path, { query: { version: '1' } });
    expect(first.json).toMatchObject({ version: 1, inForce: false });
  });

  it('are tried with a text that nobody has put in force', async () => {
    const { call, snapshot } = await anAdmin();
    const before = snapshot();
    const cases = [{ tool: 'erase', expect: 'allow' }];
    const body = { text: 'permit(principal, action, resource);', cases };
    expect((await call('POST', `${path}/test`, { body })).json).toMatchObject({
      failed: 1,
      results: [{ decision: { kind: 'deny', policyId: 'policy:p' }, passed: false }],
    });
    const wrong = { ...body, text: 'nonsense' };
    expect((await call('POST', `${path}/test`, { body: wrong })).status).toBe(422);
    expect(snapshot()).toEqual(before);
  });
});

describe('GET /admin/usage', () => {
  it('of all tenants is an operator’s; a tenant’s admin gets its own', async () => {
    const { call } = await anAdmin();
    const all = await call('GET', '/admin/usage');
    expect(all.json['items']).toMatchObject([{ tenant: 'acme' }, { tenant: 'beta' }]);
    const own = await call('GET', '/admin/usage', { as: arns.acmeAdmin });
    expect(own.json).toMatchObject({ tenant: 'acme', plan: 'free' });
  });

  it('by key, tool or day asks the audit, and a tenant’s admin about its own tenant only', async () => {
    const { call, asked } = await anAdmin();
    const query = { by: 'tool', from: '2026-11-20', to: '2026-11-21' };
    await call('GET', '/admin/usage', { query });
    const { json } = await call('GET', '/admin/usage', { as: arns.acmeAdmin, query });
    expect(asked.map(({ tenant }) => tenant)).toEqual([undefined, 'acme']);
    expect(json).toEqual({
      tenant: 'acme',
      by: 'tool',
      from: '2026-11-20T00:00:00.000Z',
      to: '2026-11-21T00:00:00.000Z',
      items: [{ of: 'search', calls: 3, units: 3, errors: 1 }],
    });
  });

  it.each([{ from: '2026-11-20' }, { key: 'abcd1234' }, { by: 'hour' }, { by: 'day', from: 'x' }])(
    'is 400 for %j',
    async (query) => {
      const { call } = await anAdmin();
      expect((await call('GET', '/admin/usage', { query })).status).toBe(400);
    },
  );
});

describe('servers', () => {
  it.each([
    ['a stdio server', { command: 'npx', args: ['-y', 'a-server@1.0.0'] }],
    ['an OpenAPI document of the project', { openapi: 'api.json', baseUrl: 'https://a.example' }],
  ])('%s is 422, with what to do', async (_, body) => {
    const { call, snapshot } = await anAdmin();
    const before = snapshot();
    const answer = await call('PUT', '/admin/upstreams/new', { body });
    expect(answer).toMatchObject({ status: 422, json: { code: 'CONFIG_INVALID' } });
    expect(answer.json.message).toContain('npx drawbridge upstreams');
    expect(snapshot()).toEqual(before);
  });

  it.each(['POST /admin/upstreams/everything/check', 'GET /admin/pins/everything'])(
    '%s of a deployed entry is 422',
    async (name) => {
      const { call } = await anAdmin();
      const [method = '', path = ''] = name.split(' ');
      expect(await call(method, path)).toMatchObject({
        status: 422,
        json: { code: 'CONFIG_INVALID' },
      });
    },
  );

  it.each([
    [{ url: 'http://weather.example.com/mcp' }, 'https://'],
    [{ url: 'https://127.0.0.1/mcp' }, 'is the machine itself'],
    [{ url: 'https://w.example.com', headers: { A: '${secret:other}' } }, 'no secret "other"'],
    [{ url: 'https://w.example.com', tenants: ['acme'] }, '?scope='],
    [{ mcpServers: {} }, 'one server'],
  ])('%j is refused', async (body, why) => {
    const { call, snapshot } = await anAdmin();
    const before = snapshot();
    const answer = await call('PUT', '/admin/upstreams/new', { body });
    expect(answer).toMatchObject({ status: 400, json: { code: 'INVALID_INPUT' } });
    expect(answer.json.message).toContain(why);
    expect(snapshot()).toEqual(before);
  });

  it('PUT again changes it: 200', async () => {
    const admin = await anAdmin();
    expect((await putWeather(admin)).status).toBe(201);
    expect((await putWeather(admin)).status).toBe(200);
  });

  it('tools are approved as they were shown, not as they have become', async () => {
    const admin = await anAdmin();
    await putWeather(admin);
    admin.probe.servers.set('weather', [aTool('forecast', { description: 'Seen.' })]);
    const shown = await admin.call('GET', '/admin/pins/weather');
    const [{ changed }] = shown.json['items'] as [{ changed: [{ name: string; hash: string }] }];
    expect(changed).toMatchObject([{ name: 'forecast', now: { description: 'Seen.' } }]);
    const approve = () =>
      admin.call('POST', '/admin/pins/weather/approve', {
        body: { tools: { forecast: changed[0].hash } },
      });
    admin.probe.servers.set('weather', [aTool('forecast', { description: 'Swapped.' })]);
    expect(await approve()).toMatchObject({ status: 409, json: { code: 'CONFLICT' } });
    const seen = [aTool('forecast', { description: 'Seen.' })];
    admin.probe.servers.set('weather', seen);
    expect((await approve()).json).toMatchObject({ approved: ['forecast'] });
    const pins = await admin.ports.upstreams.getPins('*', 'weather');
    expect(pins?.tools).toEqual(Object.fromEntries(hashTools(seen).hashes));
  });

  it('tools of a server that does not answer are not approved', async () => {
    const admin = await anAdmin();
    await putWeather(admin);
    admin.probe.servers.delete('weather');
    const body = { tools: { forecast: null } };
    expect(await admin.call('POST', '/admin/pins/weather/approve', { body })).toMatchObject({
      status: 503,
      json: { code: 'UPSTREAM_UNREACHABLE' },
    });
  });
});

describe('the doctor', () => {
  it('says what differs, and mends it', async () => {
    const { call, ports } = await anAdmin();
    await ports.standing.suspend('acme');
    const found = await call('GET', '/admin/doctor');
    expect(found.json['items']).toMatchObject([{ tenant: 'acme', kind: 'standing-status' }]);
    const mended = await call('POST', '/admin/doctor');
    expect(mended.json['items']).toMatchObject([{ kind: 'standing-status', mended: true }]);
    expect((await call('GET', '/admin/doctor')).json['items']).toEqual([]);
  });
});
