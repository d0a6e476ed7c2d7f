import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mintApiKey } from '../../src/credentials/api-key.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import type { KeyRecord } from '../../src/registry/records.ts';
import type { Child } from '../child.ts';
import {
  laneReady,
  laneSample,
  twinReady,
  type LaneOptions,
  type TwinOptions,
  type TwinReady,
} from '../messages.ts';
import { median, spreadOf, type Spread } from '../statistics.ts';
import type { Start } from '../upstreams.ts';
import { adminOf } from './admin.ts';
import { fillKeysReady, type FillKeysOptions } from './messages.ts';

const steps = [10, 1_000, 100_000, 1_000_000] as const;
/** Keys that are asked for, in turn: spread over the table. */
const mostAsked = 2_000;
const lookups = 400;
const target = 1.2;

export interface KeysResult {
  readonly points: readonly { readonly keys: number; readonly p50Us: Spread }[];
  /** Median over the rounds of (the most / the fewest of the same round). */
  readonly ratio: number;
  readonly target: number;
}

export interface KeysOptions {
  readonly directory: string;
  readonly authorizerDirectory: string;
  readonly twinOptions: TwinOptions;
  readonly start: Start;
  readonly rounds: number;
  readonly mostKeys: number;
  readonly say: (line: string) => void;
}

interface Minted {
  readonly keys: readonly string[];
  readonly records: readonly KeyRecord[];
}

/** As `drawbridge keys create` makes them, without writing them. */
const mint = async (admin: AdminPorts, { tenant }: TwinReady, count: number): Promise<Minted> => {
  const pepper = await admin.peppers.read();
  const record = await admin.registry.getTenant(tenant);
  if (record === undefined) throw new Error(`there is no tenant ${tenant}`);
  const minted = Array.from({ length: count }, () => mintApiKey(tenant));
  return {
    keys: minted.map(({ key }) => key),
    records: minted.map(({ keyId, key }) => ({
      keyId,
      tenant,
      name: 'bench',
      role: 'user',
      plan: record.plan,
      usageKey: record.usageKey,
      status: 'active',
      ...pepper.hash(key),
      createdAt: new Date(0).toISOString(),
    })),
  };
};

/** A twin whose table holds so many keys, and the authorizer that reads it. */
const openTable = async (
  keys: number,
  { directory, authorizerDirectory, twinOptions, start }: KeysOptions,
): Promise<{ readonly lane: Child<unknown>; readonly started: readonly Child<unknown>[] }> => {
  const stateDirectory = join(directory, `keys-${keys}`);
  mkdirSync(stateDirectory);
  const own = { ...twinOptions, stateDirectory };
  const empty = await start('servers/twin.ts', own, twinReady);
  const admin = await adminOf(twinOptions.projectDirectory, stateDirectory);
  const tableName = empty.ready.authorizerEnvironment['REGISTRY_TABLE_NAME'] ?? '';
  const minted = await mint(admin, empty.ready, Math.min(keys, mostAsked));
  await empty.stop();
  const file = (name: string, value: unknown): string => {
    const path = join(stateDirectory, name);
    writeFileSync(path, JSON.stringify(value));
    return path;
  };
  const recordsFile = file('records.json', minted.records);
  const dataDirectory = join(stateDirectory, 'dynamodb');
  const fill: FillKeysOptions = { dataDirectory, tableName, keys, recordsFile };
  await (await start('growth/fill-keys.ts', fill, fillKeysReady)).stop();
  const twin = await start('servers/twin.ts', own, twinReady);
  const { apiKey, accessToken, authorizerEnvironment, awsEnvironment } = twin.ready;
  const options: LaneOptions = {
    codeDirectory: authorizerDirectory,
    apiKey,
    accessToken,
    apiKeysFile: file('keys.json', minted.keys),
  };
  const lane = await start('servers/authorizer.ts', options, laneReady, {
    ...authorizerEnvironment,
    ...awsEnvironment,
  });
  return { lane, started: [twin, lane] };
};

/** Tables of every size side by side: each round asks each of them. A first round, which warms up, does not count. */
export const measureKeys = async (options: KeysOptions): Promise<KeysResult> => {
  const { rounds, mostKeys, say } = options;
  const sizes = steps.filter((keys) => keys <= mostKeys);
  const started: Child<unknown>[] = [];
  const samples = new Map<number, number[]>();
  try {
    const lanes = new Map<number, Child<unknown>>();
    for (const keys of sizes) {
      say(`growth: a table of ${keys} keys`);
      const table = await openTable(keys, options);
      started.push(...table.started);
      lanes.set(keys, table.lane);
    }
    for (let round = 0; round <= rounds; round++) {
      for (const [keys, lane] of lanes) {
        const { total } = await lane.ask({ measure: 'key', operations: lookups }, laneSample);
        if (round > 0) samples.set(keys, [...(samples.get(keys) ?? []), total.p50Us]);
      }
      if (round > 0) say(`growth: keys, round ${round}/${rounds}`);
    }
  } finally {
    for (const child of started.reverse()) await child.stop();
  }
  const most = samples.get(sizes.at(-1) ?? 0) ?? [];
  const fewest = samples.get(sizes[0] ?? 0) ?? [];
  return {
    points: [...samples].map(([keys, values]) => ({ keys, p50Us: spreadOf(values) })),
    ratio: median(most.map((value, round) => value / (fewest[round] ?? Number.NaN))),
    target,
  };
};
