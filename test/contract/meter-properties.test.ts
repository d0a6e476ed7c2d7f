import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InMemoryMeter, type InMemoryMeter as Memory } from '../../src/quota/in-memory-meter.ts';
import type { Meter, UsageReader } from '../../src/quota/meter.ts';
import type { PlanTable } from '../../src/quota/plan-limits.ts';
import { aCaller, DynamoDbWorld, plans, TestClock } from './meter-fixtures.ts';

type Limits = Partial<Record<'perMinute' | 'perDay' | 'perMonth', number>>;
interface Plan {
  readonly units: Limits;
  readonly unitsPerCredential: Limits;
}
interface Call {
  readonly lane: number;
  readonly units: number;
  readonly container: number;
}
interface Batch {
  /** The clock goes on by so many seconds before. */
  readonly advance: number;
  readonly calls: readonly Call[];
}

const callers = [
  aCaller({ subject: 'key:AAAAAAAA' }),
  aCaller({ subject: 'jwt:0b1e#1', lane: 'jwt' }),
  aCaller({ subject: 'iam:123456789012:role/ci', lane: 'iam' }),
];

const limits = (max: number): fc.Arbitrary<Limits> =>
  fc.record(
    {
      perMinute: fc.integer({ min: 1, max }),
      perDay: fc.integer({ min: 1, max: max * 2 }),
      perMonth: fc.integer({ min: 1, max: max * 3 }),
    },
    { requiredKeys: [] },
  );
const plan: fc.Arbitrary<Plan> = fc.record({
  units: limits(25),
  unitsPerCredential: fc.oneof(fc.constant({}), limits(12)),
});
const batches: fc.Arbitrary<readonly Batch[]> = fc.array(
  fc.record({
    advance: fc.constantFrom(0, 0, 20, 60, 3_600, 86_400, 31 * 86_400),
    calls: fc.array(
      fc.record({
        lane: fc.integer({ min: 0, max: 2 }),
        units: fc.oneof(fc.constant(1), fc.integer({ min: 0, max: 7 })),
        container: fc.integer({ min: 0, max: 2 }),
      }),
      { minLength: 1, maxLength: 14 },
    ),
  }),
  { minLength: 1, maxLength: 7 },
);

/** What the counters ought to be: windows are prefixes of the time as text. */
class Model {
  readonly #plan: Plan;
  readonly #used = new Map<string, number>();

  constructor(planOfModel: Plan) {
    this.#plan = planOfModel;
  }

  #limits(lane: number, now: number): readonly { readonly key: string; readonly limit: number }[] {
    const time = new Date(now).toISOString();
    const windows = { perMinute: 16, perDay: 10, perMonth: 7 } as const;
    const of = (who: string, settings: Limits) =>
      Object.entries(windows).flatMap(([name, length]) => {
        const limit = settings[name as keyof Limits];
        return limit === undefined ? [] : [{ key: `${who} ${time.slice(0, length)}`, limit }];
      });
    return [...of('all', this.#plan.units), ...of(`${lane}`, this.#plan.unitsPerCredential)];
  }

  fits({ lane, units }: Call, now: number): boolean {
    return units === 0 || this.used(lane, now).every(({ limit, used }) => used + units <= limit);
  }

  add({ lane, units }: Call, now: number): void {
    for (const { key } of this.#limits(lane, now)) {
      this.#used.set(key, (this.#used.get(key) ?? 0) + units);
    }
  }

  used(lane: number, now: number): readonly { readonly limit: number; readonly used: number }[] {
    return this.#limits(lane, now).map(({ key, limit }) => ({
      limit,
      used: this.#used.get(key) ?? 0,
    }));
  }
}

interface Subject {
  readonly containers: readonly Meter[];
  readonly usage: UsageReader;
  readonly clock: TestClock;
  readonly tenant: string;
}

/** Not a unit more than any limit, and not a call refused that there is still room for. */
const isExact = async (
  { containers, usage, clock, tenant }: Subject,
  planOfRun: Plan,
  steps: readonly Batch[],
): Promise<void> => {
  const model = new Model(planOfRun);
  const of = (lane: number) => ({ ...callers[lane]!, tenant });
  clock.now = Date.UTC(2026, 11, 31, 23, 57, 30);
  for (const { advance, calls } of steps) {
    clock.now += advance * 1_000;
    const outcomes = await Promise.all(
      calls.map(({ lane, units, container }) =>
        containers[container]!.charge({ principal: of(lane), units }),
      ),
    );
    const refused: Call[] = [];
    for (const [index, outcome] of outcomes.entries()) {
      const call = calls[index]!;
      if (outcome.kind === 'granted') model.add(call, clock.now);
      else if (outcome.kind === 'over-limit') refused.push(call);
      else throw new Error(outcome.kind);
    }
    for (const lane of callers.keys()) {
      const expected = model.used(lane, clock.now);
      for (const { used, limit } of expected) expect(used).toBeLessThanOrEqual(limit);
      const read = await usage.read(of(lane));
      expect(read.map(({ limit, used }) => ({ limit, used }))).toEqual(expected);
    }
    expect(refused.filter((call) => model.fits(call, clock.now))).toEqual([]);
  }
};

describe('whatever the plan, the weights, the callers and the hour, counting is exact', () => {
  it('in memory', async () => {
    await fc.assert(
      fc.asyncProperty(plan, batches, async (planOfRun, steps) => {
        const clock = new TestClock();
        const meter: Memory = new InMemoryMeter({
          plans: plans({ plan: planOfRun }),
          now: clock.read,
        });
        const containers = [meter, meter, meter];
        await isExact({ containers, usage: meter, clock, tenant: 'acme' }, planOfRun, steps);
      }),
      { numRuns: 300 },
    );
  });

  describe('on DynamoDB', () => {
    /** The plan of each run stands under the one name that the world was made with. */
    const current: Record<string, PlanTable[string]> = {};
    let world: DynamoDbWorld;
    let run = 0;
    beforeAll(async () => {
      world = await DynamoDbWorld.start(current);
    });
    afterAll(() => world[Symbol.asyncDispose]());

    it('with weights, from three containers', async () => {
      await fc.assert(
        fc.asyncProperty(plan, batches, async (planOfRun, steps) => {
          Object.assign(current, plans({ plan: planOfRun }));
          run += 1;
          const containers = [world.container(), world.container(), world.container()];
          await isExact(
            { containers, usage: world.usage, clock: world.clock, tenant: `run-${run}` },
            planOfRun,
            steps,
          );
        }),
        { numRuns: 60 },
      );
    }, 120_000);

    it('over shards, by ones', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 9 }),
          fc.record({ perMinute: fc.integer({ min: 9, max: 25 }) }),
          batches,
          async (shards, units, steps) => {
            Object.assign(current, plans({ plan: { units, shards } }));
            run += 1;
            const containers = [world.container(), world.container(), world.container()];
            const ones = steps.map(({ advance, calls }) => ({
              advance,
              calls: calls.map((call) => ({ ...call, units: 1 })),
            }));
            await isExact(
              { containers, usage: world.usage, clock: world.clock, tenant: `run-${run}` },
              { units, unitsPerCredential: {} },
              ones,
            );
          },
        ),
        { numRuns: 25 },
      );
    }, 120_000);
  });
});
