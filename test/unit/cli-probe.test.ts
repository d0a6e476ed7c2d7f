import { afterEach, describe, expect, it } from 'vitest';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { createProbe } from '../../cli/probe.ts';
import { createSandboxes } from '../../cli/sandbox.ts';
import { aSpec } from '../contract/upstream-registry.contract.ts';
import { startHanging, startRubbish } from '../fixtures/upstreams/faulty.ts';
import { startLegacySessions } from '../fixtures/upstreams/legacy-http.ts';
import { startModern } from '../fixtures/upstreams/modern-http.ts';
import { startRecorded } from '../fixtures/upstreams/recorded-server.ts';
import { failureOf } from './admin-fixtures.ts';

const started: { close(): Promise<void> }[] = [];
const keep = <T extends { close(): Promise<void> }>(server: T): T => {
  started.push(server);
  return server;
};
afterEach(async () => {
  for (const server of started.splice(0)) await server.close();
});

const resolve = async (values: Readonly<Record<string, string>>) =>
  Object.fromEntries(
    Object.entries(values).map(([name, text]) => [name, text.replace('${secret:token}', 'abc')]),
  );
const none = createSandboxes({
  client: new SecretsManagerClient({ region: 'us-east-1' }),
  upstreams: [{ name: 'there', kind: 'stdio', function: 'There' }],
  resolve,
});
const probe = createProbe({ resolve, allowLoopback: true, sandbox: none });

describe('the probe', () => {
  it('lists all tools of a server of 2025, with its headers filled in, and leaves no session', async () => {
    const server = keep(await startLegacySessions({ moreTools: 250 }));
    const { tools, facts } = await probe.list(aSpec('x', { url: server.url }), 'acme');
    expect(facts.era).toBe('legacy');
    expect(tools.length).toBeGreaterThan(250);
    expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length);
    for (const { headers } of server.requests) expect(headers.authorization).toBe('Bearer abc');
    await expect.poll(() => server.connections()).toBe(0);
    expect(server.sessions()).toBe(0);
  });

  it('lists the tools of a server of 2026', async () => {
    const server = keep(await startModern());
    const { tools, facts } = await probe.list(aSpec('x', { url: server.url }), 'acme');
    expect(facts.era).toBe('modern');
    expect(tools.map(({ name }) => name)).toContain('echo');
  });

  it('says what is wrong with others', async () => {
    const rubbish = keep(await startRubbish());
    const hanging = keep(await startHanging());
    const list = (url: string) => probe.list(aSpec('x', { url, timeoutMs: 300 }), 'acme');
    expect(await failureOf(list(`${rubbish.origin}/mcp`))).toMatchObject({ failure: 'not-mcp' });
    expect(await failureOf(list(`${hanging.origin}/mcp`))).toMatchObject({ failure: 'timeout' });
    expect(await failureOf(list('http://127.0.0.1:1/mcp'))).toMatchObject({
      failure: 'unreachable',
    });
  });

  it('does not go to this machine unless the deployment allows it', async () => {
    const server = keep(await startLegacySessions());
    const guarded = createProbe({ resolve, allowLoopback: false, sandbox: none });
    await failureOf(guarded.list(aSpec('x', { url: server.url }), 'acme'));
    expect(server.requests).toEqual([]);
  });

  it('asks a sandbox by its function, as the tenant, and says when there is none', async () => {
    const server = keep(
      await startRecorded((_request, response) => {
        response.writeHead(403, { 'x-amzn-errortype': 'AccessDeniedException' }).end('{}');
      }),
    );
    const sandbox = createSandboxes({
      client: new SecretsManagerClient({
        region: 'eu-west-1',
        credentials: { accessKeyId: 'AKIDTEST', secretAccessKey: 'test' },
      }),
      endpoint: server.origin,
      upstreams: [{ name: 'there', kind: 'stdio', function: 'There' }],
      resolve,
    });
    const list = (name: string) =>
      createProbe({ resolve, allowLoopback: false, sandbox }).list(
        {
          kind: 'sandbox',
          name,
          prefix: name,
          tenants: '*',
          timeoutMs: 1_000,
          listTimeoutMs: 1_000,
          units: { default: 1 },
          sandbox: name,
          env: { KEY: '${secret:token}' },
        },
        'acme',
      );
    expect(await failureOf(list('there'))).toMatchObject({ failure: 'misconfigured' });
    expect(server.requests).toMatchObject([
      {
        path: '/2021-11-15/functions/There/response-streaming-invocations',
        headers: {
          'x-amz-tenant-id': 'acme',
          authorization: expect.stringContaining('/eu-west-1/lambda/') as string,
        },
        body: { method: 'facts', env: { KEY: 'abc' } },
      },
    ]);
    expect(await failureOf(list('gone'))).toMatchObject({ failure: 'misconfigured' });
    expect(server.requests).toHaveLength(1);
  });

  it('the tools of an API are those of its document', async () => {
    const { tools, facts } = await probe.list(
      {
        kind: 'openapi',
        name: 'items',
        prefix: 'items',
        tenants: '*',
        timeoutMs: 1_000,
        listTimeoutMs: 1_000,
        units: { default: 1 },
        baseUrl: 'https://items.example.com',
        headers: {},
        operations: [],
      },
      'acme',
    );
    expect({ tools, era: facts.era }).toEqual({ tools: [], era: 'none' });
  });
});
