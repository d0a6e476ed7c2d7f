import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileLogSink } from '../../../local/log/file-log-sink.ts';

describe('what is kept of log lines', () => {
  let directory: string;
  let at: number;
  let sink: FileLogSink;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'twin-logs-'));
    at = 1_000_000;
    sink = open();
  });
  afterEach(() => {
    sink.close();
    rmSync(directory, { recursive: true });
  });

  const open = (maxBytes = 1_000_000) => new FileLogSink(directory, { maxBytes, now: () => ++at });
  const file = () => join(directory, 'g.log');
  const seen = () => sink.events('g').map(({ message, stream, ts }) => [message, stream, ts]);

  it('is when and whence they came, beside a file that has the lines alone', () => {
    sink.write('g', 'one', { stream: 's1' });
    sink.write('g', 'two', { stream: 's2', ts: 5 });
    expect(seen()).toEqual([
      ['one', 's1', 1_000_001],
      ['two', 's2', 5],
    ]);
    expect(readFileSync(file(), 'utf8')).toBe('one\ntwo\n');
    expect(statSync(`${file()}.index`).mode & 0o777).toBe(0o600);
    expect(sink.events('g')[1]?.ingestionTime).toBe(1_000_002);
  });

  it('is on disk at the end of the turn in which it came, for the twin may be killed in the next one', async () => {
    sink.write('g', 'one');
    sink.write('g', 'two');
    expect(readFileSync(file(), 'utf8')).toBe('');
    await Promise.resolve();
    expect(readFileSync(file(), 'utf8')).toBe('one\ntwo\n');
    sink.write('g', 'three');
    await Promise.resolve();
    expect(readFileSync(file(), 'utf8')).toBe('one\ntwo\nthree\n');
  });

  it('is there after a restart, and through a rotation', () => {
    sink.write('g', 'one', { stream: 's1', ts: 1 });
    sink.close();
    sink = open(10);
    sink.write('g', 'two', { stream: 's2', ts: 2 });
    sink.flush();
    sink.write('g', 'three', { stream: 's3', ts: 3 });
    expect(seen()).toEqual([
      ['one', 's1', 1],
      ['two', 's2', 2],
      ['three', 's3', 3],
    ]);
    expect(readFileSync(file(), 'utf8')).toBe('three\n');
  });

  it.each([
    ['edited', (lines: string[]) => lines.with(2, 'other'), [0, 1, 2, 3, 4, 5]],
    ['taken out', (lines: string[]) => lines.toSpliced(2, 2), [0, 1, 4, 5]],
    ['added', (lines: string[]) => lines.toSpliced(2, 0, 'new'), [0, 1, 1, 2, 3, 4, 5]],
    [
      'swapped',
      (lines: string[]) => lines.with(1, lines[4]!).with(4, lines[1]!),
      [0, 1, 2, 3, 4, 5],
    ],
    [
      'edited and taken out',
      (lines: string[]) => lines.with(1, 'other').toSpliced(3, 1),
      [0, 1, 2, 4, 5],
    ],
  ])('stays with the other lines when some are %s in the file', (_, change, places) => {
    for (let n = 0; n < 6; n++) sink.write('g', `line ${n}`, { stream: `s${n}`, ts: n });
    sink.flush();
    const lines = change(readFileSync(file(), 'utf8').trimEnd().split('\n'));
    writeFileSync(file(), `${lines.join('\n')}\n`);
    expect(seen()).toEqual(places.map((n, index) => [lines[index], `s${n}`, n]));
  });

  it('is their own time where the file is older than its index', () => {
    const old = ['{"ts":"1970-01-01T00:00:01.000Z"}', '{"time":"2000"}'];
    writeFileSync(file(), `${old.join('\n')}\nplain\n`);
    sink.write('g', 'new', { stream: 's', ts: 3_000 });
    expect(seen()).toEqual([
      [old[0], 'twin', 1_000],
      [old[1], 'twin', 2_000],
      ['plain', 'twin', statSync(file()).mtimeMs],
      ['new', 's', 3_000],
    ]);
  });
});
