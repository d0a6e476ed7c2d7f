import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { addPrincipal } from '../../src/admin/principals.ts';
import { signedFetch } from '../../src/signing/signed-fetch.ts';
import { redirectUrl } from './support/oauth-application.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';
import { machineClient, signIn } from './support/sign-in.ts';

// `demo` is the tenant of the pool's demo user and of its machine client (config/local.json).
const tenant = 'demo';
const search = callOf('search', { query: 'usage plan' });

let running: RunningTwin;
let key: string;
beforeAll(async () => {
  running = await runTwin();
  key = await running.keyOn('premium', tenant);
});
afterAll(() => running[Symbol.asyncDispose]());

const grant = async (
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const response = await fetch(`${running.twin.url}/oauth/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  const { access_token: token } = (await response.json()) as { access_token?: string };
  return token ?? expect.fail(`no token: ${response.status}`);
};

const machineToken = (): Promise<string> => {
  const { clientId, clientSecret } = machineClient(running);
  const basic = Buffer.from(`${clientId}:${clientSecret}`).toString('base64');
  return grant(
    { grant_type: 'client_credentials', scope: 'drawbridge/mcp' },
    { authorization: `Basic ${basic}` },
  );
};

/** Registers, and signs the demo user in. */
const userToken = async (): Promise<string> => {
  const registered = await post(`${running.twin.url}/oauth/register`, {
    redirect_uris: [redirectUrl],
    token_endpoint_auth_method: 'none',
  });
  const { client_id } = JSON.parse(registered.text) as { client_id: string };
  const code_verifier = randomBytes(32).toString('base64url');
  const asked = { client_id, redirect_uri: redirectUrl, resource: running.mcpUrl };
  const query = new URLSearchParams({
    ...asked,
    response_type: 'code',
    scope: 'drawbridge/mcp',
    state: 'state-of-the-client',
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const { url } = await signIn(
    running,
    new URL(`${running.twin.url}/oauth/authorize?${query.toString()}`),
  );
  const code = url.searchParams.get('code') ?? expect.fail(`no code: ${url.href}`);
  return grant({ ...asked, grant_type: 'authorization_code', code, code_verifier });
};

/** One call as a signed job. @returns the request's id. */
const callAsJob = async (): Promise<string> => {
  const ci = running.twin.ciRole ?? expect.fail('the template has no CiRole');
  await addPrincipal(running.admin, { arn: ci.roleArn, tenant, role: 'readonly' });
  const response = await signedFetch({ credentials: ci, region: ci.region })(
    `${running.twin.url}/ci/mcp`,
    {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(search),
    },
  );
  expect(response.status).toBe(200);
  return response.headers.get('x-amzn-requestid') ?? expect.fail('no request id');
};

const callWith = async (token: string): Promise<string> => {
  const answer = await post(running.mcpUrl, search, bearer(token));
  expect(answer.status).toBe(200);
  return answer.headers.get('x-amzn-requestid') ?? expect.fail('no request id');
};

interface Caller {
  readonly requestId: string;
  readonly tenant: string;
  readonly subject: string;
  readonly lane: string;
  readonly keyId: string | null;
  readonly outcome: string;
}

/** The audit records of these requests, in their order. */
const auditOf = (requestIds: readonly string[]): readonly (Caller | undefined)[] => {
  const records = running
    .everythingWritten()
    .split('\n')
    .filter((line) => line.startsWith('{"type":"audit"'))
    .map((line) => JSON.parse(line) as Caller);
  return requestIds.map((id) => records.find(({ requestId }) => requestId === id));
};

it('a key, a user, a machine client and a signed job of one tenant are four subjects of it in the audit', async () => {
  const [person, machine] = [await userToken(), await machineToken()];
  const requestIds = [
    await callWith(key),
    await callWith(person),
    await callWith(machine),
    await callAsJob(),
  ];
  await expect.poll(() => auditOf(requestIds)).not.toContain(undefined);

  const keyId = /^smcp_demo_(.{8})/.exec(key)?.[1];
  const { clientId } = machineClient(running);
  const [, account, role] =
    /^arn:aws:iam::(\d{12}):role\/(.+)$/.exec(running.twin.ciRole?.roleArn ?? '') ?? [];
  const sub = expect.stringMatching(/^jwt:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/) as string;
  const common = { tenant, outcome: 'ok' };
  expect(auditOf(requestIds)).toMatchObject([
    { ...common, lane: 'key', subject: `key:${keyId}`, keyId },
    { ...common, lane: 'jwt', subject: sub, keyId: null },
    { ...common, lane: 'jwt', subject: `client:${clientId}`, keyId: null },
    { ...common, lane: 'iam', subject: `iam:${account}:role/${role}`, keyId: null },
  ]);
  expect(new Set(auditOf(requestIds).map((record) => record?.subject)).size).toBe(4);
});
