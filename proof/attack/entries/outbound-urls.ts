import assert from 'node:assert/strict';
import type { Attack } from '../attack.ts';
import { assertRefused } from '../refusal.ts';
import type { Scene } from '../scene.ts';
import { outboundFamily } from './outbound-family.ts';

const entry = outboundFamily(
  "an upstream's URL that leads inside",
  'url',
  'handler: https and public names; this deployment never (src/upstreams/mcp-servers.ts, src/admin/upstream-entries.ts)',
);
const document = outboundFamily(
  'a client-id metadata document inside',
  'client',
  'OAuth function: https, port 443, public addresses (src/oauth/client-metadata-document.ts, src/fetch-guard/target.ts)',
);

const urls: readonly (readonly [id: string, url: string | ((scene: Scene) => string)])[] = [
  ['metadata', 'http://169.254.169.254/latest/meta-data/'],
  ['metadata-hex', 'https://0xa9fea9fe/mcp'],
  ['metadata-octal', 'https://0251.0376.0251.0376/mcp'],
  ['private', 'https://10.0.0.1/mcp'],
  ['private-decimal', 'https://167772161/mcp'],
  ['private-short', 'https://10.1/mcp'],
  ['mapped', 'https://[::ffff:10.0.0.1]/mcp'],
  ['mapped-metadata', 'https://[::ffff:a9fe:a9fe]/mcp'],
  ['nat64', 'https://[64:ff9b::a00:1]/mcp'],
  ['unique-local', 'https://[fd00::1]/mcp'],
  ['plain', 'http://weather.example.com/mcp'],
  ['user-info', 'https://weather.example.com@10.0.0.1/mcp'],
  ['file', 'file:///etc/passwd'],
  ['gopher', 'gopher://127.0.0.1:6379/_FLUSHALL'],
  ['itself', ({ url }) => `${url}/mcp`],
];

const asUpstream = ([id, given]: (typeof urls)[number]): Attack => ({
  ...entry(
    id,
    `PUT /admin/upstreams with ${typeof given === 'string' ? given : 'our own address'}`,
  ),
  run: async (scene) => {
    const url = typeof given === 'string' ? given : given(scene);
    const path = `/admin/upstreams/ssrf-${id}`;
    const reply = await scene.signed('operator', { method: 'PUT', path, body: { url } });
    assertRefused(reply, { status: 400, code: 'INVALID_INPUT' });
    assert.equal((await scene.signed('operator', { method: 'GET', path })).status, 404);
  },
});

const clientIds: readonly (readonly [id: string, url: (scene: Scene) => string])[] = [
  ['loopback', ({ trap }) => `${trap.url}/client.json`],
  ['localhost', ({ trap }) => `https://localhost:${trap.port}/client.json`],
  ['localhost-443', () => 'https://localhost/client.json'],
  ['metadata', () => 'https://169.254.169.254/client.json'],
  ['decimal', () => 'https://2852039166/client.json'],
  ['mapped', () => 'https://[::ffff:127.0.0.1]/client.json'],
  ['user-info', ({ trap }) => `https://app.example.com@127.0.0.1:${trap.port}/client.json`],
];

const asClient = ([id, url]: (typeof clientIds)[number]): Attack => ({
  ...document(id, `client_id ${id}: /oauth/authorize`),
  run: async (scene) => {
    const query = new URLSearchParams({
      response_type: 'code',
      client_id: url(scene),
      redirect_uri: 'http://127.0.0.1:53535/callback',
      code_challenge: 'a'.repeat(43),
      code_challenge_method: 'S256',
      state: 's',
    });
    const path = `/oauth/authorize?${query.toString()}`;
    const reply = await scene.send({ method: 'GET', path });
    assert.equal(reply.status, 400, reply.text.slice(0, 200));
    assert.equal(reply.headers['location'], undefined);
  },
});

export const outboundUrlAttacks: readonly Attack[] = [
  ...urls.map(asUpstream),
  ...clientIds.map(asClient),
];
