import { describe, expect, it } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { InMemoryLogs } from '../../src/audit/in-memory-logs.ts';
import { aWorld } from './admin-fixtures.ts';
import { aContainer, aRecord, auditKey, startedAt } from './audit-fixtures.ts';

const aCli = async () => {
  const at = { now: startedAt };
  const world = aWorld(at);
  const [records, access] = [new InMemoryLogs(), new InMemoryLogs()];
  const { sink, key } = aContainer('5e0c', records.lines, at);
  await key.secret();
  for (let n = 0; n < 3; n++) {
    at.now += 1_000;
    sink.write(aRecord(n, n === 2 ? { tenant: 'other', tool: null, outcome: 'refused' } : {}));
  }
  at.now += 60_000;
  const audit = { records, access, keys: async () => [auditKey] };
  const run = async (...argv: string[]) => {
    const output = { out: '', err: '' };
    const code = await runCli(argv, {
      terminal: {
        out: (text) => void (output.out += text),
        err: (text) => void (output.err += text),
      },
      connect: async () => ({ ...world.ports, audit }),
    });
    return { code, ...output };
  };
  return { run, records, world };
};

describe('audit query', () => {
  it('prints records as a table, the chosen ones', async () => {
    const { run } = await aCli();
    const { code, out } = await run('audit', 'query', '--tenant', 'acme', '--limit', '1');
    expect(code).toBe(0);
    expect(out).toBe(
      'TIME                      TENANT  SUBJECT       METHOD      TOOL    OUTCOME  STATUS  UNITS  MS  REQUEST\n' +
        '2026-11-21T05:00:00.001Z  acme    key:Abcd1234  tools/call  search  ok       200     1      7   req-1\n',
    );
    expect((await run('audit', 'query', '--outcome', 'refused')).out).toContain('req-2');
    expect((await run('audit', 'query', '--key', 'nobody')).out).toBe('No records.\n');
  });

  it('prints all fields as JSON', async () => {
    const { run } = await aCli();
    const { out } = await run('audit', 'query', '--tool', 'search', '--json');
    const records = JSON.parse(out) as { requestId: string; chain: { seq: number } }[];
    expect(records.map(({ requestId }) => requestId)).toEqual(['req-0', 'req-1']);
    // The checkpoint after the first record is 1.
    expect(records.map(({ chain }) => chain.seq)).toEqual([0, 2]);
  });

  it('takes times as how long ago, or as they are', async () => {
    const { run } = await aCli();
    const count = async (...argv: string[]) =>
      (JSON.parse((await run('audit', 'query', '--json', ...argv)).out) as unknown[]).length;
    expect(await count('--from', '61s')).toBe(2);
    expect(await count('--from', '2026-11-21T05:00:02Z', '--to', '2026-11-21T05:00:02Z')).toBe(1);
    expect(await count('--from', '2026-11-20', '--to', '2026-11-21')).toBe(0);
  });

  it.each([
    ['--from', 'yesterday'],
    ['--limit', '0'],
    ['--limit', '10001'],
    ['--outcome', 'maybe'],
    ['--to', '2h', '--from', '1h'],
  ])('%s %s is refused as typed', async (...argv) => {
    const { run } = await aCli();
    expect(await run('audit', 'query', ...argv)).toMatchObject({ code: 2, out: '' });
  });

  it('writes out what a terminal would obey', async () => {
    const { run, records } = await aCli();
    const line = JSON.stringify({ type: 'audit', tool: '\u001b[2Jx', tenant: 'evil' });
    records.lines.push({ ts: startedAt, stream: 's', line });
    const { out } = await run('audit', 'query', '--tenant', 'evil');
    expect(out).toContain('\\u{1b}[2Jx');
    expect(out).not.toContain('\u001b');
  });
});

describe('audit tail', () => {
  it('prints what has just been recorded', async () => {
    const { run } = await aCli();
    const { out } = await run('audit', 'tail', '--since', '2m');
    expect(out.trimEnd().split('\n')).toHaveLength(4);
  });
});

describe('audit verify', () => {
  it('of a whole log says so, and what no checkpoint covers', async () => {
    const { run } = await aCli();
    const { code, out } = await run('audit', 'verify', '--from', '1h');
    expect(code).toBe(0);
    expect(out).toBe(
      '2026-11-21T04:01:03.000Z to 2026-11-21T05:01:03.000Z: 3 records and 1 checkpoint in 1 chain.\n' +
        '0 requests of the access log looked up.\n' +
        '1 chain ends without a checkpoint: what was cut off there, only the access log tells.\n' +
        '\nNo problem found.\n',
    );
  });

  it('exits 1 and says where, when a record was edited', async () => {
    const { run, records } = await aCli();
    const { line, ...place } = records.lines[2]!;
    records.lines[2] = { ...place, line: line.replace('"units":1', '"units":0') };
    const { code, out, err } = await run('audit', 'verify', '--from', '1h', '--no-access');
    expect(code).toBe(1);
    expect(out).toContain('The access log was not asked');
    expect(out).toMatch(
      /\nedited +\S+ +2 +req-1 +2026-11-21T05:00:02.000Z +5e0c: its code does not fit\n$/,
    );
    expect(err).toBe('error: the audit has 1 problem\n');
    const json = await run('audit', 'verify', '--from', '1h', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.out)).toMatchObject({ problems: [{ kind: 'edited', seq: 2 }] });
  });
});

it('reading the audit is recorded too', async () => {
  const { run, world } = await aCli();
  await run('audit', 'query', '--tenant', 'acme');
  await run('audit', 'verify');
  expect(world.auditSink.records.map(({ method, target }) => [method, target])).toEqual([
    ['admin/audit.query', 'acme'],
    ['admin/audit.verify', null],
  ]);
});
