import { beforeAll, describe, expect, it } from 'vitest';
import { chainKeyOf } from '../../src/audit/audit-key.ts';
import type { LogLine } from '../../src/audit/log-reader.ts';
import { outOfOrder } from '../../src/audit/sequence.ts';
import { aContainer, aRecord, auditKey, startedAt, verify } from './audit-fixtures.ts';

/** Park and Miller's generator: the same changes at every run. */
const randomOf = (seed: number) => (below: number) => {
  seed = (seed * 48_271) % 2_147_483_647;
  return seed % below;
};

interface Placed {
  readonly type: string;
  readonly requestId?: string;
  readonly chain: { readonly id: string; readonly seq: number };
}
const placed = ({ line }: LogLine): Placed => JSON.parse(line) as Placed;
const seqOf = (line: LogLine) => placed(line).chain.seq;
const idOf = (line: LogLine) => placed(line).chain.id;

/** 10,000 records of seven containers that take turns, all of them closed. */
const tenThousand = async (): Promise<readonly LogLine[]> => {
  const log: LogLine[] = [];
  const at = { now: startedAt };
  const random = randomOf(7);
  const containers = [];
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
    const container = aContainer(name, log, at);
    await container.key.secret();
    containers.push(container);
  }
  for (let n = 0; n < 10_000; n++) {
    at.now += random(400);
    containers[n % 50 === 0 ? n % 7 : random(7)]!.sink.write(aRecord(n));
  }
  for (const { sink } of containers) sink.checkpoint();
  return log;
};

const isCheckpoint = (line: LogLine): boolean => placed(line).type === 'audit-checkpoint';

// Every change is looked for in the whole log: minutes of a slow machine.
describe('of 10,000 records', { timeout: 120_000 }, () => {
  let log: readonly LogLine[];
  let records: readonly number[];
  beforeAll(async () => {
    log = await tenThousand();
    records = [...log.keys()].filter((index) => !isCheckpoint(log[index]!));
  });

  /** Random ones, and those at the ends of the log and of each chain. */
  const victims = (seed: number): readonly number[] => {
    const random = randomOf(seed);
    const chains = [...new Set(log.map(idOf))];
    const ofChain = (id: string) => records.filter((index) => idOf(log[index]!) === id);
    return [
      records[0]!,
      records.at(-1)!,
      ...chains.flatMap((id) => [ofChain(id)[0]!, ofChain(id).at(-1)!]),
      ...Array.from({ length: 84 }, () => records[random(records.length)]!),
    ];
  };

  it('all are there, in seven chains, and nothing is open', async () => {
    const report = await verify(log);
    expect(report).toMatchObject({ chains: 7, records: 10_000, problems: [], openTails: [] });
    expect(report.checkpoints).toBeGreaterThan(100);
  });

  it('each of 100 edits of one character is found at its place', async () => {
    const random = randomOf(11);
    const places = victims(1);
    expect(places).toHaveLength(100);
    for (const index of places) {
      const { line, ...rest } = log[index]!;
      const at = random(line.length);
      const other = line[at] === 'x' ? 'y' : 'x';
      const edited = { ...rest, line: line.slice(0, at) + other + line.slice(at + 1) };
      const { problems } = await verify(log.with(index, edited));
      const { seq, id } = placed(log[index]!).chain;
      // Where the edit hides which line it was, the line is missing.
      const found = problems.find(
        (problem) => problem.chain === id && problem.seq === seq && problem.kind !== 'duplicate',
      );
      expect(found?.kind, `${at} of ${line}`).toMatch(/^(edited|missing)$/);
      expect(found?.where).toContain(rest.stream);
    }
  });

  it('values that mean something else are found, with their request', async () => {
    const changes: readonly (readonly [string, string])[] = [
      ['"tenant":"acme"', '"tenant":"other"'],
      ['"decision":"allow"', '"decision":"deny"'],
      ['"units":1', '"units":0'],
      ['"tool":"search"', '"tool":"fetch"'],
      ['"httpStatus":200', '"httpStatus":200 '],
    ];
    for (const [turn, index] of victims(2).slice(0, 10).entries()) {
      const [from, to] = changes[turn % changes.length]!;
      const original = log[index]!;
      const line = original.line.replace(from, to);
      expect(line).not.toBe(original.line);
      const { problems } = await verify(log.with(index, { ...original, line }));
      expect(problems).toMatchObject([
        {
          kind: 'edited',
          chain: idOf(original),
          seq: seqOf(original),
          requestId: placed(original).requestId,
          ts: new Date(original.ts).toISOString(),
        },
      ]);
    }
  });

  it('each of 100 that are dropped is found, the first and last of a chain too', async () => {
    for (const index of victims(3)) {
      const { problems } = await verify(log.toSpliced(index, 1));
      expect(problems).toMatchObject([
        { kind: 'missing', chain: idOf(log[index]!), seq: seqOf(log[index]!) },
      ]);
    }
  });

  it('each of 100 pairs of a chain that change places is found, and both are named', async () => {
    const random = randomOf(13);
    for (const one of victims(4)) {
      const others = records.filter(
        (index) => index !== one && idOf(log[index]!) === idOf(log[one]!),
      );
      const other = others[random(others.length)]!;
      const swap = { [one]: other, [other]: one };
      const swapped = log.map((place, index) => ({
        ...place,
        line: log[swap[index] ?? index]!.line,
      }));
      const { problems } = await verify(swapped);
      const seqs = [seqOf(log[one]!), seqOf(log[other]!)].toSorted((a, b) => a - b);
      expect(problems.every(({ kind }) => kind === 'reordered')).toBe(true);
      const named = problems.map(({ seq }) => seq ?? -1).toSorted((a, b) => a - b);
      // Of neighbours, one has moved.
      const areNeighbours = seqs[1]! - seqs[0]! === 1;
      if (areNeighbours) expect(seqs).toContain(named[0]);
      else expect(named).toEqual(seqs);
      expect(named).toHaveLength(areNeighbours ? 1 : 2);
    }
  });

  it('pairs of two chains that change places are found, and both are named', async () => {
    const random = randomOf(17);
    for (const one of victims(5).slice(0, 18)) {
      const others = records.filter((index) => idOf(log[index]!) !== idOf(log[one]!));
      const other = others[random(others.length)]!;
      const swapped = log
        .with(one, { ...log[one]!, line: log[other]!.line })
        .with(other, { ...log[other]!, line: log[one]!.line });
      const { problems } = await verify(swapped);
      for (const index of [one, other]) {
        expect(problems).toContainEqual(
          expect.objectContaining({
            kind: 'reordered',
            chain: idOf(log[index]!),
            seq: seqOf(log[index]!),
          }),
        );
      }
    }
  });

  it('what is there twice is found', async () => {
    for (const index of victims(6).slice(0, 8)) {
      const { problems } = await verify(log.toSpliced(index, 0, log[index]!));
      expect(problems).toMatchObject([{ kind: 'duplicate', seq: seqOf(log[index]!) }]);
    }
  });

  it('checkpoints that are edited or dropped are found, but for the last of a chain', async () => {
    const ends = new Map(log.map((line, index) => [idOf(line), index]));
    const inner = [...log.keys()].filter(
      (index) => isCheckpoint(log[index]!) && !new Set(ends.values()).has(index),
    );
    for (const index of inner.slice(0, 5)) {
      const at = { chain: idOf(log[index]!), seq: seqOf(log[index]!) };
      const line = log[index]!.line.replace('"records":', '"records":1');
      const edited = await verify(log.with(index, { ...log[index]!, line }));
      expect(edited.problems).toMatchObject([{ kind: 'bad-checkpoint', ...at }]);
      expect((await verify(log.toSpliced(index, 1))).problems).toMatchObject([
        { kind: 'missing', ...at },
      ]);
    }
    const end = ends.get(idOf(log[0]!))!;
    const cut = await verify(log.toSpliced(end, 1));
    expect(cut.problems).toEqual([]);
    expect(cut.openTails).toMatchObject([{ chain: idOf(log[0]!), toSeq: seqOf(log[end]!) - 1 }]);
  });

  it('a part of the time is verified without what was before it', async () => {
    const { ts } = log[5_000]!;
    const part = log.filter((line) => line.ts >= ts);
    expect((await verify(part, { from: ts })).problems).toEqual([]);
    const { problems } = await verify(part.toSpliced(50, 1), { from: ts });
    expect(problems).toHaveLength(1);
    // The same lines, where the head should be among them.
    expect((await verify(part)).problems.map(({ kind, seq }) => [kind, seq])).toEqual(
      Array.from({ length: 7 }, () => ['missing', 0]),
    );
  });
});

describe('who has no key', () => {
  const someLines = async () => {
    const log: LogLine[] = [];
    const { sink, key } = aContainer('one', log, { now: startedAt });
    await key.secret();
    for (let n = 0; n < 5; n++) sink.write(aRecord(n));
    sink.checkpoint();
    return log;
  };

  it('cannot write a chain of their own: it is named as a whole', async () => {
    const log: LogLine[] = [];
    const { sink, key } = aContainer(
      'forged',
      log,
      { now: startedAt },
      async () => 'another secret',
    );
    await key.secret();
    for (let n = 0; n < 5; n++) sink.write(aRecord(n));
    const { problems } = await verify([...(await someLines()), ...log]);
    expect(problems).toMatchObject([{ kind: 'edited', seq: 0, lastSeq: 5 }]);
    expect(problems[0]?.where).toContain('none of its 6 lines');
  });

  it('cannot add a record outside of chains', async () => {
    const line = JSON.stringify(aRecord(9));
    const { problems, records } = await verify([
      ...(await someLines()),
      { ts: startedAt, stream: 'one', line },
    ]);
    expect(records).toBe(6);
    expect(problems).toMatchObject([{ kind: 'unchained', chain: null, requestId: 'req-9' }]);
  });

  it('cannot pass a record of one chain off as another’s', async () => {
    const log = await someLines();
    const line = log[3]!.line.replace(/"id":"[^"]+"/, '"id":"mi8k6n40.two"');
    const { problems } = await verify(log.with(3, { ...log[3]!, line }));
    expect(problems.map(({ kind, seq }) => [kind, seq]).toSorted()).toEqual([
      ['edited', 3],
      ['missing', 3],
    ]);
  });
});

describe('what is no tampering', () => {
  const one = async () => {
    const log: LogLine[] = [];
    const { sink, key } = aContainer('one', log, { now: startedAt });
    await key.secret();
    sink.write(aRecord(0));
    return log;
  };

  it('other lines of the log, line ends and what Lambda adds to a line', async () => {
    const log = await one();
    const added = [
      ['{"type"', '{"timestamp":"2026-11-21T05:00:00.001Z","level":"INFO","type"'],
      [/\}$/, ',"level":"INFO","timestamp":"2026-11-21T05:00:00Z"}'],
    ] as const;
    for (const [from, to] of added) {
      const lines = log.map((line) => ({ ...line, line: `${line.line.replace(from, to)}\n` }));
      lines.splice(
        1,
        0,
        { ts: startedAt, stream: 'one', line: 'Error: out of memory' },
        { ts: startedAt, stream: 'one', line: '{"level":"WARN","event":"x"}' },
        { ts: startedAt, stream: 'one', line: '{"broken' },
      );
      expect(await verify(lines)).toMatchObject({ records: 1, checkpoints: 1, problems: [] });
    }
  });

  it('lines that were written with the key before this one', async () => {
    const keys = [chainKeyOf('the new one'), auditKey];
    expect((await verify(await one(), { keys })).problems).toEqual([]);
    expect((await verify(await one(), { keys: keys.slice(0, 1) })).problems).toHaveLength(1);
  });
});

it('what was moved is the fewest without which the rest ascends', () => {
  expect(outOfOrder([])).toEqual([]);
  expect(outOfOrder([0, 1, 2, 3])).toEqual([]);
  expect(outOfOrder([0, 4, 2, 3, 1, 5])).toEqual([4, 1]);
  expect(outOfOrder([5, 6, 0, 1, 2, 3, 4])).toEqual([5, 6]);
});
