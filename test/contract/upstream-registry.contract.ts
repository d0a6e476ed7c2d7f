import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  definitionsPk,
  pinPlace,
  upstreamPlace,
  type ItemPlace,
} from '../../src/registry/registry-table.ts';
import { ItemTooLargeError } from '../../src/registry/upstream-items.ts';
import type { LiveSpec, PinRecord, UpstreamRecord } from '../../src/registry/upstream-records.ts';
import type { UpstreamRegistry } from '../../src/registry/upstream-registry.ts';

/** A registry under test, and a way past it into its store. */
export interface UpstreamRegistryUnderTest extends AsyncDisposable {
  readonly registry: UpstreamRegistry;
  plant(place: ItemPlace, item: Record<string, unknown>): Promise<void>;
}

export const aSpec = (name: string, more: Partial<LiveSpec & { kind: 'http' }> = {}): LiveSpec => ({
  kind: 'http',
  name,
  prefix: name,
  tenants: '*',
  timeoutMs: 30_000,
  listTimeoutMs: 5_000,
  units: { default: 1 },
  url: `https://${name}.example.com/mcp`,
  transport: 'streamable-http',
  headers: { Authorization: 'Bearer ${secret:token}' },
  ...more,
});

export const anUpstream = (name: string, more: Partial<UpstreamRecord> = {}): UpstreamRecord => ({
  scope: '*',
  name,
  enabled: true,
  spec: aSpec(name),
  revision: 1,
  createdAt: '2026-11-21T00:00:00.000Z',
  updatedAt: '2026-11-21T00:00:00.000Z',
  ...more,
});

export const aPin = (server: string, more: Partial<PinRecord> = {}): PinRecord => ({
  scope: '*',
  server,
  tools: { search: 'h'.repeat(43) },
  approvedAt: '2026-11-21T00:00:00.000Z',
  revision: 1,
  ...more,
});

const openApi = (name: string, inputSchema: Record<string, unknown>): LiveSpec => ({
  kind: 'openapi',
  name,
  prefix: '',
  tenants: '*',
  tools: { exclude: ['delete_*'], rename: { get: 'fetch_item' } },
  timeoutMs: 30_000,
  listTimeoutMs: 5_000,
  units: { default: 0, tools: { get: 3 } },
  baseUrl: 'https://items.example.com/v1',
  headers: {},
  operations: [
    {
      definition: {
        name: 'get',
        description: 'Ærøskøbing 東京 🌉',
        inputSchema,
        annotations: {
          readOnlyHint: true,
          destructiveHint: false,
          idempotentHint: true,
          openWorldHint: true,
        },
      },
      method: 'GET',
      path: '/items/{id}',
      parameters: [
        {
          argument: 'id',
          name: 'id',
          in: 'path',
          required: true,
          style: 'simple',
          explode: false,
        },
      ],
    },
  ],
});

/** What every registry of upstreams promises. Tests share one store, so each uses names of its own. */
export const upstreamRegistryContract = (
  adapter: string,
  start: () => Promise<UpstreamRegistryUnderTest>,
) => {
  describe(`upstream registry contract: ${adapter}`, () => {
    let harness: UpstreamRegistryUnderTest;
    let registry: UpstreamRegistry;
    beforeAll(async () => {
      harness = await start();
      registry = harness.registry;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    it('what is unknown is undefined, and deleting it answers false', async () => {
      expect(await registry.getUpstream('*', 'unknown')).toBeUndefined();
      expect(await registry.getPins('*', 'unknown')).toBeUndefined();
      expect(await registry.getDefinitions('*', 'unknown')).toBeUndefined();
      expect(await registry.deleteUpstream('*', 'unknown')).toBe(false);
      expect(await registry.deletePins('*', 'unknown')).toBe(false);
    });

    it('reads back exactly what was written, numbers beyond DynamoDB’s included', async () => {
      const http = anUpstream('exact');
      const rest = anUpstream('exact-rest', {
        spec: openApi('exact-rest', {
          type: 'object',
          properties: { id: { type: 'integer', maximum: 9_223_372_036_854_775_807 } },
          default: { empty: '', nothing: null, huge: 1e300, deep: [[], {}] },
        }),
      });
      const off = anUpstream('exact-switch', { enabled: false, spec: undefined });
      for (const record of [http, rest, off]) {
        expect(await registry.putUpstream(record)).toBe(true);
      }
      expect(await registry.getUpstream('*', 'exact')).toEqual(http);
      expect(await registry.getUpstream('*', 'exact-rest')).toEqual(rest);
      const { spec: _spec, ...noSpec } = off;
      expect(await registry.getUpstream('*', 'exact-switch')).toStrictEqual(noSpec);
      const listed = await registry.listUpstreams();
      expect(listed).toEqual(expect.arrayContaining([http, rest, noSpec]));
    });

    it('a tenant’s record and everybody’s of one name are two', async () => {
      const everybodys = anUpstream('scoped');
      const acmes = anUpstream('scoped', {
        scope: 'acme',
        spec: aSpec('scoped', { tenants: ['acme'], url: 'https://acme.example.com/mcp' }),
      });
      await registry.putUpstream(acmes);
      await registry.putUpstream(everybodys);
      expect(await registry.getUpstream('acme', 'scoped')).toEqual(acmes);
      const listed = (await registry.listUpstreams()).filter(({ name }) => name === 'scoped');
      expect(listed).toEqual([everybodys, acmes]);
      expect(await registry.deleteUpstream('acme', 'scoped')).toBe(true);
      expect(await registry.getUpstream('acme', 'scoped')).toBeUndefined();
      expect(await registry.getUpstream('*', 'scoped')).toEqual(everybodys);
    });

    it('a second create answers false and leaves the first as it was', async () => {
      const record = anUpstream('twice');
      expect(await registry.putUpstream(record)).toBe(true);
      expect(await registry.putUpstream({ ...record, enabled: false })).toBe(false);
      expect(await registry.getUpstream('*', 'twice')).toEqual(record);
    });

    it('of two changes of one revision one holds, and none skips a revision', async () => {
      const record = anUpstream('race');
      await registry.putUpstream(record);
      const second = { ...record, revision: 2, enabled: false };
      const outcomes = await Promise.all([
        registry.putUpstream(second),
        registry.putUpstream({ ...second, updatedAt: '2026-11-22T00:00:00.000Z' }),
      ]);
      expect([...outcomes].sort()).toEqual([false, true]);
      expect(await registry.putUpstream({ ...record, revision: 4 })).toBe(false);
      expect(await registry.putUpstream({ ...record, revision: 3 })).toBe(true);
      expect(await registry.getUpstream('*', 'race')).toEqual({ ...record, revision: 3 });
    });

    it('a change of what is not there is refused, so that a removed upstream stays removed', async () => {
      expect(await registry.putUpstream(anUpstream('gone', { revision: 2 }))).toBe(false);
      expect(await registry.putPins(aPin('gone', { revision: 2 }))).toBe(false);
      expect(await registry.getUpstream('*', 'gone')).toBeUndefined();
      expect(await registry.getPins('*', 'gone')).toBeUndefined();
    });

    it('pins are written under the same condition, listed, and go with their definitions', async () => {
      const pin = aPin('pinned', { tools: { 'a.b': 'a'.repeat(43), constructor: 'c'.repeat(43) } });
      expect(await registry.putPins(pin)).toBe(true);
      expect(await registry.putPins(pin)).toBe(false);
      expect(await registry.putPins({ ...pin, tools: {}, revision: 2 })).toBe(true);
      expect(await registry.putPins({ ...pin, revision: 3 })).toBe(true);
      expect(await registry.getPins('*', 'pinned')).toEqual({ ...pin, revision: 3 });
      expect(await registry.listPins()).toEqual(expect.arrayContaining([{ ...pin, revision: 3 }]));

      const definitions = { scope: '*' as const, server: 'pinned', definitions: { a: '{"a":1}' } };
      await registry.putDefinitions({ ...definitions, definitions: { b: '{}' } });
      await registry.putDefinitions(definitions);
      expect(await registry.getDefinitions('*', 'pinned')).toEqual(definitions);
      expect(await registry.deletePins('*', 'pinned')).toBe(true);
      expect(await registry.getPins('*', 'pinned')).toBeUndefined();
      expect(await registry.getDefinitions('*', 'pinned')).toBeUndefined();
    });

    it('the pins of 1,000 tools fit', async () => {
      const tools = Object.fromEntries(
        Array.from({ length: 1_000 }, (_, index) => [
          `tool_${index}_`.padEnd(128, 'x'),
          'h'.repeat(43),
        ]),
      );
      const pin = aPin('thousand', { tools });
      expect(await registry.putPins(pin)).toBe(true);
      expect(await registry.getPins('*', 'thousand')).toEqual(pin);
    });

    it('a list of more than one page of DynamoDB is whole', async () => {
      const names = Array.from({ length: 8 }, (_, index) => `large-${index}`);
      for (const name of names) {
        const filler = { type: 'object', title: 'x'.repeat(200_000) };
        await registry.putUpstream(anUpstream(name, { spec: openApi(name, filler) }));
      }
      const listed = (await registry.listUpstreams()).map(({ name }) => name);
      expect(listed.filter((name) => name.startsWith('large-'))).toEqual(names);
      for (const name of names) await registry.deleteUpstream('*', name);
    });

    it('a record that DynamoDB would not take is refused with its size', async () => {
      const spec = openApi('too-large', { type: 'object', title: 'x'.repeat(360_000) });
      const refused = registry.putUpstream(anUpstream('too-large', { spec }));
      await expect(refused).rejects.toThrow(ItemTooLargeError);
      await expect(refused).rejects.toThrow(
        'registry item UPSTREAM#*#too-large would have 361 KB, and may have 350 KB',
      );
      expect(await registry.getUpstream('*', 'too-large')).toBeUndefined();
    });

    it('a malformed item throws, names its fields and hides their values', async () => {
      const record = anUpstream('broken', { scope: 'broken' });
      for (const [item, fields] of [
        [
          { ...record, spec: '{"canary' },
          /UPSTREAM#broken#broken is not a server record: check spec$/,
        ],
        [{ ...record, spec: '{"kind":"canary"}' }, /check spec\.kind/],
        [
          { ...record, spec: JSON.stringify(aSpec('canary', { tenants: ['broken'] })) },
          /spec\.name/,
        ],
        [{ ...record, spec: JSON.stringify(aSpec('broken')) }, /check spec\.tenants/],
        [
          {
            ...record,
            spec: JSON.stringify(aSpec('broken', { tenants: ['broken', 'canary'] })),
          },
          /check spec\.tenants/,
        ],
      ] as const) {
        await harness.plant(upstreamPlace(record), item);
        const failure = await registry
          .getUpstream('broken', 'broken')
          .catch((error: unknown) => error);
        expect(String(failure)).toMatch(fields);
        expect(String(failure)).not.toContain('canary');
        await expect(registry.listUpstreams()).rejects.toThrow(/UPSTREAM#broken#broken/);
      }
      await registry.deleteUpstream('broken', 'broken');

      const pin = aPin('broken');
      await harness.plant(pinPlace(pin), { ...pin, tools: '{"search":"canary"}' });
      await expect(registry.getPins('*', 'broken')).rejects.toThrow(
        /PIN#\*#broken is not a pin record: check tools\.search$/,
      );
      await expect(registry.listPins()).rejects.toThrow(/PIN#\*#broken/);
      await registry.deletePins('*', 'broken');
    });

    it('a sandbox in a record is refused: only a deploy makes one', async () => {
      const record = anUpstream('sandboxed');
      const {
        url: _url,
        transport: _transport,
        headers: _headers,
        ...common
      } = aSpec('sandboxed') as LiveSpec & { kind: 'http' };
      const spec = JSON.stringify({ ...common, kind: 'sandbox', sandbox: 'sandboxed', env: {} });
      await harness.plant(upstreamPlace(record), { ...record, spec });
      await expect(registry.getUpstream('*', 'sandboxed')).rejects.toThrow(/check spec\.kind/);
      await registry.deleteUpstream('*', 'sandboxed');
    });

    it('an item that holds another one’s record throws', async () => {
      const record = anUpstream('swapped');
      const elsewhere = anUpstream('elsewhere');
      await harness.plant(
        { ...upstreamPlace(record), pk: upstreamPlace(elsewhere).pk },
        { ...record, spec: JSON.stringify(record.spec) },
      );
      await expect(registry.getUpstream('*', 'elsewhere')).rejects.toThrow(
        /holds the record of UPSTREAM#\*#swapped/,
      );
      await registry.deleteUpstream('*', 'elsewhere');
      await harness.plant(
        { pk: definitionsPk('*', 'swapped'), collection: 'X', position: 'X' },
        { scope: '*', server: 'other', definitions: '{}' },
      );
      await expect(registry.getDefinitions('*', 'swapped')).rejects.toThrow(
        /holds the record of DEFINITIONS#\*#other/,
      );
    });
  });
};
