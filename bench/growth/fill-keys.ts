import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { KeyRecord } from '../../src/registry/records.ts';
import { keyPlace } from '../../src/registry/registry-table.ts';
import { givenOptions, serveParent } from '../servers/parent.ts';
import { fillKeysOptions } from './messages.ts';

/**
 * Puts records of keys into the twin's DynamoDB while it is stopped, by dynalite's own functions: over HTTP a million
 * would take half an hour. They are in the table alone, not in its index, which no lookup reads.
 */
const { dataDirectory, tableName, keys, recordsFile } = fillKeysOptions.parse(givenOptions());

interface Store {
  getTable(name: string, done: (error: Error | null, table: object) => void): void;
  getItemDb(name: string): {
    batch(operations: readonly object[], done: (error: Error | null) => void): void;
  };
  readonly db: { close(): Promise<void> };
}
const { create, createKey } = createRequire(import.meta.url)('dynalite/db') as {
  readonly create: (options: object) => Store;
  readonly createKey: (item: object, table: object) => string;
};

const perBatch = 10_000;
const createdAt = new Date(0).toISOString();

const real = JSON.parse(readFileSync(recordsFile, 'utf8')) as readonly KeyRecord[];
const spacing = Math.floor(keys / real.length);

const fillerOf = (index: number): Record<string, unknown> => {
  const hash = createHash('sha256').update(String(index)).digest('base64url');
  // No base62 text that is minted has an underscore: these are nobody's keys.
  const record = { keyId: `_${index.toString(36).padStart(7, '0')}`, tenant: 'filler', createdAt };
  return {
    ...record,
    ...keyPlace(record),
    name: 'filler',
    role: 'user',
    plan: 'premium',
    usageKey: hash,
    status: 'active',
    pepperVersion: '1',
    hash,
  };
};

/** Every so many records there is a real one. */
const recordOf = (index: number): Record<string, unknown> => {
  const own = index % spacing === 0 ? real[index / spacing] : undefined;
  return own === undefined ? fillerOf(index) : { ...own, ...keyPlace(own) };
};

const store = create({ path: dataDirectory });
const table = await promisify(store.getTable.bind(store))(tableName);
const items = store.getItemDb(tableName);
const batch = promisify(items.batch.bind(items));
for (let from = 0; from < keys; from += perBatch) {
  const length = Math.min(perBatch, keys - from);
  const operations = Array.from({ length }, (_, offset) => {
    const value = marshall(recordOf(from + offset));
    return { type: 'put', key: createKey(value, table), value };
  });
  await batch(operations);
}
await store.db.close();
serveParent({ ready: { written: keys } });
