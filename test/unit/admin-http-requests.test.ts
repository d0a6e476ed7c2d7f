import { describe, expect, it } from 'vitest';
import { suspendTenant } from '../../src/admin/tenant-status.ts';
import { anAdmin, arns } from './admin-http-fixture.ts';
import { failing, withMethods } from './admin-fixtures.ts';

describe('a request that no route takes', () => {
  it.each(['/admin/nothing', '/admin/tenants/acme/nothing', '/admin/tenants//keys', '/admin//'])(
    'is 404 at %s, and is recorded',
    async (path) => {
      const admin = await anAdmin();
      expect(await admin.call('GET', path)).toMatchObject({
        status: 404,
        json: { code: 'NOT_FOUND', requestId: 'request-1' },
      });
      expect(admin.records.at(-1)).toMatchObject({
        method: 'admin/routes.find',
        decision: 'deny',
        httpStatus: 404,
        code: 'NOT_FOUND',
      });
    },
  );

  it.each([
    ['PUT', '/admin/tenants', 'GET, POST'],
    ['DELETE', '/admin/tenants/acme/keys', 'GET, POST'],
    ['GET', '/admin/keys/abcd1234/rotate', 'POST'],
    ['POST', '/admin', 'GET'],
  ])('%s of %s is 405 with what is allowed', async (method, path, allow) => {
    const { call } = await anAdmin();
    expect(await call(method, path)).toMatchObject({
      status: 405,
      headers: { allow },
      json: { code: 'METHOD_NOT_ALLOWED' },
    });
  });

  it('tells nobody which routes there are', async () => {
    const { call } = await anAdmin();
    for (const [method, path] of [
      ['GET', '/admin/nothing'],
      ['PUT', '/admin/tenants'],
    ] as const) {
      expect((await call(method, path, { as: arns.nobody })).status).toBe(403);
    }
  });

  it('a slash at the end makes no difference', async () => {
    const { call } = await anAdmin();
    expect((await call('GET', '/admin/tenants/acme/')).status).toBe(200);
  });
});

describe('a request that cannot be read', () => {
  const post = (sent: object) => anAdmin().then(({ call }) => call('POST', '/admin/tenants', sent));

  it('is 400 when its body is no JSON, without a word of it', async () => {
    const answer = await post({ body: '{"canary-7f3a' });
    expect(answer).toMatchObject({ status: 400, json: { code: 'PARSE_ERROR' } });
    expect(answer.text).not.toContain('canary');
  });

  it('is 415 when its body is said to be something else', async () => {
    const headers = { 'Content-Type': 'text/plain' };
    expect(await post({ body: '{}', headers })).toMatchObject({
      status: 415,
      json: { code: 'UNSUPPORTED_MEDIA_TYPE' },
    });
  });

  it('is 413 when its body is larger than 200 KB', async () => {
    expect(await post({ body: `"${'x'.repeat(200_000)}"` })).toMatchObject({
      status: 413,
      json: { code: 'REQUEST_TOO_LARGE' },
    });
  });

  it.each([
    [{ tenant: 'Acme', plan: 'free' }, 'tenant'],
    [{ tenant: 'gamma' }, 'plan'],
    [{ tenant: 'gamma', plan: 7 }, 'plan'],
    [{ tenant: 'gamma', plan: 'free', name: 'two\nlines' }, 'name'],
  ])('is 400 for %j, and names the field', async (body, field) => {
    const { status, json } = await post({ body });
    expect({ status, code: json.code }).toEqual({ status: 400, code: 'INVALID_INPUT' });
    expect(json.message).toMatch(new RegExp(`^${field}: `, 'u'));
  });

  it('is 400 when a parameter or a header that counts is sent twice', async () => {
    const { call } = await anAdmin();
    const query = { tenant: ['acme', 'beta'] };
    expect(await call('GET', '/admin/principals', { query })).toMatchObject({
      status: 400,
      json: { code: 'INVALID_REQUEST' },
    });
    const headers = { 'Idempotency-Key': ['a', 'b'] };
    const twice = await call('POST', '/admin/tenants/acme/keys', { body: { name: 'x' }, headers });
    expect(twice).toMatchObject({ status: 400, json: { code: 'INVALID_REQUEST' } });
  });

  it.each(['0', '101', '1.5', 'ten', '-1'])('is 400 with ?limit=%s', async (limit) => {
    const { call } = await anAdmin();
    const { status, json } = await call('GET', '/admin/tenants', { query: { limit } });
    expect({ status, code: json.code }).toEqual({ status: 400, code: 'INVALID_INPUT' });
    expect(json.message).toMatch(/^limit: /u);
  });
});

describe('a list', () => {
  it('comes in pages', async () => {
    const { call } = await anAdmin();
    const first = await call('GET', '/admin/tenants', { query: { limit: '1' } });
    const { cursor } = first.json as { cursor: string };
    const second = await call('GET', '/admin/tenants', { query: { limit: '1', cursor } });
    expect(second.json['items']).toMatchObject([{ tenant: 'beta' }]);
    expect(second.json).not.toHaveProperty('cursor');
  });

  it('takes no cursor of another list', async () => {
    const { call } = await anAdmin();
    const { json } = await call('GET', '/admin/tenants', { query: { limit: '1' } });
    const query = { cursor: String(json['cursor']) };
    expect(await call('GET', '/admin/tenants/acme/keys', { query })).toMatchObject({
      status: 400,
      json: { code: 'INVALID_INPUT', message: 'cursor: is not one that this list returned' },
    });
  });
});

describe('who calls', () => {
  it('is looked up anew for each request: a role that was taken away is gone', async () => {
    const { call } = await anAdmin();
    expect((await call('GET', '/admin', { as: arns.acmeAdmin })).status).toBe(200);
    await call('PATCH', '/admin/principal', {
      query: { arn: arns.acmeAdmin },
      body: { role: 'user' },
    });
    expect((await call('GET', '/admin', { as: arns.acmeAdmin })).status).toBe(403);
  });

  it('the admin of a suspended tenant operates nothing', async () => {
    const { call, ports, lines } = await anAdmin();
    await suspendTenant(ports, 'acme');
    expect((await call('GET', '/admin', { as: arns.acmeAdmin })).status).toBe(403);
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      { event: 'auth.refused', reason: 'tenant', subject: 'iam:123456789012:role/acme-admin' },
    ]);
  });

  it('an operator who is a principal too is an operator', async () => {
    const { call } = await anAdmin();
    await call('POST', '/admin/principals', { body: { arn: arns.operator, tenant: 'acme' } });
    expect((await call('GET', '/admin')).json).toMatchObject({ operator: true });
  });

  it('a registry that cannot be read lets nobody in, and says so in the audit', async () => {
    const admin = await anAdmin(({ registry }) => ({
      registry: withMethods(registry, { getPrincipal: failing('canary-of-the-registry') }),
    }));
    const before = admin.snapshot();
    const answer = await admin.call('POST', '/admin/tenants/acme/keys', {
      as: arns.acmeAdmin,
      body: { name: 'x' },
    });
    expect(answer).toMatchObject({ status: 502, json: { code: 'UPSTREAM_FAILED' } });
    expect(answer.text).not.toContain('canary');
    expect(admin.snapshot()).toEqual(before);
    expect(admin.records.at(-1)).toMatchObject({
      method: 'admin/caller.identify',
      outcome: 'failed',
      httpStatus: 502,
    });
  });
});

describe('what breaks', () => {
  const broken = () =>
    anAdmin(({ registry }) => ({
      registry: withMethods(registry, { listKeys: failing('canary-of-aws', 'AccessDenied') }),
    }));

  it('is told to an operator, and only by its kind to a tenant’s admin', async () => {
    const { call, lines } = await broken();
    const path = '/admin/tenants/acme/keys';
    const forOperator = await call('GET', path);
    expect(forOperator).toMatchObject({ status: 502, json: { code: 'UPSTREAM_DENIED' } });
    expect(forOperator.json.message).toContain('canary-of-aws');
    const forAdmin = await call('GET', path, { as: arns.acmeAdmin });
    expect(forAdmin).toMatchObject({ status: 502, json: { code: 'UPSTREAM_DENIED' } });
    expect(forAdmin.text).not.toContain('canary');
    expect(lines.join('\n')).not.toContain('canary');
    expect(lines).toHaveLength(2);
  });

  it('and is not known is INTERNAL, with a fixed text', async () => {
    const admin = await anAdmin((ports) => ({
      clock: () => {
        if (new Error().stack?.includes('keys.ts') === true) throw new Error('canary-of-a-bug');
        return ports.clock();
      },
    }));
    const answer = await admin.call('GET', `/admin/keys/${admin.keyId}`);
    expect(answer).toMatchObject({
      status: 500,
      json: { code: 'INTERNAL', message: 'Internal error', requestId: 'request-1' },
    });
    expect(admin.lines.join('\n')).not.toContain('canary');
    expect(admin.records.at(-1)).toMatchObject({ outcome: 'failed', httpStatus: 500 });
  });

  it('a request that takes too long is given up in time to be answered and recorded', async () => {
    const admin = await anAdmin(({ registry }) => ({
      registry: withMethods(registry, { listKeys: () => new Promise(() => undefined) }),
    }));
    const answer = await admin.call('GET', '/admin/tenants/acme/keys', { remainingMs: 1_520 });
    expect(answer).toMatchObject({ status: 502, json: { code: 'INCOMPLETE' } });
    expect(admin.records.at(-1)).toMatchObject({
      method: 'admin/keys.list',
      outcome: 'failed',
      httpStatus: 502,
    });
  });
});

describe('what is written down', () => {
  it('has no body, key or header in it, and a new key is in one answer only', async () => {
    const admin = await anAdmin();
    const created = await admin.call('POST', '/admin/tenants/acme/keys', {
      body: { name: 'canary-name' },
      headers: { 'X-Canary': 'canary-header' },
    });
    const key = String(created.json['key']);
    expect(key).toMatch(/^smcp_acme_/u);
    const rotated = await admin.call(
      'POST',
      `/admin/keys/${created.json['keyId'] as string}/rotate`,
      {
        body: {},
      },
    );
    const list = await admin.call('GET', '/admin/tenants/acme/keys');
    await admin.call('POST', `/admin/keys/${key}/revoke`);
    expect(created.text.split(key)).toHaveLength(2);
    const written = JSON.stringify([admin.records, admin.lines]);
    for (const text of [written, rotated.text, list.text]) expect(text).not.toContain(key);
    expect(written).not.toContain(String(rotated.json['key']));
    expect(written).not.toContain('canary');
    expect(list.text).not.toMatch(/"(?:hash|usageKey|pepperVersion)"/u);
  });

  it('names what was operated on, and whose it is', async () => {
    const admin = await anAdmin();
    await admin.call('POST', `/admin/keys/${admin.keyId}/revoke`);
    await admin.call('POST', '/admin/tenants', { body: { tenant: 'gamma', plan: 'free' } });
    const arn = 'arn:aws:iam::123456789012:role/new';
    await admin.call('POST', '/admin/principals', { body: { arn, tenant: 'acme' } });
    await admin.call('GET', '/admin/tenants', {
      headers: { 'X-Amzn-Trace-Id': 'Root=1-67891233-abcdef012345678912345678' },
    });
    expect(admin.records.slice(-4)).toMatchObject([
      { method: 'admin/keys.revoke', target: admin.keyId, tenant: 'acme' },
      { method: 'admin/tenants.create', target: 'gamma', tenant: 'gamma' },
      { method: 'admin/principals.add', target: arn, tenant: 'acme' },
      { target: null, tenant: null, traceId: '1-67891233-abcdef012345678912345678' },
    ]);
  });
});
