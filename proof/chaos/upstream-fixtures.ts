import { startLegacySessions } from '../../test/fixtures/upstreams/legacy-http.ts';
import { startLegacySse } from '../../test/fixtures/upstreams/legacy-sse.ts';
import { startModern } from '../../test/fixtures/upstreams/modern-http.ts';
import { startRecorded } from '../../test/fixtures/upstreams/recorded-server.ts';
import { upstreamAt, writeUpstream } from '../../test/integration/support/upstream-records.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import type { LiveSpec } from '../../src/registry/upstream-records.ts';

/** A backend with one operation, which says again what it was asked. */
const startBackend = () =>
  startRecorded((request, response) => {
    const text = new URL(request.url ?? '', 'http://backend').searchParams.get('text');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ text }));
  });

/** One server of each kind that needs no function of its own. */
export const startFixtures = async () => {
  const [legacy, modern, sse, rest] = await Promise.all([
    startLegacySessions(),
    startModern(),
    startLegacySse(),
    startBackend(),
  ]);
  return { legacy, modern, sse, rest };
};

export type Fixtures = Awaited<ReturnType<typeof startFixtures>>;
export type FixtureName = keyof Fixtures;
export const fixtureNames = ['legacy', 'modern', 'sse', 'rest'] as const;

const echoOperation = {
  definition: {
    name: 'echo',
    description: 'Says it again.',
    inputSchema: {
      type: 'object',
      properties: { text: { type: 'string' } },
      required: ['text'],
      additionalProperties: false,
    },
    annotations: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: false,
    },
  },
  method: 'GET',
  path: '/echo',
  parameters: [
    { argument: 'text', name: 'text', in: 'query', required: true, style: 'form', explode: true },
  ],
};

/** @param origins - where each is to be asked: at itself, or at what stands before it. */
export const writeFixtures = async (
  admin: AdminPorts,
  origins: Readonly<Record<FixtureName, string>>,
  timeoutMs: number,
): Promise<void> => {
  const { legacy, modern, sse, rest } = origins;
  await writeUpstream(admin, upstreamAt('legacy', `${legacy}/mcp`, { timeoutMs }));
  await writeUpstream(admin, upstreamAt('modern', `${modern}/mcp`, { timeoutMs }));
  const sseSpec = { timeoutMs, transport: 'sse' } as Partial<LiveSpec>;
  await writeUpstream(admin, upstreamAt('sse', `${sse}/sse`, sseSpec));
  const { spec: common, scope } = upstreamAt('rest', rest, { timeoutMs });
  const { url: _, transport: __, ...shared } = common as Extract<LiveSpec, { kind: 'http' }>;
  const spec = { ...shared, kind: 'openapi', baseUrl: rest, operations: [echoOperation] };
  await writeUpstream(admin, { scope, spec: spec as unknown as LiveSpec });
};
