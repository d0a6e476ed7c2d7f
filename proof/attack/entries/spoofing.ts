import assert from 'node:assert/strict';
import type { Attack, AttackFacts } from '../attack.ts';
import { refusal, refusedAs } from '../refusal.ts';
import { callOf, modernOf } from '../scene-types.ts';

const body = callOf('search', { query: 'plan' });
const address = (id: string, attack: string): AttackFacts => ({
  id: `spoofing/${id}`,
  category: 'API8 misconfiguration',
  family: 'a spoofed address, host or gateway header',
  attack,
  rule: 'authorizer and handler: requestContext.identity.sourceIp, no header (src/credentials/source-networks.ts)',
});
const mirrored = (id: string, attack: string): AttackFacts => ({
  id: `spoofing/${id}`,
  category: 'MCP confused deputy',
  family: 'Mcp-* headers that say other than the body',
  attack,
  rule: 'handler: headers are compared with the body, -32020 (lambdas/mcp/mcp-endpoint.ts, the SDK)',
});

let elsewhere = 0;
const spoofed = (id: string, headers: Readonly<Record<string, string>>): Attack => ({
  ...address(id, `a key of 10.0.0.0/8 with ${Object.keys(headers).join(', ')}`),
  run: async (scene) => {
    const tenant = `far-${++elsewhere}`;
    const key = await scene.rig.keyOn('premium', tenant, { cidrs: ['10.0.0.0/8'] });
    const expected = { status: 401, code: 'UNAUTHENTICATED', reached: 'authorizer' } as const;
    await refusedAs(scene, () => scene.send({ key, body, headers }), expected);
    await scene.logged(/"event":"auth\.refused"[^\n]*"reason":"source"/u);
  },
});

const contextHeaders: Attack = {
  ...address('context', 'headers that look like what API Gateway tells functions'),
  rule: 'handler: the principal comes from requestContext.authorizer (src/principals/principal.ts)',
  run: async (scene) => {
    const reply = await scene.send({
      method: 'GET',
      path: '/me',
      key: scene.acme,
      headers: {
        'x-amzn-requestid': 'forged-request-id',
        'x-amz-apigw-id': 'forged',
        'x-amzn-principal': 'beta/key:1',
        'x-amz-tenant-id': 'beta',
        'x-amz-user-arn': 'arn:aws:iam::000000000000:user/operator',
        'x-apigateway-context': '{"authorizer":{"tenant":"beta","role":"admin"}}',
        'x-authorizer-tenant': 'beta',
        'lambda-runtime-aws-request-id': 'x',
      },
    });
    assert.equal(reply.status, 200);
    assert.equal(reply.json['tenant'], 'acme');
    assert.notEqual(reply.headers['x-amzn-requestid'], 'forged-request-id');
  },
};

const host: Attack = {
  ...address('host', 'Host and X-Forwarded-Host of a stranger, on the OAuth documents'),
  rule: 'OAuth function: URLs come from the configuration (src/oauth/metadata-documents.ts)',
  run: async (scene) => {
    for (const path of [
      '/.well-known/oauth-protected-resource/mcp',
      '/.well-known/oauth-authorization-server',
    ]) {
      const reply = await scene.send({
        method: 'GET',
        path,
        headers: {
          host: 'evil.example',
          'x-forwarded-host': 'evil.example',
          forwarded: 'host=evil.example',
        },
      });
      assert.equal(reply.status, 200);
      assert.ok(!reply.text.includes('evil.example'));
    }
    const challenge = await scene.send({ headers: { host: 'evil.example' }, body });
    assert.equal(challenge.status, 401);
    assert.ok(!challenge.head.includes('evil.example'));
  },
};

const { headers, body: modern } = modernOf('tools/call', {
  name: 'search',
  arguments: { query: 'plan' },
});

const mismatch = (id: string, attack: string, changes: Readonly<Record<string, string>>): Attack =>
  refusal(
    mirrored(id, attack),
    ({ acme }) => ({ key: acme, headers: { ...headers, ...changes }, body: modern }),
    { status: 400, rpc: -32020 },
  );

export const spoofingAttacks: readonly Attack[] = [
  spoofed('x-forwarded-for', { 'x-forwarded-for': '10.1.2.3' }),
  spoofed('forwarded', { forwarded: 'for=10.1.2.3;proto=https;by=10.0.0.1' }),
  spoofed('true-client-ip', {
    'true-client-ip': '10.1.2.3',
    'x-real-ip': '10.1.2.3',
    'cf-connecting-ip': '10.1.2.3',
    'x-client-ip': '10.1.2.3',
    'cloudfront-viewer-address': '10.1.2.3:443',
  }),
  spoofed('edge-mark', { 'x-drawbridge-edge': 'x', 'x-drawbridge-viewer': '10.1.2.3' }),
  contextHeaders,
  host,
  mismatch('name', 'Mcp-Name of a harmless tool, another one in the body', { 'mcp-name': 'fetch' }),
  mismatch('method', 'Mcp-Method tools/list, tools/call in the body', {
    'mcp-method': 'tools/list',
  }),
  mismatch('version', 'an older MCP-Protocol-Version in the header', {
    'mcp-protocol-version': '2025-11-25',
  }),
  refusal(
    mirrored('name-missing', 'no Mcp-Name at all'),
    ({ acme }) => {
      const { 'mcp-name': _, ...others } = headers;
      return { key: acme, headers: others, body: modern };
    },
    { status: 400, rpc: -32020 },
  ),
  refusal(
    {
      ...mirrored('hops', 'a forged count of gateways: x-drawbridge-hops: 99'),
      family: 'a spoofed address, host or gateway header',
      rule: 'handler: at most three gateways (lambdas/mcp/handler.ts)',
    },
    ({ acme }) => ({ key: acme, headers: { 'x-drawbridge-hops': '99' }, body }),
    { status: 508, code: 'LOOP_DETECTED' },
  ),
];
