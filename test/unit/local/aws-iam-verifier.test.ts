import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import { sign } from 'aws4';
import { describe, expect, it } from 'vitest';
import { Authorizer } from '../../../local/aws/authorization.ts';
import { LocalCredentials } from '../../../local/aws/credentials.ts';
import { createIamVerifier } from '../../../local/aws/iam-verifier.ts';
import type { IamRequest } from '../../../local/gateway/iam.ts';
import { signedFetch } from '../../../src/signing/signed-fetch.ts';

const accountId = '123456789012';
const region = 'us-east-1';
const now = Date.UTC(2026, 10, 21, 12);
const roleArn = `arn:aws:iam::${accountId}:role/Ci`;
const methodArn = `arn:aws:execute-api:${region}:${accountId}:api123/live/POST/ci/mcp`;
const body = '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';

const policyOn = (Resource: string, Effect = 'Allow') => ({
  name: 'ci',
  policy: {
    Version: '2012-10-17',
    Statement: [{ Effect, Action: 'execute-api:Invoke', Resource }],
  },
});

const aVerifier = (policies = [policyOn(methodArn)]) => {
  const credentials = new LocalCredentials(accountId, () => policies);
  const key = credentials.forRole({ roleArn, sessionName: 'job', displayName: 'Test/CiRole' });
  const verify = createIamVerifier({
    accountId,
    region,
    credentials,
    authorizer: new Authorizer({ accountId, region }),
    now: () => now,
  });
  return { verify, key, credentials };
};

interface Key {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

interface Signing {
  readonly service?: string;
  readonly region?: string;
  readonly at?: number;
  readonly query?: string;
}

/** What API Gateway would see of a request that signedFetch sends. */
const signedRequest = async (key: Key, signing: Signing = {}): Promise<IamRequest> => {
  const { accessKeyId, secretAccessKey, sessionToken } = key;
  const sent: IamRequest[] = [];
  const fetching = signedFetch({
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    region: signing.region ?? region,
    service: signing.service ?? 'execute-api',
    now: () => new Date(signing.at ?? now),
    fetch: async (input, init) => {
      const url = new URL(input);
      const headers = new Headers(init?.headers);
      sent.push({
        method: init?.method ?? 'GET',
        path: url.pathname,
        queryString: url.search.slice(1),
        rawHeaders: ['Host', url.host, ...[...headers].flat()],
        body: Buffer.from(init?.body as Uint8Array),
        methodArn,
      });
      return new Response();
    },
  });
  await fetching(`https://api.test/ci/mcp${signing.query ?? ''}`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Mcp-Method': 'tools/list' },
    body,
  });
  const [request] = sent;
  if (request === undefined) throw new Error('nothing was sent');
  return request;
};

const replaceHeader = (request: IamRequest, name: string, value?: string): IamRequest => ({
  ...request,
  rawHeaders: request.rawHeaders.flatMap((text, index, all) => {
    if (index % 2 === 1) return [];
    if (text.toLowerCase() !== name) return [text, all[index + 1] ?? ''];
    return value === undefined ? [] : [text, value];
  }),
});

describe('a caller that is let in', () => {
  it('has the identity that API Gateway gives a role’s session', async () => {
    const { verify, key } = aVerifier();
    expect(await verify(await signedRequest(key))).toEqual({
      kind: 'allowed',
      identity: {
        accessKey: key.accessKeyId,
        accountId,
        caller: expect.stringMatching(/^AROA[A-Z0-9]{17}:job$/) as string,
        user: expect.stringMatching(/^AROA[A-Z0-9]{17}:job$/) as string,
        userArn: `arn:aws:sts::${accountId}:assumed-role/Ci/job`,
      },
    });
  });

  it('may be a user', async () => {
    const { verify, credentials } = aVerifier();
    expect(await verify(await signedRequest(credentials.forOperator()))).toMatchObject({
      kind: 'allowed',
      identity: {
        userArn: `arn:aws:iam::${accountId}:user/operator`,
        caller: expect.stringMatching(/^AIDA[A-Z0-9]{17}$/) as string,
      },
    });
  });

  it.each(['?a=1&b=2', '?b=2&a=1&a=0', '?q=a+b%20c%2B', "?x=(1)*'!~&empty=&none"])(
    'may send the query %s',
    async (query) => {
      const { verify, key } = aVerifier();
      expect(await verify(await signedRequest(key, { query }))).toMatchObject({ kind: 'allowed' });
    },
  );

  it('may sign with aws4', async () => {
    const { key } = aVerifier();
    const verify = createIamVerifier({
      accountId,
      region,
      credentials: { lookup: () => key },
      authorizer: new Authorizer({ accountId, region }),
    });
    const { headers = {} } = sign(
      {
        service: 'execute-api',
        region,
        method: 'POST',
        host: 'api.test',
        path: '/ci/mcp?a=1',
        headers: { 'Content-Type': 'application/json' },
        body,
      },
      key,
    );
    const rawHeaders = Object.entries(headers).flatMap(([name, value]) => [name, String(value)]);
    const request: IamRequest = {
      method: 'POST',
      path: '/ci/mcp',
      queryString: 'a=1',
      rawHeaders,
      body: Buffer.from(body),
      methodArn,
    };
    expect(await verify(request)).toMatchObject({ kind: 'allowed' });
  });

  it('may sign with @smithy/signature-v4, header by header', async () => {
    const { verify, key } = aVerifier();
    const { headers } = await new SignatureV4({
      credentials: { ...key, sessionToken: key.sessionToken ?? '' },
      region,
      service: 'execute-api',
      sha256: Sha256,
    }).sign(
      {
        method: 'POST',
        protocol: 'https:',
        hostname: 'api.test',
        path: '/ci/mcp',
        query: {},
        headers: { host: 'api.test', accept: 'application/json, text/event-stream' },
        body,
      },
      { signingDate: new Date(now) },
    );
    const rawHeaders = Object.entries(headers).flat();
    const request = { method: 'POST', path: '/ci/mcp', queryString: '', rawHeaders, methodArn };
    expect(await verify({ ...request, body: Buffer.from(body) })).toMatchObject({
      kind: 'allowed',
    });
  });
});

describe('a caller that is not', () => {
  const minutes = 60_000;

  it.each<[string, Signing, string]>([
    ['another service', { service: 'lambda' }, 'INVALID_SIGNATURE'],
    ['another region', { region: 'eu-central-1' }, 'INVALID_SIGNATURE'],
    ['more than five minutes ago', { at: now - 5 * minutes - 1000 }, 'INVALID_SIGNATURE'],
    ['more than five minutes ahead', { at: now + 5 * minutes + 1000 }, 'INVALID_SIGNATURE'],
  ])('signed for %s: %s', async (_, signing, type) => {
    const { verify, key } = aVerifier();
    expect(await verify(await signedRequest(key, signing))).toMatchObject({
      kind: 'refused',
      type,
    });
  });

  it.each([-5 * minutes, 5 * minutes])('%d ms off is still let in', async (off) => {
    const { verify, key } = aVerifier();
    expect(await verify(await signedRequest(key, { at: now + off }))).toMatchObject({
      kind: 'allowed',
    });
  });

  it.each<[string, string, (request: IamRequest) => IamRequest]>([
    [
      'no Authorization',
      'MISSING_AUTHENTICATION_TOKEN',
      (sent) => replaceHeader(sent, 'authorization'),
    ],
    [
      'a Bearer key',
      'INVALID_SIGNATURE',
      (sent) => replaceHeader(sent, 'authorization', 'Bearer smcp_a_b'),
    ],
    [
      'a tampered body',
      'INVALID_SIGNATURE',
      (sent) => ({ ...sent, body: Buffer.from(`${body} `) }),
    ],
    ['no body', 'INVALID_SIGNATURE', (sent) => ({ ...sent, body: Buffer.alloc(0) })],
    ['a tampered query', 'INVALID_SIGNATURE', (sent) => ({ ...sent, queryString: 'a=1' })],
    ['a tampered path', 'INVALID_SIGNATURE', (sent) => ({ ...sent, path: '/mcp' })],
    ['another method', 'INVALID_SIGNATURE', (sent) => ({ ...sent, method: 'PUT' })],
    ['another host', 'INVALID_SIGNATURE', (sent) => replaceHeader(sent, 'host', 'evil.test')],
    [
      'another signed header',
      'INVALID_SIGNATURE',
      (sent) => replaceHeader(sent, 'mcp-method', 'tools/call'),
    ],
    [
      'a date that was not signed',
      'INVALID_SIGNATURE',
      (sent) => replaceHeader(sent, 'x-amz-date', '20261121T120001Z'),
    ],
    [
      'no session token',
      'INVALID_SIGNATURE',
      (sent) => replaceHeader(sent, 'x-amz-security-token'),
    ],
    [
      'an x-amz header that is not signed',
      'INVALID_SIGNATURE',
      (sent) => ({
        ...sent,
        rawHeaders: [...sent.rawHeaders, 'X-Amz-Meta', 'x'],
      }),
    ],
    [
      'a signed header twice',
      'INVALID_SIGNATURE',
      (sent) => ({
        ...sent,
        rawHeaders: [...sent.rawHeaders, 'Mcp-Method', 'tools/call'],
      }),
    ],
  ])('%s: %s', async (_, type, tamper) => {
    const { verify, key } = aVerifier();
    expect(await verify(tamper(await signedRequest(key)))).toMatchObject({ kind: 'refused', type });
  });

  it('an unknown key, and a known one with another secret', async () => {
    const { verify, key } = aVerifier();
    const { key: stranger } = aVerifier();
    expect(await verify(await signedRequest(stranger))).toMatchObject({
      type: 'INVALID_SIGNATURE',
    });
    const guessed = { ...key, secretAccessKey: stranger.secretAccessKey };
    expect(await verify(await signedRequest(guessed))).toMatchObject({ type: 'INVALID_SIGNATURE' });
  });

  it.each([
    ['no policy', []],
    ['a policy on another route', [policyOn(methodArn.replace('/ci/mcp', '/mcp'))]],
    ['a policy on another API', [policyOn(methodArn.replace('api123', 'other'))]],
    ['a policy on another stage', [policyOn(methodArn.replace('/live/', '/test/'))]],
    ['an explicit deny', [policyOn(methodArn), policyOn('*', 'Deny')]],
  ])('whose role has %s: ACCESS_DENIED', async (_, policies) => {
    const { verify, key } = aVerifier(policies);
    expect(await verify(await signedRequest(key))).toMatchObject({
      kind: 'refused',
      type: 'ACCESS_DENIED',
      message: expect.stringContaining('execute-api:Invoke') as string,
    });
  });
});
