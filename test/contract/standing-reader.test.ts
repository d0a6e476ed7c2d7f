import { describe, expect, it } from 'vitest';
import { DynamoDbStandingReader } from '../../src/admin/dynamodb-standing-reader.ts';
import { InMemoryStanding } from '../../src/admin/in-memory-standing.ts';
import type { StandingReader } from '../../src/admin/ports.ts';
import { DynamoDbStanding } from '../../src/quota/dynamodb-standing.ts';
import type { StandingWriter } from '../../src/quota/meter.ts';
import { startUsageTable } from './dynalite-table.ts';

interface StandingUnderTest extends AsyncDisposable {
  readonly standing: StandingWriter & StandingReader;
  readonly counters: number;
}

const onDynamoDb = (maxShards: number) => async (): Promise<StandingUnderTest> => {
  const table = await startUsageTable();
  const writer = new DynamoDbStanding({ ...table, maxShards, now: () => 1_795_237_200_000 });
  const reader = new DynamoDbStandingReader({ ...table, maxShards });
  return {
    standing: Object.assign(writer, {
      standings: (tenant: string, subject?: string) => reader.standings(tenant, subject),
    }),
    counters: maxShards,
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
};

describe.each<[string, () => Promise<StandingUnderTest>]>([
  [
    'in memory',
    async () => ({
      standing: new InMemoryStanding(),
      counters: 1,
      [Symbol.asyncDispose]: async () => undefined,
    }),
  ],
  ['on DynamoDB', onDynamoDb(1)],
  ['on DynamoDB, of three counters', onDynamoDb(3)],
])('the standing of a tenant, %s', (_adapter, start) => {
  const each = <T>({ counters }: StandingUnderTest, standing: T): readonly T[] =>
    Array.from({ length: counters }, () => standing);

  it('is read back as it was written, of each counter', async () => {
    await using test = await start();
    const { standing } = test;
    expect(await standing.standings('acme')).toEqual(each(test, { suspended: false }));
    await standing.suspend('acme');
    await standing.setPolicyVersion('acme', 3);
    expect(await standing.standings('acme')).toEqual(
      each(test, { suspended: true, policyVersion: 3 }),
    );
    expect(await standing.standings('beta')).toEqual(each(test, { suspended: false }));
    await standing.resume('acme');
    expect(await standing.standings('acme')).toEqual(
      each(test, { suspended: false, policyVersion: 3 }),
    );
  });

  it('tells from when a credential is refused, when it is asked about', async () => {
    await using test = await start();
    const { standing } = test;
    await standing.revoke('acme', 'key:aaaaaaaa', 1_795_237_260);
    expect(await standing.standings('acme')).toEqual(each(test, { suspended: false }));
    expect(await standing.standings('acme', 'key:bbbbbbbb')).toEqual(
      each(test, { suspended: false }),
    );
    expect(await standing.standings('acme', 'key:aaaaaaaa')).toEqual(
      each(test, { suspended: false, revokedAt: 1_795_237_260 }),
    );
    await standing.readmit('acme', 'key:aaaaaaaa');
    expect(await standing.standings('acme', 'key:aaaaaaaa')).toEqual(
      each(test, { suspended: false }),
    );
  });

  it('a version of policies is never taken back', async () => {
    await using test = await start();
    await test.standing.setPolicyVersion('acme', 3);
    await test.standing.setPolicyVersion('acme', 2);
    expect(await test.standing.standings('acme')).toEqual(
      each(test, { suspended: false, policyVersion: 3 }),
    );
  });
});
