import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogQueries } from '../../src/audit/log-queries.ts';
import type { LogLine, LogReader, ReadRange } from '../../src/audit/log-reader.ts';

/** A log under test, and a way to write it. Each test has it empty. */
export interface LogUnderTest extends AsyncDisposable {
  readonly reader: LogReader;
  readonly queries: LogQueries;
  write(line: LogLine): void;
}

const start = Date.UTC(2026, 10, 21, 22);
const hour = 3_600_000;

const all: ReadRange = { from: start - 40 * hour, to: start + 40 * hour };

const read = async (reader: LogReader, range: ReadRange = all): Promise<readonly LogLine[]> => {
  const lines: LogLine[] = [];
  for await (const line of reader.read(range)) lines.push(line);
  return lines;
};

/** What every log promises. */
export const auditLogContract = (adapter: string, open: () => Promise<LogUnderTest>) => {
  describe(`log contract: ${adapter}`, () => {
    let log: LogUnderTest;
    const opened: LogUnderTest[] = [];
    beforeEach(async () => {
      log = await open();
      opened.push(log);
    });
    afterAll(async () => {
      for (const each of opened) await each[Symbol.asyncDispose]();
    });

    const write = (ts: number, fields: object | string, stream = 'a'): LogLine => {
      const line = typeof fields === 'string' ? fields : JSON.stringify(fields);
      const written = { ts: start + ts, stream, line };
      log.write(written);
      return written;
    };

    it('gives lines by time with their streams, and those of one time as they were written', async () => {
      const late = write(30, { n: 1 }, 'b');
      const early = write(10, 'plain text — not JSON');
      const same = [write(20, { n: 2 }), write(20, { n: 3 }, 'b'), write(20, { n: 4 })];
      expect(await read(log.reader)).toEqual([early, ...same, late]);
    });

    it('gives every byte back', async () => {
      const odd = write(0, '{"text":"é 東京 \\u2028 \\" \\\\ 😀","n":1.50}');
      expect(await read(log.reader)).toEqual([odd]);
    });

    it('reads what is at both ends of the range and nothing beyond', async () => {
      for (const ts of [9, 10, 20, 21]) write(ts, { ts });
      const lines = await read(log.reader, { from: start + 10, to: start + 20 });
      expect(lines.map(({ ts }) => ts - start)).toEqual([10, 20]);
    });

    it('filters by the exact values of fields', async () => {
      write(1, { type: 'audit', tenant: 'acme', tool: 'a' });
      write(2, { type: 'audit', tenant: 'acme2', tool: 'a' });
      write(3, { type: 'other', tenant: 'acme', tool: 'a' });
      write(4, { type: 'audit', tenant: null, tool: 'a"b\\c' });
      write(5, { type: 'audit', tenant: 'acme', tool: 5 });
      write(6, '"type":"audit" "tenant":"acme"');
      const found = async (filter: Record<string, string>) =>
        (await read(log.reader, { ...all, filter })).map(({ ts }) => ts - start);
      expect(await found({ type: 'audit', tenant: 'acme' })).toEqual([1, 5]);
      expect(await found({ tool: 'a"b\\c' })).toEqual([4]);
      expect(await found({ tenant: 'acme*' })).toEqual([]);
      expect(await found({ tool: '5' })).toEqual([]);
    });

    it('reads through many pages', async () => {
      for (let n = 0; n < 250; n++) write(n, { n }, `s${n % 3}`);
      const lines = await read(log.reader);
      expect(lines.map(({ line }) => line)).toEqual(
        Array.from({ length: 250 }, (_, n) => JSON.stringify({ n })),
      );
    });

    it('is empty where nothing was written', async () => {
      expect(await read(log.reader)).toEqual([]);
    });

    it('counts and sums by fields and days', async () => {
      const record = (ts: number, tool: string | null, outcome: string, units: number) =>
        write(ts, { type: 'audit', tenant: 'acme', tool, outcome, units });
      record(0, 'search', 'ok', 1);
      record(hour, 'search', 'ok', 2);
      record(3 * hour, 'search', 'refused', 0);
      record(3 * hour, 'fetch', 'ok', 5);
      record(4 * hour, null, 'ok', 1);
      write(0, { type: 'audit', tenant: 'other', tool: 'search', outcome: 'ok', units: 100 });
      write(0, 'not JSON');
      const range = { from: start / 1000, to: start / 1000 + 5 * 3_600 };
      const sumOf = 'units';
      const filter = { type: 'audit', tenant: 'acme' };
      const sorted = (rows: Awaited<ReturnType<LogQueries['run']>>) =>
        rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      expect(
        sorted(await log.queries.run({ filter, sumOf, by: ['tool', 'outcome'] }, range)),
      ).toEqual([
        { of: { tool: 'fetch', outcome: 'ok' }, lines: 1, sum: 5 },
        { of: { tool: 'search', outcome: 'ok' }, lines: 2, sum: 3 },
        { of: { tool: 'search', outcome: 'refused' }, lines: 1, sum: 0 },
        { of: { tool: null, outcome: 'ok' }, lines: 1, sum: 1 },
      ]);
      expect(sorted(await log.queries.run({ filter, sumOf, by: ['day'] }, range))).toEqual([
        { of: { day: '2026-11-21' }, lines: 2, sum: 3 },
        { of: { day: '2026-11-22' }, lines: 3, sum: 6 },
      ]);
      const to = range.from + 3 * 3_600;
      expect(await log.queries.run({ filter, sumOf, by: [] }, { ...range, to })).toEqual([
        { of: {}, lines: 2, sum: 3 },
      ]);
      expect(await log.queries.run({ filter, sumOf, by: [] }, { from: to, to })).toEqual([]);
    });
  });
};
