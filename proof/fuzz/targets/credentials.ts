import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createHandler } from '../../../lambdas/authorizer/handler.ts';
import { mintApiKey, parseApiKey } from '../../../src/credentials/api-key.ts';
import { hasDuplicateNames, readJwt } from '../../../src/credentials/jwt-form.ts';
import { isInNetworks } from '../../../src/credentials/source-networks.ts';
import { createLog } from '../../../src/log/log.ts';
import { Sealer } from '../../../src/sealing/sealer.ts';
import { withChecksum } from '../../../test/unit/support/independent-crc32.ts';
import { mutated, target, textOf, type FuzzTarget } from '../target.ts';

const tenants = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/);
const places = fc.nat({ max: 5_000 });
const characters = fc.string({ minLength: 1, maxLength: 1 });
const form = /^smcp_([a-z0-9]|[a-z0-9][a-z0-9-]{0,30}[a-z0-9])_[0-9A-Za-z]{46}$/u;

const apiKey = target({
  name: 'src/credentials/api-key.ts',
  property: 'a key is read back; other text is a key only if a second implementation says so',
  arbitrary: fc.record({
    tenant: tenants,
    at: places,
    by: characters,
    text: textOf('smcp_aZ09-', 90),
  }),
  check: ({ tenant, at, by, text }) => {
    const { key, keyId } = mintApiKey(tenant);
    assert.deepEqual(parseApiKey(key), { tenant, keyId });
    for (const other of [mutated(key, at, by), text, withChecksum(text)]) {
      const expected = form.test(other) && withChecksum(other.slice(0, -6)) === other;
      assert.equal(parseApiKey(other) !== undefined, expected, other);
    }
  },
});

const seenBy = () => {
  const seen: string[] = [];
  const handler = createHandler({
    verifyApiKey: async (key) => {
      seen.push(key);
      return { kind: 'refused', reason: 'unknown' };
    },
    verifyAccessToken: async (token) => {
      seen.push(token);
      return { kind: 'refused', reason: 'signature' };
    },
    log: createLog(() => undefined),
  });
  return { seen, handler };
};
const authorizer = seenBy();

/** A second reading of the header, without a regular expression. */
const tokenIn = (header: string): string | undefined => {
  if (header.slice(0, 7).toLowerCase() !== 'bearer ') return undefined;
  let token = header.slice(7);
  while (token.startsWith(' ')) token = token.slice(1);
  while (token.endsWith(' ')) token = token.slice(0, -1);
  return token === '' || [...token].some((one) => one.trim() === '') ? undefined : token;
};

const authorization = target({
  name: 'lambdas/authorizer/handler.ts',
  property:
    'whatever the header is, the answer is Unauthorized, and only its one token is looked at',
  arbitrary: fc.record({
    header: fc.oneof(
      fc
        .tuple(
          fc.constantFrom('Bearer ', 'bearer  ', 'BEARER', 'Basic ', 'Bearer\t'),
          textOf('smcp_. eyJ'),
        )
        .map(([a, b]) => a + b),
      textOf('Bearer smcp_'),
    ),
    twice: fc.boolean(),
  }),
  check: async ({ header, twice }) => {
    authorizer.seen.length = 0;
    const values = twice ? [header, header] : [header];
    const event = {
      methodArn: 'arn:aws:execute-api:us-east-1:000000000000:api/live/POST/mcp',
      headers: { authorization: header },
      multiValueHeaders: { authorization: values },
      requestContext: { requestId: 'r', identity: { sourceIp: '127.0.0.1' } },
    };
    await assert.rejects(
      async () => authorizer.handler(event, {} as never),
      /^Error: Unauthorized$/u,
    );
    const token = twice ? undefined : tokenIn(header);
    for (const looked of authorizer.seen) assert.equal(looked, token);
    if (token?.startsWith('smcp_') === true) assert.equal(authorizer.seen.length, 1);
  },
});

const names = target({
  name: 'src/credentials/jwt-form.ts',
  property: 'never throws; a name twice at any depth is found, and only that',
  arbitrary: fc.record({
    pairs: fc.array(fc.tuple(textOf('ab"\\{}:,'), fc.jsonValue({ maxDepth: 2 })), { maxLength: 5 }),
    outer: fc.constantFrom('', '{"x":', '[1,{"y":'),
    text: textOf('eyJ.-_{}"'),
  }),
  check: ({ pairs, outer, text }) => {
    const members = pairs.map(
      ([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`,
    );
    const json = `${outer}{${members.join(',')}}${outer === '' ? '' : outer.startsWith('[') ? '}]' : '}'}`;
    const known = pairs.map(([name]) => JSON.stringify(name));
    assert.equal(hasDuplicateNames(json), new Set(known).size < known.length, json);
    const part = Buffer.from(text).toString('base64url');
    for (const token of [
      text,
      `${part}.${part}.${part}`,
      `${part}.${Buffer.from(json).toString('base64url')}.AAAA`,
    ]) {
      assert.ok(readJwt(token) !== undefined);
    }
  },
});

const numberOf = (address: string): number =>
  address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);

const networks = target({
  name: 'src/credentials/source-networks.ts',
  property: 'an IPv4 address is in a network exactly when arithmetic says so, mapped or not',
  arbitrary: fc.record({
    address: fc.ipV4(),
    network: fc.ipV4(),
    bits: fc.integer({ min: 1, max: 32 }),
    near: fc.boolean(),
  }),
  check: ({ address, network, bits, near }) => {
    const base = near ? address : network;
    const size = 2 ** (32 - bits);
    const expected = Math.floor(numberOf(address) / size) === Math.floor(numberOf(base) / size);
    assert.equal(isInNetworks(address, [`${base}/${bits}`]), expected);
    assert.equal(isInNetworks(`::ffff:${address}`, [`${base}/${bits}`]), expected);
    assert.equal(isInNetworks(`${address}x`, ['0.0.0.0/0']), false);
  },
});

const sealer = new Sealer(
  async () => 'k'.repeat(64),
  () => 0,
);
const sealing = target({
  name: 'src/sealing/sealer.ts',
  property: 'what is sealed opens for its purpose; one character changed, and it never does',
  arbitrary: fc.record({
    value: fc.dictionary(fc.string(), fc.jsonValue()),
    at: places,
    by: characters,
    text: textOf('AZaz09-_.'),
  }),
  check: async ({ value, at, by, text }) => {
    const sealed = await sealer.seal('state', value, 60);
    // What is JSON comes back as JSON has it: -0 is 0.
    assert.equal(JSON.stringify(await sealer.open('state', sealed)), JSON.stringify(value));
    assert.equal(await sealer.open('code', sealed), undefined);
    const other = mutated(sealed, at, by);
    if (other !== sealed) assert.equal(await sealer.open('state', other), undefined, other);
    assert.equal(await sealer.open('state', text), undefined);
  },
});

export const credentialTargets: readonly FuzzTarget[] = [
  apiKey,
  authorization,
  names,
  networks,
  sealing,
];
