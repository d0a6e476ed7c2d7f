import { describe, expect, it } from 'vitest';
import { PepperSource } from '../../src/credentials/pepper-source.ts';
import { failureOf } from './admin-fixtures.ts';

const documentWith = (...versions: readonly string[]) =>
  JSON.stringify({
    current: versions.at(-1),
    ...Object.fromEntries(versions.map((version) => [version, version.repeat(40)])),
  });

/** A pepper source over a secret that tests change, break and count the reads of. */
const aSource = (start = documentWith('1')) => {
  const world = {
    now: 1_000_000,
    secret: start,
    failure: undefined as Error | undefined,
    reads: 0,
  };
  const source = new PepperSource(
    async () => {
      world.reads++;
      if (world.failure !== undefined) throw world.failure;
      return world.secret;
    },
    () => world.now,
  );
  return { world, source };
};

const minutes = 60_000;

describe('what is held', () => {
  it('is read once and serves for five minutes', async () => {
    const { world, source } = aSource();
    await source.get();
    world.secret = documentWith('1', '2');
    world.now += 5 * minutes;
    expect((await source.get()).currentVersion).toBe('1');
    expect(world.reads).toBe(1);
  });

  it('is read again after five minutes', async () => {
    const { world, source } = aSource();
    await source.get();
    world.secret = documentWith('1', '2');
    world.now += 5 * minutes + 1;
    expect((await source.get()).currentVersion).toBe('2');
    expect(world.reads).toBe(2);
    world.now += 5 * minutes;
    await source.get();
    expect(world.reads).toBe(2);
  });

  it('goes on serving while reading fails, and is replaced when it succeeds again', async () => {
    const { world, source } = aSource();
    await source.get();
    world.secret = documentWith('1', '2');
    world.failure = new Error('throttled');
    world.now += 60 * minutes;
    expect((await source.get()).currentVersion).toBe('1');
    world.failure = undefined;
    world.now += 10_000;
    expect((await source.get()).currentVersion).toBe('2');
    expect(world.reads).toBe(3);
  });

  it('goes on serving when the secret becomes something else', async () => {
    const { world, source } = aSource();
    await source.get();
    world.secret = 'not a pepper';
    world.now += 6 * minutes;
    expect((await source.get()).has('1')).toBe(true);
    expect(world.reads).toBe(2);
  });
});

describe('the refresh floor', () => {
  it('while reading fails it is tried at most every ten seconds', async () => {
    const { world, source } = aSource();
    await source.get();
    world.failure = new Error('throttled');
    world.now += 6 * minutes;
    await source.get();
    world.now += 9_999;
    await source.get();
    expect(world.reads).toBe(2);
    world.now += 1;
    await source.get();
    expect(world.reads).toBe(3);
  });

  it('a version that is not held makes it read at once, and then at most every ten seconds', async () => {
    const { world, source } = aSource();
    await source.get();
    world.now += 10_000;
    expect((await source.get('7')).has('7')).toBe(false);
    expect(world.reads).toBe(2);
    world.secret = documentWith('1', '7');
    world.now += 9_999;
    expect((await source.get('7')).has('7')).toBe(false);
    expect(world.reads).toBe(2);
    world.now += 1;
    expect((await source.get('7')).has('7')).toBe(true);
    expect(world.reads).toBe(3);
  });

  it('a version that is held is not a reason to read', async () => {
    const { world, source } = aSource(documentWith('1', '2'));
    await source.get();
    world.now += 4 * minutes;
    await source.get('1');
    await source.get('2');
    expect(world.reads).toBe(1);
  });

  it('holds from the first read on: a stranger’s version cannot force a second one', async () => {
    const { world, source } = aSource();
    await source.get('9');
    await source.get('9');
    expect(world.reads).toBe(1);
  });
});

describe('concurrent reads', () => {
  it('the first ones share one read', async () => {
    const { world, source } = aSource();
    const peppers = await Promise.all([source.get(), source.get('1'), source.get('2')]);
    expect(world.reads).toBe(1);
    expect(new Set(peppers).size).toBe(1);
  });

  it('those that share a failing read all fail, and the next one tries again', async () => {
    const { world, source } = aSource();
    world.failure = new Error('no such secret');
    const outcomes = await Promise.allSettled([source.get(), source.get()]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(world.reads).toBe(1);
    world.failure = undefined;
    expect((await source.get()).currentVersion).toBe('1');
    expect(world.reads).toBe(2);
  });
});

describe('a secret that was never read', () => {
  it('throws what the reader threw', async () => {
    const { world, source } = aSource();
    world.failure = new Error('no such secret');
    expect(await failureOf(source.get())).toBe(world.failure);
  });

  it('throws when its value is no pepper, and is read again at the next call', async () => {
    const { world, source } = aSource('canary');
    expect((await failureOf(source.get())).message).toBe(
      'the pepper secret is not a pepper document',
    );
    world.secret = documentWith('1');
    expect((await source.get()).has('1')).toBe(true);
  });
});
