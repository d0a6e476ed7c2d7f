import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  isSentTwice,
  lowerCaseHeaders,
  messagesOf,
  nestsDeeperThan,
  proxyEvent,
  readBody,
  type ProxyEvent,
} from '../../../lambdas/mcp/incoming.ts';
import { queryParameters } from '../../../lambdas/oauth/incoming.ts';
import { GatewayError } from '../../../src/errors/gateway-error.ts';
import { decodeCursor, encodeCursor } from '../../../src/tools/cursor.ts';
import { ToolError } from '../../../src/tools/tool.ts';
import { mutated, target, textOf, type FuzzTarget } from '../target.ts';

const depthOf = (value: unknown): number =>
  typeof value !== 'object' || value === null
    ? 0
    : 1 + Math.max(0, ...Object.values(value).map(depthOf));

const depth = target({
  name: 'lambdas/mcp/incoming.ts: depth',
  property: 'brackets are counted as the parsed value nests, whatever its strings hold',
  arbitrary: fc.record({
    value: fc.jsonValue({
      maxDepth: 8,
      stringUnit: fc.constantFrom('[', ']', '{', '}', '"', '\\', 'a'),
    }),
    limit: fc.nat({ max: 9 }),
  }),
  check: ({ value, limit }) => {
    assert.equal(nestsDeeperThan(JSON.stringify(value), limit), depthOf(value) > limit);
  },
});

const eventOf = (body: string, isBase64Encoded = false): ProxyEvent =>
  proxyEvent.parse({
    httpMethod: 'POST',
    path: '/mcp',
    headers: {},
    body: isBase64Encoded ? Buffer.from(body).toString('base64') : body,
    isBase64Encoded,
    requestContext: { requestId: 'r', identity: { sourceIp: '127.0.0.1' } },
  });

const onlyGatewayErrors = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch (error) {
    if (error instanceof GatewayError) return undefined;
    throw error;
  }
};

const anId = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.double());
const message = fc.record(
  {
    jsonrpc: fc.constantFrom('2.0', '1.0', 2),
    id: anId,
    method: textOf('tools/listcall'),
    params: fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom('name', 'arguments', '_meta', '__proto__'), fc.jsonValue()),
    ),
  },
  { requiredKeys: [] },
);

const envelope = target({
  name: 'lambdas/mcp/incoming.ts: envelope',
  property:
    'read or refused by a GatewayError; as many messages as were sent, no id twice, base64 or not',
  arbitrary: fc.oneof(
    message.map((one) => JSON.stringify(one)),
    fc
      .array(fc.oneof(message, fc.jsonValue()), { maxLength: 24 })
      .map((all) => JSON.stringify(all)),
    textOf('{}[]":,jsonrpc2.0'),
  ),
  check: (text) => {
    const body = onlyGatewayErrors(() => readBody(eventOf(text), 100_000));
    const again = onlyGatewayErrors(() => readBody(eventOf(text, true), 100_000));
    assert.deepEqual(again, body);
    if (body === undefined) return;
    const messages = onlyGatewayErrors(() => messagesOf(body));
    if (messages === undefined) return;
    assert.equal(messages.length, Array.isArray(body) ? body.length : 1);
    const ids = messages.flatMap(({ id }) => (id === undefined ? [] : [id]));
    assert.equal(new Set(ids).size, ids.length);
  },
});

const headers = target({
  name: 'lambdas/mcp/incoming.ts: headers',
  property: 'a header is found whatever its case, and known to be sent twice exactly when it was',
  arbitrary: fc.record({
    sent: fc.array(
      fc.tuple(
        fc.constantFrom('Authorization', 'authorization', 'AUTHORIZATION', '__proto__', 'x'),
        fc.string(),
      ),
      { maxLength: 5 },
    ),
  }),
  check: ({ sent }) => {
    const single = Object.fromEntries(sent);
    const multi: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
    for (const [name, value] of sent) (multi[name] ??= []).push(value);
    const event = { ...eventOf('{}'), headers: single, multiValueHeaders: multi };
    const wanted = sent.filter(([name]) => name.toLowerCase() === 'authorization');
    assert.equal(isSentTwice(event, 'authorization'), wanted.length > 1);
    const found = lowerCaseHeaders(event).get('authorization');
    assert.ok(
      wanted.length === 0 ? found === undefined : wanted.some(([, value]) => value === found),
    );
  },
});

const query = target({
  name: 'lambdas/oauth/incoming.ts',
  property: 'every parameter of a query arrives, in order, and as often as it was sent',
  arbitrary: fc.array(fc.tuple(textOf('abstate_code'), fc.string()), { maxLength: 6 }),
  check: (sent) => {
    const multi: Record<string, string[]> = Object.create(null) as Record<string, string[]>;
    for (const [name, value] of sent) (multi[name] ??= []).push(value);
    const read = queryParameters({
      multiValueQueryStringParameters: multi,
      queryStringParameters: null,
    } as never);
    const valuesOf = (all: readonly (readonly [string, string])[], wanted: string) =>
      all.filter(([name]) => name === wanted).map(([, value]) => value);
    assert.equal(read.length, sent.length);
    for (const [name] of sent) assert.deepEqual(valuesOf(read, name), valuesOf(sent, name));
  },
});

const cursor = target({
  name: 'src/tools/cursor.ts',
  property: 'a cursor leads back to its place; any other text is a ToolError',
  arbitrary: fc.record({
    offset: fc.nat({ max: 1_000_000 }),
    scope: fc.string(),
    at: fc.nat({ max: 200 }),
    by: fc.string({ minLength: 1, maxLength: 1 }),
    text: textOf('AZaz09-_='),
  }),
  check: ({ offset, scope, at, by, text }) => {
    const made = encodeCursor(offset, scope);
    assert.equal(decodeCursor(made, scope), offset);
    for (const other of [mutated(made, at, by), text]) {
      try {
        assert.ok(decodeCursor(other, scope) <= 1_000_000);
      } catch (error) {
        assert.ok(error instanceof ToolError, String(error));
      }
    }
  },
});

export const messageTargets: readonly FuzzTarget[] = [depth, envelope, headers, query, cursor];
