import { describe, expect, it } from 'vitest';
import { adminRoutes } from '../../lambdas/admin/route-table.ts';
import type { Route } from '../../lambdas/admin/route.ts';
import { examples, type Example } from './admin-http-examples.ts';
import { anAdmin, arns, type Admin, type Answered, type Sent } from './admin-http-fixture.ts';

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** The example of a route, about tenant acme. */
const send = (admin: Admin, route: Route, changes: Sent = {}): Promise<Answered> => {
  const { path, status: _, before: __, answers: ___, ...sent } = exampleOf(route);
  const filled = route.path.replace('{tenant}', 'acme').replace('{keyId}', admin.keyId);
  return admin.call(route.method, path ?? filled, { ...sent, ...changes });
};

const exampleOf = (route: Route): Example => {
  const example = examples[nameOf(route)];
  if (example === undefined) throw new Error(`no example of ${nameOf(route)}`);
  return example;
};

/** What asks about a tenant by name, and so can ask about another one. */
const isAboutATenant = (route: Route): boolean =>
  /\{tenant\}|\{keyId\}|\/(?:principal|explain)$/u.test(route.path) ||
  exampleOf(route).query?.['tenant'] !== undefined;

const routes = adminRoutes.map((route) => [nameOf(route), route] as const);
const ofTenants = routes.filter(([, { access }]) => access === 'tenant');
const ofOperators = routes.filter(([, { access }]) => access === 'operator');

it('there is an example of each route, and of nothing else', () => {
  expect(Object.keys(examples).sort()).toEqual(routes.map(([name]) => name).sort());
  expect(ofTenants.length).toBeGreaterThan(15);
  expect(ofOperators.length).toBeGreaterThan(12);
});

describe.each(routes)('%s', (name, route) => {
  const example = exampleOf(route);

  it('does it for an operator, and leaves one audit record', async () => {
    const admin = await anAdmin();
    await example.before?.(admin);
    const before = admin.records.length;
    const answer = await send(admin, route);
    expect(answer.json).toMatchObject(example.answers);
    expect(answer.status).toBe(example.status);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'no-store',
    });
    expect(admin.records.slice(before)).toMatchObject([
      {
        type: 'audit',
        method: `admin/${route.operation}`,
        subject: 'iam:123456789012:role/platform',
        requestId: 'request-1',
        lane: 'iam',
        outcome: 'ok',
        decision: 'allow',
        httpStatus: example.status,
        resultBytes: Buffer.byteLength(answer.text),
        env: 'test',
        code: null,
      },
    ]);
  });

  it.each([
    ['a principal who is no admin', arns.acmeUser],
    ['a caller who is nobody’s principal', arns.nobody],
    ['an account’s root user', 'arn:aws:iam::123456789012:root'],
    ['a request that nobody signed', null],
  ])('is refused to %s, which is recorded', async (_, as) => {
    const admin = await anAdmin();
    await example.before?.(admin);
    const [before, records] = [admin.snapshot(), admin.records.length];
    const answer = await send(admin, route, { as });
    expect(answer).toMatchObject({
      status: 403,
      json: { code: 'FORBIDDEN', requestId: 'request-1' },
    });
    expect(admin.snapshot()).toEqual(before);
    expect(admin.records.slice(records)).toMatchObject([
      { method: 'admin/caller.identify', decision: 'deny', outcome: 'refused', httpStatus: 403 },
    ]);
  });

  it('takes no field, and no parameter, that it does not know', async () => {
    const admin = await anAdmin();
    await example.before?.(admin);
    const before = admin.snapshot();
    const withQuery = await send(admin, route, { query: { ...example.query, surprise: '1' } });
    expect(withQuery).toMatchObject({ status: 400, json: { code: 'INVALID_INPUT' } });
    expect(withQuery.json.message).toContain('surprise');
    const body = { ...(example.body as object | undefined), surprise: 1 };
    const withField = await send(admin, route, { body });
    expect(withField).toMatchObject({ status: 400, json: { code: 'INVALID_INPUT' } });
    expect(withField.json.message).toContain('surprise');
    expect(admin.snapshot()).toEqual(before);
  });

  if (example.body !== undefined) {
    it('needs its body, as JSON', async () => {
      const admin = await anAdmin();
      await example.before?.(admin);
      const before = admin.snapshot();
      expect(await send(admin, route, { body: undefined })).toMatchObject({
        status: 400,
        json: { code: 'INVALID_REQUEST', message: 'The body is missing' },
      });
      for (const body of ['[1]', '"text"', 'null', '7']) {
        expect(await send(admin, route, { body })).toMatchObject({
          status: 400,
          json: { code: 'INVALID_INPUT' },
        });
      }
      expect(admin.snapshot()).toEqual(before);
    });
  }

  it(`is ${route.access === 'operator' ? 'not ' : ''}in the index of a tenant’s admin`, async () => {
    const admin = await anAdmin();
    const { json } = await admin.call('GET', '/admin', { as: arns.acmeAdmin });
    const listed = (json['items'] as Route[]).map(nameOf);
    expect(listed.includes(name)).toBe(route.access === 'tenant');
    expect(json).toMatchObject({ tenant: 'acme' });
  });
});

describe.each(ofOperators)('%s', (_, route) => {
  it('is refused to a tenant’s admin, of this or of another tenant', async () => {
    for (const as of [arns.acmeAdmin, arns.betaAdmin]) {
      const admin = await anAdmin();
      await exampleOf(route).before?.(admin);
      const [before, records] = [admin.snapshot(), admin.records.length];
      const answer = await send(admin, route, { as });
      expect(answer).toMatchObject({ status: 403, json: { code: 'FORBIDDEN' } });
      expect(admin.snapshot()).toEqual(before);
      expect(admin.records.slice(records)).toMatchObject([
        { method: `admin/${route.operation}`, decision: 'deny', httpStatus: 403 },
      ]);
    }
  });
});

describe.each(ofTenants)('%s', (_, route) => {
  it('does it for the tenant’s own admin', async () => {
    const admin = await anAdmin();
    const answer = await send(admin, route, { as: arns.acmeAdmin });
    expect(answer.status).toBe(exampleOf(route).status);
    expect(admin.records.at(-1)).toMatchObject({
      method: `admin/${route.operation}`,
      tenant: 'acme',
      subject: 'iam:123456789012:role/acme-admin',
      outcome: 'ok',
    });
  });

  it('tells the admin of another tenant nothing, and touches nothing', async () => {
    const admin = await anAdmin();
    const before = admin.snapshot();
    const answer = await send(admin, route, { as: arns.betaAdmin });
    expect(admin.snapshot()).toEqual(before);
    if (isAboutATenant(route)) {
      expect(answer.status).toBe(404);
      // As of one that there is not: not a letter of another tenant's is in it, beside what was sent.
      const absent = JSON.parse(
        answer.text.replaceAll('acme', 'zzzz').replaceAll(admin.keyId, 'zzzzzzzz'),
      ) as object;
      expect(Object.keys(absent).sort()).toEqual(['code', 'message', 'requestId']);
      expect(answer.json.code).toMatch(/_NOT_FOUND$/u);
    } else {
      expect(answer.text).not.toContain('acme');
    }
    expect(admin.records.at(-1)).toMatchObject({ tenant: 'beta' });
  });
});
