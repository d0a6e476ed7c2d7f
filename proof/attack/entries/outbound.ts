import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compileOpenApi } from '../../../build/openapi/compile-openapi.ts';
import { createJwksFetch } from '../../../src/credentials/jwt-keys-fetch.ts';
import { createGuardedFetch } from '../../../src/fetch-guard/guarded-fetch.ts';
import { createStreamingGuard } from '../../../src/fetch-guard/streaming-fetch.ts';
import { UpstreamConfigError } from '../../../src/upstreams/mcp-servers.ts';
import type { Attack } from '../attack.ts';
import { callOf } from '../scene-types.ts';
import { outboundFamily } from './outbound-family.ts';

const name = outboundFamily(
  'redirects, and names that resolve to inside',
  'guard',
  'fetch guard: connects to what it looked at, follows no redirect elsewhere (src/fetch-guard)',
);
const spec = outboundFamily(
  'OpenAPI documents that point elsewhere',
  'openapi',
  'build: $ref stays in its folder, servers are not used (build/openapi)',
);
const text = outboundFamily(
  'URLs in arguments of tools and resources',
  'argument',
  'handler: ids are looked up, never fetched (lambdas/mcp/tools, src/gateway/surface.ts)',
);

const withServer = async <T>(
  serve: RequestListener,
  use: (url: string) => Promise<T>,
): Promise<T> => {
  const server = createServer(serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    return await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
};
const redirectTo =
  (location: string, status: number): RequestListener =>
  (_, response) =>
    void response.writeHead(status, { location }).end();

const failure = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => assert.fail('it was served'),
    (error: Error & { code?: string }) => error.code ?? error.message,
  );

const compiled = async (paths: object, more: object = {}): Promise<string> => {
  const folder = mkdtempSync(join(tmpdir(), 'drawbridge-attack-'));
  const file = join(folder, 'openapi.json');
  const document = { openapi: '3.1.0', info: { title: 'Test', version: '1' }, paths, ...more };
  writeFileSync(file, JSON.stringify(document));
  try {
    return JSON.stringify(await compileOpenApi(file));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
const operation = { operationId: 'read', responses: { '204': { description: 'Done.' } } };

export const outboundAttacks: readonly Attack[] = [
  {
    ...name(
      'live-redirect',
      'an upstream that answers 307 to a host inside, called through the gateway',
    ),
    run: async (scene) => {
      const reply = await scene.send({ key: scene.acme, body: callOf('bounce_any', {}) });
      assert.ok(reply.json.result?.isError === true || reply.json.error !== undefined, reply.text);
      assert.ok(scene.bounced() > 0, 'the upstream was asked');
    },
  },
  {
    ...name('redirects', '301 to 308 by upstreams, JWKS and metadata documents, in process'),
    run: async ({ trap }) => {
      for (const status of [301, 302, 303, 307, 308]) {
        await withServer(redirectTo(`${trap.url}/`, status), async (url) => {
          const guard = createStreamingGuard({ allowLoopback: true, ports: 'any' });
          assert.equal(await failure(guard.fetch(url)), 'redirect');
          guard.close();
          assert.match(await failure(createJwksFetch()(url)), /answered 30/u);
          const fetchDocument = createGuardedFetch({
            timeoutMs: 1_000,
            maxResponseBytes: 1_000,
            loopbackOrigins: [url],
          });
          assert.equal((await fetchDocument(url)).status, status);
        });
      }
    },
  },
  {
    ...name('names', 'names that resolve to private, mapped and mixed addresses'),
    run: async ({ trap }) => {
      for (const address of [
        '127.0.0.1',
        '10.0.0.1',
        '169.254.169.254',
        '::1',
        '::ffff:127.0.0.1',
        'fd00::1',
        '64:ff9b::7f00:1',
        '100.64.0.1',
      ]) {
        for (const addresses of [[address], ['8.8.8.8', address]]) {
          const guard = createStreamingGuard({ ports: 'any', resolve: async () => addresses });
          const asked = guard.fetch(`https://rebound.example.com:${trap.port}/`);
          assert.equal(await failure(asked), 'address', addresses.join());
          guard.close();
        }
      }
    },
  },
  {
    ...name('rebinding', 'a name that is public when asked first, and private from then on'),
    run: async ({ trap }) => {
      let asked = 0;
      const targets: string[] = [];
      const guard = createStreamingGuard({
        ports: 'any',
        resolve: async () => (asked++ === 0 ? ['192.0.0.8'] : ['127.0.0.1']),
        limits: { connectMs: 200 },
        connect: ({ addresses }) => {
          targets.push(...addresses);
          throw new Error('not connected');
        },
      });
      for (let again = 0; again < 2; again++) {
        await failure(guard.fetch(`https://rebound.example.com:${trap.port}/`));
      }
      guard.close();
      assert.ok(!targets.includes('127.0.0.1'));
    },
  },
  {
    ...spec('ref', 'a $ref to a host inside'),
    run: async ({ trap }) => {
      const $ref = `${trap.url}/schema.json`;
      const content = { 'application/json': { schema: { $ref } } };
      const paths = {
        '/a': { get: { ...operation, responses: { '200': { description: 'x', content } } } },
      };
      const error: unknown = await compiled(paths).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof UpstreamConfigError);
      assert.match(error.problems[0]?.message ?? '', /it is remote/u);
    },
  },
  {
    ...spec('file-ref', 'a $ref to /etc/passwd'),
    run: async () => {
      const content = { 'application/json': { schema: { $ref: '../../../../../etc/passwd' } } };
      const paths = {
        '/a': { get: { ...operation, responses: { '200': { description: 'x', content } } } },
      };
      const error: unknown = await compiled(paths).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof UpstreamConfigError);
      assert.ok(!JSON.stringify(error.problems).includes('root:'));
    },
  },
  {
    ...spec('servers', 'servers of the document, of a path and of an operation'),
    run: async ({ trap }) => {
      const servers = [{ url: trap.url }];
      const tools = await compiled(
        { '/a': { servers, get: { ...operation, servers } } },
        { servers },
      );
      assert.ok(tools.includes('read'));
      assert.ok(!tools.includes(trap.url));
    },
  },
  {
    ...text('fetch', 'fetch with a URL as id'),
    run: async (scene) => {
      for (const id of [scene.trap.url, 'file:///etc/passwd', 'http://169.254.169.254/']) {
        const reply = await scene.send({ key: scene.acme, body: callOf('fetch', { id }) });
        assert.equal(reply.json.result?.isError, true);
        assert.ok(!reply.text.includes(id));
      }
    },
  },
  {
    ...text('resource', 'resources/read of a URL'),
    run: async (scene) => {
      for (const uri of [scene.trap.url, 'file:///etc/passwd', `shifty+${scene.trap.url}`]) {
        const body = { jsonrpc: '2.0', id: 1, method: 'resources/read', params: { uri } };
        const reply = await scene.send({ key: scene.acme, body });
        assert.ok(reply.json.error !== undefined, reply.text);
        assert.ok(!reply.text.includes('root:'));
      }
    },
  },
];
