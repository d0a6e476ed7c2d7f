import { describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/aws-client.ts';
import { DynamoDbMeter } from '../../src/quota/dynamodb-meter.ts';
import { InMemoryMeter } from '../../src/quota/in-memory-meter.ts';
import { MeterUnavailableError, type ChargeOutcome } from '../../src/quota/meter.ts';
import { aCaller, DynamoDbWorld, noon, plans, TestClock } from './meter-fixtures.ts';
import { meterContract } from './meter.contract.ts';

meterContract('in memory', async (table) => {
  const clock = new TestClock();
  const meter = new InMemoryMeter({ plans: table, now: clock.read });
  return {
    meter,
    usage: meter,
    standing: meter,
    clock,
    [Symbol.asyncDispose]: async () => undefined,
  };
});

meterContract('DynamoDB', (table) => DynamoDbWorld.start(table));

const principal = aCaller();
const count = (outcomes: readonly ChargeOutcome[], kind: ChargeOutcome['kind']): number =>
  outcomes.filter((outcome) => outcome.kind === kind).length;

describe('what a charge costs', () => {
  const trial = plans({
    plan: { units: { perMinute: 5, perDay: 50 }, unitsPerCredential: { perMinute: 5 } },
  });

  it('is one UpdateItem and no read: first, granted, refused, and in a new window', async () => {
    await using world = await DynamoDbWorld.start(trial);
    const kinds: string[] = [];
    for (const advance of [0, 1, 2, 60_000, 86_400_000, 31 * 86_400_000]) {
      world.clock.now += advance;
      const before = world.sent.length;
      kinds.push((await world.meter.charge({ principal, units: 3 })).kind);
      expect(world.sent.slice(before).map(({ operation }) => operation)).toEqual(['UpdateItem']);
    }
    expect(kinds).toEqual(['granted', 'over-limit', 'over-limit', 'granted', 'granted', 'granted']);
  });

  it('is one also when more is asked than a limit has, or in a container that knows nothing', async () => {
    await using world = await DynamoDbWorld.start(trial);
    expect(await world.container().charge({ principal, units: 6 })).toMatchObject({
      kind: 'over-limit',
      over: { window: 'minute', scope: 'tenant', used: 0 },
    });
    expect((await world.container().charge({ principal, units: 5 })).kind).toBe('granted');
    expect(world.sent.map(({ operation }) => operation)).toEqual(['UpdateItem', 'UpdateItem']);
  });

  it('reading is one strongly consistent GetItem for each shard', async () => {
    await using world = await DynamoDbWorld.start(
      plans({ plan: { units: { perDay: 9 }, shards: 2 }, wide: { shards: 3 } }),
    );
    await world.usage.read(principal);
    await world.usage.days('acme');
    const read = (shard: number) => ({
      operation: 'GetItem',
      input: {
        TableName: 'Usage',
        Key: { pk: { S: `TENANT#acme#${shard}` } },
        ConsistentRead: true,
      },
    });
    expect(world.sent).toEqual([0, 1, 0, 1, 2].map(read));
  });
});

describe('many at once', () => {
  it('of 200 charges on a limit of 50 exactly 50 are granted', async () => {
    await using world = await DynamoDbWorld.start(plans({ plan: { units: { perMinute: 50 } } }));
    const containers = Array.from({ length: 4 }, () => world.container());
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        containers[index % containers.length]!.charge({ principal, units: 1 }),
      ),
    );
    expect([count(outcomes, 'granted'), count(outcomes, 'over-limit')]).toEqual([50, 150]);
    expect(await world.usage.read(principal)).toMatchObject([{ used: 50 }]);
  });

  it.each([
    [1, 7],
    [4, 50],
    [7, 50],
    [16, 16],
  ])('%i shards grant the whole limit of %i, by ones', async (shards, limit) => {
    await using world = await DynamoDbWorld.start(
      plans({ plan: { units: { perDay: limit }, shards } }),
    );
    const outcomes = await Promise.all(
      Array.from({ length: limit + 20 }, () => world.meter.charge({ principal, units: 1 })),
    );
    expect([count(outcomes, 'granted'), count(outcomes, 'over-limit')]).toEqual([limit, 20]);
    expect(await world.usage.read(principal)).toMatchObject([{ used: limit }]);
    expect(await world.usage.days('acme')).toEqual([{ day: '2026-11-28', units: limit }]);
    const refused = await world.meter.charge({ principal, units: 1 });
    expect(refused).toMatchObject({ kind: 'over-limit', over: { used: limit, limit } });
  });
});

describe('shards', () => {
  const two = plans({ plan: { units: { perMinute: 5, perDay: 100 }, shards: 2 } });

  it('a shard without room sends the charge to the next', async () => {
    await using world = await DynamoDbWorld.start(two);
    const meter = world.container(() => 0.99);
    await meter.charge({ principal, units: 2 });
    expect(Object.keys(await world.item('acme', 1))).toContain('d20785');
    expect(await meter.charge({ principal, units: 2 })).toMatchObject({
      kind: 'granted',
      limits: [
        { window: 'minute', limit: 5, used: 4 },
        { window: 'day', limit: 100, used: 4 },
      ],
    });
    expect(world.sent).toHaveLength(3);
  });

  it('a charge is refused when no shard has room for all of it, though together they have', async () => {
    await using world = await DynamoDbWorld.start(two);
    await world.container(() => 0).charge({ principal, units: 2 });
    await world.container(() => 0.5).charge({ principal, units: 1 });
    expect(await world.meter.charge({ principal, units: 2 })).toMatchObject({
      kind: 'over-limit',
      over: { window: 'minute', limit: 5, used: 3 },
    });
  });

  it.each([0, 0.5])(
    'of limits that are in the way on different shards, the one that ends first is named (from %d)',
    async (from) => {
      await using world = await DynamoDbWorld.start(
        plans({ plan: { units: { perMinute: 4, perDay: 8 }, shards: 2 } }),
      );
      await world.plant({ [`m${noon / 60_000}`]: 2, d20785: 2 }, 'acme', 0);
      await world.plant({ d20785: 4 }, 'acme', 1);
      expect(await world.container(() => from).charge({ principal, units: 1 })).toMatchObject({
        kind: 'over-limit',
        over: { window: 'minute', limit: 4, used: 2 },
        limits: [{ used: 2 }, { used: 6 }],
      });
    },
  );

  it('a charge that is larger than a shard’s part asks only those that could take it', async () => {
    await using world = await DynamoDbWorld.start(two);
    const meter = world.container(() => 0.5);
    expect((await meter.charge({ principal, units: 3 })).kind).toBe('granted');
    expect((await meter.charge({ principal, units: 3 })).kind).toBe('over-limit');
    expect((await meter.charge({ principal, units: 4 })).kind).toBe('over-limit');
    expect(world.sent.map(({ input }) => 'Key' in input && input.Key)).toEqual(
      [0, 0, 0].map((shard) => ({ pk: { S: `TENANT#acme#${shard}` } })),
    );
  });

  it('usage is taken from the shard that answered until all are known, and never as less', async () => {
    await using world = await DynamoDbWorld.start(two);
    expect(await world.container(() => 0).charge({ principal, units: 2 })).toMatchObject({
      limits: [
        { limit: 5, used: 4 },
        { limit: 100, used: 4 },
      ],
    });
    expect((await world.usage.read(principal)).map(({ used }) => used)).toEqual([2, 2]);
  });

  it('standing holds on every shard', async () => {
    await using world = await DynamoDbWorld.start({
      ...two,
      ...plans({ wide: { shards: 8 } }),
    });
    await world.standing.suspend('acme');
    await world.standing.setPolicyVersion('acme', 2);
    await world.standing.revoke('acme', 'key:BBBBBBBB', 0);
    for (let shard = 0; shard < 8; shard += 1) {
      expect(await world.item('acme', shard)).toEqual({
        pk: { S: `TENANT#acme#${shard}` },
        s: { N: '1' },
        p: { N: '2' },
        'xkey:BBBBBBBB': { N: String(noon / 1000 - 900) },
      });
    }
  });
});

describe('what is not needed any more', () => {
  const table = plans({
    plan: { units: { perDay: 1_000, perMonth: 1_000 } },
    minute: { units: { perMinute: 5 } },
  });
  const day = 20_785;
  const minute = noon / 60_000;
  const kept = {
    [`m${minute - 1}`]: 1,
    [`d${day - 1}`]: 2,
    [`d${day - 40}`]: 3,
    o202610: 4,
    o202510: 5,
    [`cm${minute - 1}#key:B`]: 6,
    [`cd${day - 1}#key:B`]: 7,
    'co202610#key:B': 8,
    s2: 9,
    'xjwt:old': 1,
    [`m${minute + 1}`]: 10,
  };
  const stale = {
    [`m${minute - 2}`]: 1,
    [`d${day - 41}`]: 2,
    o202509: 3,
    [`cm${minute - 2}#key:B`]: 4,
    [`cd${day - 2}#key:B`]: 5,
    'co202609#jwt:d#m1': 6,
  };
  const names = (item: object) => Object.keys(item).sort();
  const current = { pk: 0, [`d${day}`]: 0, o202611: 0 };

  it('goes with the second charge of a container; what is current, previous or no counter stays', async () => {
    await using world = await DynamoDbWorld.start(table);
    await world.plant({ ...kept, ...stale });
    await world.meter.charge({ principal, units: 1 });
    expect(names(await world.item())).toEqual(names({ ...current, ...kept, ...stale }));
    await world.meter.charge({ principal, units: 1 });
    const item = await world.item();
    expect(names(item)).toEqual(names({ ...current, ...kept }));
    expect(item).toMatchObject({ [`d${day - 1}`]: { N: '2' }, [`d${day}`]: { N: '2' } });
    expect(world.sent.map(({ operation }) => operation)).toEqual(['UpdateItem', 'UpdateItem']);
  });

  it('is not removed by a clock that was set back, which counts there again', async () => {
    await using world = await DynamoDbWorld.start(table);
    const minutely = aCaller({ plan: 'minute' });
    const charge = () => world.meter.charge({ principal: minutely, units: 3 });
    await charge();
    world.clock.now += 120_000;
    await charge();
    world.clock.now -= 120_000;
    expect((await charge()).kind).toBe('over-limit');
    world.clock.now += 60_000;
    expect((await charge()).kind).toBe('granted');
    expect(names(await world.item())).toEqual(
      names({ ...current, [`m${minute}`]: 0, [`m${minute + 1}`]: 0, [`m${minute + 2}`]: 0 }),
    );
  });

  it('goes in parts, so that no expression grows too long', async () => {
    await using world = await DynamoDbWorld.start(table);
    const many = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`cd${day - 5}#key:${index}`, 1]),
    );
    await world.plant(many);
    const left = async () => names(await world.item()).length - names(current).length;
    await world.meter.charge({ principal, units: 1 });
    for (const expected of [30, 10, 0]) {
      await world.meter.charge({ principal, units: 1 });
      expect(await left()).toBe(expected);
    }
  });

  it('an item stays below 1 KB over a year of daily use, by one container or a new one each time', async () => {
    await using world = await DynamoDbWorld.start(
      plans({ plan: { units: { perMinute: 1e6, perDay: 1e9, perMonth: 1e12 } } }),
    );
    const tenant = 'a'.repeat(32);
    const daily = aCaller({ tenant });
    let largest = 0;
    for (let days = 0; days < 365; days += 1) {
      for (const units of [123_456, 0]) {
        world.clock.now = noon + days * 86_400_000 + units;
        const meter = days % 2 === 0 ? world.meter : world.container();
        await meter.charge({ principal: daily, units });
      }
      largest = Math.max(largest, sizeOf(await world.item(tenant)));
    }
    expect(largest).toBeGreaterThan(300);
    expect(largest).toBeLessThan(1_024);
    expect(await world.usage.days(tenant)).toHaveLength(41);
  }, 60_000);

  it('marks of keys and roles go with a revocation two hours later, those of users stay', async () => {
    await using world = await DynamoDbWorld.start(table);
    const at = noon / 1000;
    await world.standing.revoke('acme', 'key:OLD', at);
    await world.standing.revoke('acme', 'iam:123456789012:role/old', at);
    await world.standing.revoke('acme', 'jwt:old', at);
    await world.standing.revoke('acme', 'key:AHEAD', at + 3_600);
    world.clock.now += 7_200_000;
    await world.standing.revoke('acme', 'key:ONE', at + 7_200);
    expect(names(await world.item())).toHaveLength(6);
    world.clock.now += 1_000;
    await world.standing.revoke('acme', 'key:TWO', at);
    expect(names(await world.item())).toEqual(
      names({ pk: 0, 'xjwt:old': 0, 'xkey:AHEAD': 0, 'xkey:ONE': 0, 'xkey:TWO': 0 }),
    );
  });
});

/** As DynamoDB counts: names and texts by their bytes, a number by half its digits and one more. */
const sizeOf = (item: Record<string, { N?: string; S?: string }>): number =>
  Object.entries(item).reduce(
    (sum, [name, { N = '', S = '' }]) =>
      sum +
      Buffer.byteLength(name) +
      (N === '' ? Buffer.byteLength(S) : Math.ceil(N.length / 2) + 1),
    0,
  );

describe('a table that does not answer', () => {
  const table = plans({
    plan: { units: { perDay: 5 } },
    generous: { units: { perDay: 5 }, whenUnreachable: 'allow' },
  });
  const generous = aCaller({ plan: 'generous' });
  const failing = (error: Error) =>
    new DynamoDbMeter({
      updateItem: () => Promise.reject(error),
      tableName: 'Usage',
      plans: table,
      now: () => noon,
    });
  const passing = [
    new AwsError('Unreachable', 'UpdateItem'),
    new AwsError('InternalServerError', 'UpdateItem', 500),
    new AwsError('ThrottlingException', 'UpdateItem', 400),
  ];

  it.each(passing)(
    'refuses by default, and allows where the plan says so: $name',
    async (error) => {
      const refused = failing(error).charge({ principal, units: 1 });
      await expect(refused).rejects.toThrow(MeterUnavailableError);
      await expect(refused).rejects.toMatchObject({ cause: error });
      expect(await failing(error).charge({ principal: generous, units: 1 })).toEqual({
        kind: 'granted',
        limits: [],
      });
    },
  );

  it.each([
    new AwsError('AccessDeniedException', 'UpdateItem', 400),
    new AwsError('ValidationException', 'UpdateItem', 400),
    new AwsError('ResourceNotFoundException', 'UpdateItem', 400),
    new TypeError('a fault of ours'),
  ])('what would not pass by itself refuses under any plan: $name', async (error) => {
    for (const one of [principal, generous]) {
      await expect(failing(error).charge({ principal: one, units: 1 })).rejects.toThrow(
        MeterUnavailableError,
      );
    }
  });

  it.each([{}, { Attributes: { d1: { N: 'many' } } }, { Attributes: { d1: { L: [] } } }, 'text'])(
    'an answer that is none refuses: %j',
    async (output) => {
      const meter = new DynamoDbMeter({
        updateItem: async () => output,
        tableName: 'Usage',
        plans: table,
        now: () => noon,
      });
      await expect(meter.charge({ principal: generous, units: 1 })).rejects.toThrow(
        MeterUnavailableError,
      );
    },
  );

  it('the meter in memory does the same', async () => {
    const meter = new InMemoryMeter({ plans: table, now: () => noon });
    meter.unreachable = true;
    await expect(meter.charge({ principal, units: 1 })).rejects.toThrow(MeterUnavailableError);
    expect(await meter.charge({ principal: generous, units: 9 })).toEqual({
      kind: 'granted',
      limits: [],
    });
  });
});
