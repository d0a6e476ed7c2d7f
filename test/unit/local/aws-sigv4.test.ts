import type { IncomingHttpHeaders } from 'node:http';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { verifySignature, type SignedRequest } from '../../../local/aws/sigv4.ts';

const now = Date.UTC(2026, 10, 21, 12, 0, 0);
const region = 'us-east-1';
const service = 'execute-api';
const credentials = {
  accessKeyId: 'ASIATEST',
  secretAccessKey: 'secret/with+signs',
  sessionToken: 'token==',
};

interface Unsigned {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Record<string, string | string[]>;
  readonly headers?: Record<string, string>;
  readonly body?: string | Uint8Array;
}

const encode = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const sign = async (
  { method = 'POST', path = '/', query = {}, headers = {}, body = '' }: Unsigned,
  options: { applyChecksum?: boolean; at?: number } = {},
): Promise<SignedRequest> => {
  const signer = new SignatureV4({
    credentials,
    region,
    service,
    sha256: Sha256,
    applyChecksum: options.applyChecksum ?? true,
  });
  const signed = await signer.sign(
    {
      method,
      protocol: 'https:',
      hostname: 'api.test',
      path,
      query,
      headers: { host: 'api.test', ...headers },
      body,
    },
    { signingDate: new Date(options.at ?? now) },
  );
  const wire = Object.entries(query)
    .flatMap(([name, value]) => [value].flat().map((one) => `${encode(name)}=${encode(one)}`))
    .join('&');
  return {
    method,
    path,
    query: wire,
    headers: onTheWire(signed.headers),
    body: Buffer.from(body),
  };
};

/** As node:http receives them. */
const onTheWire = (headers: Record<string, string>): IncomingHttpHeaders =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value.trim()]),
  );

const verify = (request: SignedRequest, changes: Record<string, unknown> = {}) =>
  verifySignature(request, {
    service,
    region,
    now,
    credentialsFor: (id) => (id === credentials.accessKeyId ? credentials : undefined),
    ...changes,
  });

const verified = { kind: 'verified', accessKeyId: 'ASIATEST' };
const refused = (reason: string) => ({ kind: 'refused', reason });

describe('verifySignature against @smithy/signature-v4', () => {
  it.each<[string, Unsigned]>([
    ['a bare request', {}],
    ['a body', { body: '{"a":"ü"}' }],
    ['an encoded path', { path: '/prod/ci/mcp/a%20b/%C3%A9' }],
    ['a path that ends in a slash', { path: '/prod/mcp/' }],
    ['dots and repeated slashes', { path: '/a/./b/../c//d' }],
    ['characters that only SigV4 encodes', { path: "/a!b'c(d)e*f~g" }],
    ['a query', { query: { b: '2', a: '1', A: 'x y', é: '+&=' } }],
    ['a repeated parameter', { query: { tag: ['b', 'a', 'c'] } }],
    ['an empty parameter', { query: { flag: '' } }],
    ['headers with spaces', { headers: { 'X-Custom': '  a   b  ', accept: 'application/json' } }],
  ])('accepts %s', async (_name, unsigned) => {
    expect(verify(await sign(unsigned))).toEqual(verified);
    expect(verify(await sign(unsigned, { applyChecksum: false }))).toEqual(verified);
  });

  it('accepts any request that the SDK signs, and none whose parts were changed', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 12 });
    const segment = fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'DELETE'),
        fc.array(segment, { maxLength: 4 }),
        fc.dictionary(
          // The SDK's signer keeps a query in a plain object, and so loses a name like __proto__.
          text.filter((name) => name !== '' && !(name in {})),
          text,
          { maxKeys: 4 },
        ),
        fc.uint8Array({ maxLength: 64 }),
        async (method, segments, query, body) => {
          const path = `/${segments.map(encode).join('/')}`;
          const request = await sign({ method, path, query, body });
          expect(verify(request)).toEqual(verified);
          expect(verify({ ...request, path: `${path}x` }).kind).toBe('refused');
          expect(verify({ ...request, query: `${request.query}&zz=1` }).kind).toBe('refused');
          expect(verify({ ...request, body: Buffer.concat([body, Buffer.from('!')]) }).kind).toBe(
            'refused',
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('verifySignature refuses', () => {
  it('a request without, or with a broken, signature', async () => {
    const request = await sign({ body: 'x' });
    const { authorization, ...bare } = request.headers;
    expect(verify({ ...request, headers: bare })).toEqual(refused('Missing'));
    const broken = { ...request.headers, authorization: 'Bearer smcp_demo' };
    expect(verify({ ...request, headers: broken })).toEqual(refused('Malformed'));
    const flipped = authorization?.replace(/.$/, (c) => (c === '0' ? '1' : '0'));
    expect(verify({ ...request, headers: { ...request.headers, authorization: flipped } })).toEqual(
      refused('InvalidSignature'),
    );
    const undated = { ...request.headers, 'x-amz-date': undefined };
    expect(verify({ ...request, headers: undated })).toEqual(refused('Malformed'));
  });

  it('more than five minutes of skew, in either direction', async () => {
    const minutes = 60_000;
    expect(verify(await sign({}, { at: now - 4.9 * minutes }))).toEqual(verified);
    expect(verify(await sign({}, { at: now + 4.9 * minutes }))).toEqual(verified);
    expect(verify(await sign({}, { at: now - 5.1 * minutes }))).toEqual(refused('Expired'));
    expect(verify(await sign({}, { at: now + 5.1 * minutes }))).toEqual(refused('Expired'));
  });

  it('another service, another region, another key and another session', async () => {
    const request = await sign({});
    expect(verify(request, { service: 'dynamodb' })).toEqual(refused('WrongScope'));
    expect(verify(request, { region: 'eu-west-1' })).toEqual(refused('WrongScope'));
    expect(verify(request, { credentialsFor: () => undefined })).toEqual(refused('UnknownKey'));
    const other = { ...request.headers, 'x-amz-security-token': 'other' };
    expect(verify({ ...request, headers: other })).toEqual(refused('WrongSessionToken'));
    const secret = { ...credentials, secretAccessKey: 'wrong' };
    expect(verify(request, { credentialsFor: () => secret })).toEqual(refused('InvalidSignature'));
  });

  it('an x-amz header that the signature does not cover, and a body that is not the declared one', async () => {
    const request = await sign({ body: 'x' });
    const added = { ...request.headers, 'x-amz-target': 'DynamoDB_20120810.DeleteTable' };
    expect(verify({ ...request, headers: added })).toEqual(refused('UnsignedHeader'));
    expect(verify({ ...request, body: Buffer.from('y') })).toEqual(refused('PayloadMismatch'));
    const unhashed = await sign({ body: 'x' }, { applyChecksum: false });
    expect(verify({ ...unhashed, body: Buffer.from('y') })).toEqual(refused('InvalidSignature'));
  });
});
