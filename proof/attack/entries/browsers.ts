import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { refusal } from '../refusal.ts';
import { callOf } from '../scene-types.ts';

const body = callOf('search', { query: 'plan' });
const origin = (id: string, attack: string): AttackFacts => ({
  id: `browsers/${id}`,
  category: 'API8 misconfiguration',
  family: 'a web page of another origin (CORS, DNS rebinding)',
  attack,
  rule: 'handler: Origin is absent or on the list (lambdas/mcp/handler.ts); no CORS headers (content/http-api.md)',
});

const from = (id: string, value: string): Attack =>
  refusal(
    origin(id, `Origin: ${value}`),
    ({ acme }) => ({ key: acme, headers: { origin: value }, body }),
    { status: 403, code: 'ORIGIN_NOT_ALLOWED' },
  );

const simple = (type: string): Attack =>
  refusal(
    origin(`simple-${type.replace('/', '-')}`, `a request without preflight: ${type}`),
    ({ acme }) => ({ key: acme, headers: { 'content-type': type }, body }),
    { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' },
  );

const noCors: Attack = {
  ...origin(
    'preflight',
    'preflights of every route, and an allowed origin looking for CORS headers',
  ),
  run: async ({ send, acme }) => {
    const headers = {
      origin: 'https://evil.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    };
    for (const path of ['/mcp', '/tools', '/me', '/servers', '/ci/mcp', '/admin', '/health']) {
      const reply = await send({ method: 'OPTIONS', path, headers });
      assert.ok([401, 404].includes(reply.status), `${path} ${reply.status}`);
      assert.equal(reply.headers['access-control-allow-origin'], undefined);
    }
    const allowed = await send({ key: acme, headers: { origin: 'http://localhost:6274' }, body });
    assert.equal(allowed.status, 200);
    assert.equal(allowed.headers['access-control-allow-origin'], undefined);
    assert.equal(allowed.headers['access-control-allow-credentials'], undefined);
  },
};

const pages: Attack = {
  ...origin('consent-cors', 'the consent page, read or framed by a script of another origin'),
  rule: 'OAuth function: no CORS, no frames, no scripts (src/oauth/html.ts)',
  run: async ({ send }) => {
    const path = '/oauth/authorize?client_id=x&response_type=code';
    const reply = await send({ method: 'GET', path, headers: { origin: 'https://evil.example' } });
    assert.equal(reply.status, 400);
    assert.equal(reply.headers['access-control-allow-origin'], undefined);
    assert.equal(reply.headers['x-frame-options'], 'DENY');
    assert.match(reply.headers['content-security-policy'] ?? '', /frame-ancestors 'none'/u);
  },
};

export const browserAttacks: readonly Attack[] = [
  from('foreign', 'https://evil.example'),
  from('null', 'null'),
  from('suffix', 'http://localhost:6274.evil.example'),
  from('other-port', 'http://localhost:6275'),
  from('case', 'HTTP://LOCALHOST:6274'),
  {
    ...origin('rebinding', 'DNS rebinding: Host and Origin are both the attacker’s'),
    run: async ({ send, acme }) => {
      const reply = await send({
        key: acme,
        headers: { host: 'evil.example', origin: 'http://evil.example' },
        body,
      });
      assert.equal(reply.json.code, 'ORIGIN_NOT_ALLOWED');
    },
  },
  simple('text/plain'),
  simple('application/x-www-form-urlencoded'),
  simple('multipart/form-data'),
  noCors,
  pages,
];
