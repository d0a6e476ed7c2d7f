import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { callOf, modernOf } from '../scene-types.ts';
import type { Scene } from '../scene.ts';
import type { Sent } from '../wire.ts';

const about = (id: string, attack: string, rule: string): AttackFacts => ({
  id: `patterns/${id}`,
  category: 'API4 resource consumption',
  family: 'long strings for every regular expression',
  attack,
  rule,
});

/** On a slow machine that others use, too: what backtracks takes minutes. */
const longestMs = 3_000;

/** Repeats that make backtracking expressions slow, and one that nearly matches. */
const slow = (length: number): readonly string[] => [
  'a'.repeat(length),
  `${'a'.repeat(length)}!`,
  ' '.repeat(length) + 'x',
  'a-'.repeat(length / 2),
  '0'.repeat(length),
  '(('.repeat(length / 2),
  `${'a@a.'.repeat(length / 4)}\u0001`,
];

const inTime = (
  facts: AttackFacts,
  sent: (text: string, scene: Scene) => Sent,
  { length, statuses }: { readonly length: number; readonly statuses: readonly number[] },
): Attack => ({
  ...facts,
  run: async (scene) => {
    for (const text of slow(length)) {
      const from = Date.now();
      const reply = await scene.send(sent(text, scene));
      assert.ok(Date.now() - from < longestMs, `${text.slice(0, 8)}… took ${Date.now() - from} ms`);
      assert.ok(statuses.includes(reply.status), `answered ${reply.status}`);
    }
  },
});

const printable = (text: string): string => text.replaceAll('\u0001', '~');

export const patternAttacks: readonly Attack[] = [
  inTime(
    about('query', 'the query of search', 'handler: 1,000 characters at most (lambdas/mcp/tools)'),
    (query, { acme }) => ({ key: acme, body: callOf('search', { query }) }),
    { length: 900_000, statuses: [200] },
  ),
  inTime(
    about(
      'short-query',
      'the query of search, as long as it may be',
      'handler: tokens, no backtracking (src/content/document-index.ts)',
    ),
    (query, { acme }) => ({ key: acme, body: callOf('search', { query }) }),
    { length: 400, statuses: [200] },
  ),
  inTime(
    about(
      'key',
      'what begins like a key',
      'authorizer: length first, then one linear pattern (src/credentials/api-key.ts)',
    ),
    (text) => ({ key: printable(`smcp_${text}`), body: callOf('search', {}) }),
    { length: 8_000, statuses: [401] },
  ),
  inTime(
    about(
      'token',
      'what has the form of a token',
      'authorizer: 8 KB, then linear (src/credentials/jwt-form.ts)',
    ),
    (text) => ({ key: printable(`${text}.${text}.${text}`), body: callOf('search', {}) }),
    { length: 2_600, statuses: [401] },
  ),
  inTime(
    about(
      'authorization',
      'Authorization that is no scheme',
      'authorizer: one linear pattern (lambdas/authorizer/handler.ts)',
    ),
    (text) => ({
      headers: { authorization: `Bearer ${printable(text)}` },
      body: callOf('search', {}),
    }),
    { length: 8_000, statuses: [401] },
  ),
  inTime(
    about('path', 'the path', 'API Gateway: 10,240 bytes of head; a route is found by segments'),
    (text, { acme }) => ({
      key: acme,
      path: `/tools/${encodeURIComponent(text.slice(0, 2_500))}`,
      body: {},
    }),
    { length: 2_500, statuses: [404, 414] },
  ),
  inTime(
    about(
      'cursor',
      'the cursor of a list',
      'handler: a cursor is read or refused (src/tools/cursor.ts)',
    ),
    (text, { acme }) => ({
      key: acme,
      method: 'GET',
      path: `/tools?cursor=${encodeURIComponent(text)}`,
    }),
    { length: 2_000, statuses: [400] },
  ),
  inTime(
    about(
      'trace',
      'traceparent and tracestate',
      'handler: a fixed length first (src/trace/trace-context.ts)',
    ),
    (text, { acme }) => ({
      key: acme,
      headers: { traceparent: printable(text), tracestate: printable(text) },
      body: callOf('search', { query: 'x' }),
    }),
    { length: 4_000, statuses: [200] },
  ),
  inTime(
    about('mcp-param', 'Mcp-Param-* headers', 'handler: compared with the body (the SDK)'),
    (text, { acme }) => {
      const { headers, body } = modernOf('tools/call', {
        name: 'search',
        arguments: { query: 'x' },
      });
      return { key: acme, headers: { ...headers, 'mcp-param-query': printable(text) }, body };
    },
    { length: 6_000, statuses: [200, 400] },
  ),
  inTime(
    about(
      'redirect',
      'the redirect URI of /oauth/register',
      'OAuth function: 512 characters, one linear pattern (src/oauth/redirect-uri.ts)',
    ),
    (text) => ({
      path: '/oauth/register',
      body: { redirect_uris: [`http://127.0.0.1:${text}`, `http://localhost/${text}`] },
    }),
    { length: 8_000, statuses: [400, 413] },
  ),
];
