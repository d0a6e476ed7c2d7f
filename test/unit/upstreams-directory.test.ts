import { describe, expect, it } from 'vitest';
import { createLog } from '../../src/log/log.ts';
import type { PinRecord, UpstreamRecord } from '../../src/registry/upstream-records.ts';
import { LiveDirectory } from '../../src/upstreams/live-directory.ts';
import { emptyPinLock, withPins } from '../../src/upstreams/pin-lock.ts';
import type { UpstreamSpec } from '../../src/upstreams/upstream-spec.ts';
import { specOf } from './support/in-memory-upstream.ts';

const written = { revision: 1, createdAt: '2026-11-21T05:00:00.000Z' };

const recordOf = (
  name: string,
  { scope = '*', enabled = true, spec }: Partial<UpstreamRecord> = {},
): UpstreamRecord => ({
  scope,
  name,
  enabled,
  ...(spec === undefined ? {} : { spec }),
  ...written,
  updatedAt: written.createdAt,
});

const ownSpec = (name: string, tenant: string) =>
  specOf(name, { tenants: [tenant] }) as NonNullable<UpstreamRecord['spec']>;

const aDirectory = (deployed: readonly UpstreamSpec[] = []) => {
  const at = { now: 1_000_000 };
  const store = {
    upstreams: [] as UpstreamRecord[],
    pins: [] as PinRecord[],
    reads: 0,
    isDown: false,
  };
  const lines: string[] = [];
  const directory = new LiveDirectory({
    deployed,
    lock: withPins(emptyPinLock, 'weather', new Map([['today', 'of the lock']])),
    records: {
      listUpstreams: async () => {
        store.reads += 1;
        if (store.isDown) throw new Error('the table is out of reach');
        return structuredClone(store.upstreams);
      },
      listPins: async () => structuredClone(store.pins),
    },
    log: createLog((line) => void lines.push(line)),
    now: () => at.now,
  });
  const names = async (tenant = 'demo') =>
    (await directory.visibleTo(tenant)).specs.map(({ name }) => name);
  return { directory, names, at, store, lines };
};

describe('the upstreams of a tenant', () => {
  it('are those that were deployed for it, in the order of names', async () => {
    const { names } = aDirectory([
      specOf('weather'),
      specOf('books', { tenants: ['acme'] }),
      specOf('atlas', { tenants: ['demo'] }),
    ]);
    expect(await names('demo')).toEqual(['atlas', 'weather']);
    expect(await names('acme')).toEqual(['books', 'weather']);
  });

  it('are those of records as well, of everybody’s and its own alone', async () => {
    const { names, store } = aDirectory([specOf('weather')]);
    store.upstreams = [
      recordOf('news', { spec: specOf('news') as NonNullable<UpstreamRecord['spec']> }),
      recordOf('crm', { scope: 'acme', spec: ownSpec('crm', 'acme') }),
    ];
    expect(await names('demo')).toEqual(['news', 'weather']);
    expect(await names('acme')).toEqual(['crm', 'news', 'weather']);
  });

  it('lack what was switched off, for everybody or for one', async () => {
    const { names, store } = aDirectory([specOf('weather'), specOf('books')]);
    store.upstreams = [
      recordOf('weather', { enabled: false }),
      recordOf('books', { scope: 'acme', enabled: false }),
    ];
    expect(await names('demo')).toEqual(['books']);
    expect(await names('acme')).toEqual([]);
  });

  it('a record of its own comes before everybody’s', async () => {
    const { directory, names, store } = aDirectory([specOf('weather')]);
    store.upstreams = [
      recordOf('weather', { enabled: false }),
      recordOf('weather', { scope: 'acme', spec: ownSpec('weather', 'acme') }),
    ];
    expect(await names('demo')).toEqual([]);
    expect((await directory.visibleTo('acme')).specs).toEqual([ownSpec('weather', 'acme')]);
  });
});

describe('a change', () => {
  it('is seen within thirty seconds, and not read for each request', async () => {
    const { names, store, at } = aDirectory();
    for (let times = 0; times < 10; times++) expect(await names()).toEqual([]);
    expect(store.reads).toBe(1);
    store.upstreams = [
      recordOf('news', { spec: specOf('news') as NonNullable<UpstreamRecord['spec']> }),
    ];
    at.now += 15_001;
    expect(await names()).toEqual(['news']);
    store.upstreams = [];
    at.now += 15_001;
    expect(await names()).toEqual([]);
  });

  it('of nothing leaves the view the very same, so that what was made of it stays', async () => {
    const { directory, at } = aDirectory([specOf('weather')]);
    const before = await directory.visibleTo('demo');
    at.now += 15_001;
    expect(await directory.visibleTo('demo')).toBe(before);
  });

  it('that cannot be read leaves the last ones', async () => {
    const { directory, names, store, at, lines } = aDirectory([specOf('weather')]);
    store.upstreams = [recordOf('weather', { enabled: false })];
    expect(await names()).toEqual([]);
    store.isDown = true;
    at.now += 60_000;
    expect(await names()).toEqual([]);
    expect((await directory.visibleTo('demo')).isComplete).toBe(true);
    expect(lines.join()).toContain('"event":"upstreams.unreadable"');
  });
});

it('nothing is served before records were read once: one may say that a server is off', async () => {
  const { directory, names, store, at } = aDirectory([specOf('weather')]);
  store.isDown = true;
  expect(await directory.visibleTo('demo')).toEqual({
    specs: [],
    pins: new Map(),
    isComplete: false,
  });
  store.isDown = false;
  expect(await names()).toEqual([]);
  at.now += 2_001;
  expect(await names()).toEqual(['weather']);
});

describe('pins', () => {
  const pinOf = (scope: string, hash: string): PinRecord => ({
    scope,
    server: 'weather',
    tools: { today: hash.padEnd(43, '-') },
    approvedAt: written.createdAt,
    revision: 1,
  });
  const pinned = async (directory: LiveDirectory, tenant: string) =>
    (await directory.visibleTo(tenant)).pins.get('weather')?.get('today');

  it('of records come before those of the lock, and a tenant’s before everybody’s', async () => {
    const { directory, store, at } = aDirectory([specOf('weather'), specOf('books')]);
    expect(await pinned(directory, 'demo')).toBe('of the lock');
    expect((await directory.visibleTo('demo')).pins.has('books')).toBe(false);
    store.pins = [pinOf('acme', 'of acme'), pinOf('*', 'of all')];
    at.now += 15_001;
    expect(await pinned(directory, 'demo')).toMatch(/^of all-/);
    expect(await pinned(directory, 'acme')).toMatch(/^of acme-/);
  });
});
