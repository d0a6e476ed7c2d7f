import assert from 'node:assert/strict';
import aws4 from 'aws4';
import fc from 'fast-check';
import { canonicalPath, canonicalQuery } from '../../../local/aws/sigv4-canonical.ts';
import {
  parseAuthorization,
  verifySignature,
  type SignedRequest,
} from '../../../local/aws/sigv4.ts';
import { mutated, target, textOf, type FuzzTarget } from '../target.ts';

const credentials = { accessKeyId: 'ASIATEST', secretAccessKey: 'secret/with+signs' };
const [service, region] = ['execute-api', 'us-east-1'] as const;

const strictly = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/gu,
    (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`,
  );

const signed = (path: string, query: string, body: string): SignedRequest => {
  const request = aws4.sign(
    {
      method: 'POST',
      host: 'api.test',
      path: query === '' ? path : `${path}?${query}`,
      service,
      region,
      body,
      headers: { 'content-type': 'application/json' },
    },
    credentials,
  );
  const headers = Object.entries(request.headers ?? {}).map(([name, value]) => [
    name.toLowerCase(),
    String(value),
  ]);
  return {
    method: 'POST',
    path,
    query,
    headers: Object.fromEntries(headers) as Record<string, string>,
    body: Buffer.from(body),
  };
};

const verify = (request: SignedRequest) =>
  verifySignature(request, {
    service,
    region,
    now: Date.now(),
    credentialsFor: (id) => (id === credentials.accessKeyId ? credentials : undefined),
  }).kind;

const words = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });

const signatures = target({
  name: 'local/aws/sigv4.ts',
  property:
    'what aws4 signs is verified; with one byte of path, query, body or signature changed it is not',
  arbitrary: fc.record({
    segments: fc.array(
      words.filter((text) => text !== '.' && text !== '..'),
      { maxLength: 4 },
    ),
    query: fc.uniqueArray(fc.tuple(words, fc.string({ unit: 'grapheme', maxLength: 8 })), {
      maxLength: 4,
      selector: ([name]) => name,
    }),
    body: fc.string({ unit: 'grapheme' }),
    at: fc.nat({ max: 1_000 }),
  }),
  check: ({ segments, query, body, at }) => {
    const path = `/${segments.map(strictly).join('/')}`;
    const text = query.map(([name, value]) => `${strictly(name)}=${strictly(value)}`).join('&');
    const request = signed(path, text, body);
    assert.equal(verify(request), 'verified');
    const authorization = request.headers.authorization ?? '';
    const end = authorization.length - 1 - (at % 64);
    const other = authorization[end] === '0' ? '1' : '0';
    const forged = authorization.slice(0, end) + other + authorization.slice(end + 1);
    for (const changes of [
      { path: `${path}x` },
      { query: `${text}&zz=1` },
      { body: Buffer.from(`${body}!`) },
      { method: 'PUT' },
      { headers: { ...request.headers, authorization: forged } },
      { headers: { ...request.headers, host: 'other.test' } },
      { headers: { ...request.headers, 'x-amz-extra': 'x' } },
    ]) {
      assert.equal(verify({ ...request, ...changes }), 'refused', JSON.stringify(changes));
    }
  },
});

const canonical = target({
  name: 'local/aws/sigv4-canonical.ts',
  property:
    'never throws; the order of parameters makes no difference; dots never lead above the root',
  arbitrary: fc.record({
    pairs: fc.array(fc.tuple(textOf('ab%2F=&+~!'), textOf('ab%2F=&+')), { maxLength: 5 }),
    path: textOf('/.%2eab;~'),
  }),
  check: ({ pairs, path }) => {
    const encode = (text: string) => encodeURIComponent(text.toWellFormed());
    const texts = pairs.map(([name, value]) => `${encode(name)}=${encode(value)}`);
    assert.equal(canonicalQuery(texts.join('&')), canonicalQuery(texts.toReversed().join('&')));
    const found = canonicalPath(`/${path.toWellFormed()}`);
    assert.ok(found.startsWith('/') && !found.split('/').includes('..'), found);
  },
});

const authorization = target({
  name: 'local/aws/sigv4.ts: header',
  property:
    'the header is taken apart or refused; what is read can be put together to the same parts',
  arbitrary: fc.record({
    id: fc.stringMatching(/^[^/,\s]{1,20}$/),
    date: fc.stringMatching(/^\d{8}$/),
    at: fc.nat({ max: 300 }),
    by: fc.string({ minLength: 1, maxLength: 1 }),
    text: textOf('AWS4-HMACSHA256 Credential=/,Signature'),
  }),
  check: ({ id, date, at, by, text }) => {
    const header = `AWS4-HMAC-SHA256 Credential=${id}/${date}/us-east-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}`;
    assert.deepEqual(parseAuthorization(header), {
      accessKeyId: id,
      date,
      region: 'us-east-1',
      service: 'execute-api',
      signedHeaders: ['host', 'x-amz-date'],
      signature: '0'.repeat(64),
    });
    for (const other of [mutated(header, at, by), text]) {
      const read = parseAuthorization(other);
      if (read !== undefined)
        assert.ok(other.includes(read.accessKeyId) && other.includes(read.signature));
    }
  },
});

export const signatureTargets: readonly FuzzTarget[] = [signatures, canonical, authorization];
