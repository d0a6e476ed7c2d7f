import { describe, expect, it } from 'vitest';
import { checkAccess } from '../../src/audit/access-check.ts';
import { followAudit, queryAudit, verifyAudit, type AuditLog } from '../../src/audit/audit-log.ts';
import { CloudWatchLogReader } from '../../src/audit/cloudwatch-logs.ts';
import { InMemoryLogs } from '../../src/audit/in-memory-logs.ts';
import { InsightsQueries } from '../../src/audit/insights.ts';
import { mergedReader } from '../../src/audit/log-reader.ts';
import { LogUsageQueries } from '../../src/audit/usage-queries.ts';
import { aContainer, aRecord, auditKey, startedAt } from './audit-fixtures.ts';

const minute = 60_000;

const anAudit = async () => {
  const records = new InMemoryLogs();
  const access = new InMemoryLogs();
  const at = { now: startedAt };
  const { sink, key } = aContainer('one', records.lines, at);
  await key.secret();
  const log: AuditLog = { records, access, keys: async () => [auditKey] };
  const serve = (n: number, more: object = {}) => {
    at.now += 1_000;
    sink.write(aRecord(n, { ts: new Date(at.now).toISOString(), ...more }));
    access.lines.push({
      ts: at.now + 5,
      stream: 'access',
      line: JSON.stringify({
        type: 'access',
        requestId: `req-${n}`,
        time: String(at.now - 10),
        method: 'POST',
        route: '/mcp',
        integrationStatus: '200',
        ...more,
      }),
    });
  };
  return { records, access, log, serve, at };
};

describe('a query', () => {
  it('gives the newest of what it asks for, oldest first', async () => {
    const { log, serve } = await anAudit();
    for (let n = 0; n < 30; n++) serve(n, { tenant: n % 2 === 0 ? 'acme' : 'other' });
    const range = { from: startedAt, to: startedAt + minute };
    const ids = async (query: object, limit: number) =>
      (await queryAudit(log, query, range, limit)).map(({ requestId }) => requestId);
    expect(await ids({ tenant: 'acme' }, 3)).toEqual(['req-24', 'req-26', 'req-28']);
    expect(await ids({ tenant: 'acme', keyId: 'nobody' }, 3)).toEqual([]);
    expect(await ids({}, 100)).toHaveLength(30);
  });
});

describe('following', () => {
  it('gives each record once, late ones too, until it is ended', async () => {
    const { log, serve, at, records } = await anAudit();
    serve(0);
    const stop = new AbortController();
    let round = 0;
    const sleep = async () => {
      round++;
      at.now += 1_000;
      if (round === 1) serve(1);
      // What CloudWatch shows late.
      if (round === 2) {
        records.lines.push({ ts: at.now - 1_500, stream: 'two', line: '{"type":"audit","n":2}' });
      }
      if (round === 4) stop.abort();
    };
    const seen: unknown[] = [];
    const follow = followAudit(
      log,
      {},
      { from: startedAt, now: () => at.now, signal: stop.signal, sleep },
    );
    for await (const { requestId, n } of follow) seen.push(requestId ?? n);
    expect(seen).toEqual(['req-0', 'req-1', 2]);
    expect(round).toBe(4);
  });
});

describe('verifying', () => {
  const verify = (log: AuditLog, to = startedAt + 10 * minute, checksAccess = true) =>
    verifyAudit(log, { from: startedAt, to, now: startedAt + 10 * minute, checksAccess });

  it('finds records that were cut off the end of a chain, which only the access log tells', async () => {
    const { log, serve, records } = await anAudit();
    for (let n = 0; n < 5; n++) serve(n);
    expect(await verify(log)).toMatchObject({ problems: [], records: 5, requests: 5 });
    records.lines.splice(-2);
    const cut = await verify(log);
    expect(cut.problems).toMatchObject([
      { kind: 'missing', requestId: 'req-3', chain: null },
      { kind: 'missing', requestId: 'req-4' },
    ]);
    expect(await verify(log, undefined, false)).toMatchObject({ problems: [], requests: null });
  });

  it('finds a chain that is gone as a whole', async () => {
    const { log, serve, records } = await anAudit();
    serve(0);
    records.lines.splice(0);
    expect((await verify(log)).problems).toMatchObject([{ kind: 'missing', requestId: 'req-0' }]);
  });

  it('asks for no record of what left none, and of what may still be under way', async () => {
    const recorded = new Set<string>();
    const line = (fields: object, ts = startedAt) => ({
      ts,
      stream: 'x',
      line: JSON.stringify({
        type: 'access',
        requestId: 'r',
        time: String(startedAt),
        method: 'POST',
        route: '/mcp',
        integrationStatus: '200',
        ...fields,
      }),
    });
    const check = (...lines: ReturnType<typeof line>[]) =>
      checkAccess(
        (async function* () {
          yield* lines;
        })(),
        { from: startedAt, to: startedAt + minute, recorded },
      );
    const none = await check(
      line({ integrationStatus: '-' }),
      line({ method: 'GET' }),
      line({ route: '/health' }),
      line({ time: String(startedAt - 1) }),
      line({}, startedAt + minute + 1),
      line({ type: 'other' }),
    );
    expect(none).toEqual({ requests: 0, problems: [] });
    const { problems } = await check(line({ integrationStatus: '503', route: '/ci/mcp' }));
    expect(problems).toMatchObject([{ kind: 'missing', requestId: 'r' }]);
    expect(problems[0]?.where).toContain('POST /ci/mcp, answered 503');
  });
});

describe('usage, from the audit', () => {
  it('is told by key, tool and day, of one tenant or of all', async () => {
    const { serve, records, at } = await anAudit();
    const day = 86_400_000;
    serve(0);
    serve(1, { tool: 'fetch', units: 5, keyId: 'other' });
    serve(2, { outcome: 'tool_error' });
    serve(3, { outcome: 'refused', units: 0, tool: null });
    serve(4, { method: 'tools/list', units: 0 });
    serve(5, { tenant: 'another', units: 9 });
    at.now += day;
    serve(6);
    const usage = new LogUsageQueries(records);
    const range = { from: startedAt / 1000, to: startedAt / 1000 + 3 * 86_400 };
    expect(await usage.breakdown({ tenant: 'acme', by: 'tool', ...range })).toEqual([
      { of: 'fetch', calls: 1, units: 5, errors: 0 },
      { of: 'search', calls: 3, units: 3, errors: 1 },
      { of: null, calls: 1, units: 0, errors: 1 },
    ]);
    expect(await usage.breakdown({ by: 'key', ...range })).toEqual([
      { of: 'Abcd1234', calls: 5, units: 12, errors: 2 },
      { of: 'other', calls: 1, units: 5, errors: 0 },
    ]);
    expect(await usage.breakdown({ tenant: 'acme', by: 'day', ...range })).toEqual([
      { of: '2026-11-21', calls: 4, units: 7, errors: 2 },
      { of: '2026-11-22', calls: 1, units: 1, errors: 0 },
    ]);
  });
});

describe('Insights', () => {
  const range = { from: 100, to: 200 };
  const query = { filter: { tenant: 'a"b' }, sumOf: 'units', by: ['day', 'tool'] } as const;
  const answering = (...answers: object[]) => {
    const sent: { readonly input: object }[] = [];
    const send = async (command: { readonly input: object }) => {
      sent.push(command);
      return sent.length === 1 ? { queryId: 'q1' } : answers[sent.length - 2];
    };
    const sleeps: number[] = [];
    const queries = new InsightsQueries({
      client: async () => ({ send }) as never,
      logGroup: 'g',
      sleep: async (ms) => void sleeps.push(ms),
    });
    return { queries, sent, sleeps };
  };

  it('is asked in one text, and until it has an answer', async () => {
    const { queries, sent, sleeps } = answering(
      { status: 'Scheduled' },
      { status: 'Running', results: [[{ field: 'lines', value: '1' }]] },
      {
        status: 'Complete',
        results: [
          [
            { field: 'bin(1d)', value: '2026-11-21 00:00:00.000' },
            { field: 'lines', value: '7' },
            { field: 'total', value: '12.5' },
          ],
        ],
      },
    );
    expect(await queries.run(query, range)).toEqual([
      { of: { day: '2026-11-21', tool: null }, lines: 7, sum: 12.5 },
    ]);
    expect(sent[0]?.input).toEqual({
      logGroupName: 'g',
      startTime: 100,
      endTime: 199,
      queryString:
        'filter tenant = "a\\"b" | stats count(*) as lines, sum(units) as total by bin(1d), tool | limit 10000',
    });
    expect(sent.slice(1).map(({ input }) => input)).toEqual(Array(3).fill({ queryId: 'q1' }));
    expect(sleeps).toEqual([250, 250]);
  });

  it.each(['Failed', 'Cancelled', 'Timeout'])(
    'a query that ends as %s is an error',
    async (status) => {
      await expect(answering({ status }).queries.run(query, range)).rejects.toThrow(status);
    },
  );

  it('more rows than it tells are an error, not fewer rows', async () => {
    const results = Array.from({ length: 10_000 }, () => [{ field: 'lines', value: '1' }]);
    const { queries } = answering({ status: 'Complete', results });
    await expect(queries.run(query, range)).rejects.toThrow('more than 10000 rows');
  });

  it('one that never ends is given up', async () => {
    const { queries, sleeps } = answering(
      ...Array.from({ length: 240 }, () => ({ status: 'Running' })),
    );
    await expect(queries.run(query, range)).rejects.toThrow('within a minute');
    expect(sleeps).toHaveLength(240);
  });
});

it('CloudWatch is asked with a pattern of the filter', async () => {
  const inputs: object[] = [];
  const client = {
    send: async ({ input }: { input: object }) => {
      inputs.push(input);
      return {
        events: [{ timestamp: 1, logStreamName: 's', message: '{"type":"audit","tool":"a*"}\n' }],
      };
    },
  };
  const reader = new CloudWatchLogReader({ client: async () => client as never, logGroup: 'g' });
  const lines = [];
  for await (const line of reader.read({ from: 1, to: 2, filter: { type: 'audit', tool: 'a*' } })) {
    lines.push(line);
  }
  expect(lines).toEqual([{ ts: 1, stream: 's', line: '{"type":"audit","tool":"a*"}' }]);
  expect(inputs).toMatchObject([
    {
      logGroupName: 'g',
      startTime: 1,
      endTime: 2,
      filterPattern: '{ $.type = "audit" && $.tool = "a*" }',
    },
  ]);
});

it('several logs are read as one, by time', async () => {
  const [one, other] = [new InMemoryLogs(), new InMemoryLogs()];
  for (const [log, times] of [
    [one, [1, 4, 5]],
    [other, [2, 3, 6]],
  ] as const) {
    for (const ts of times) log.lines.push({ ts, stream: 's', line: String(ts) });
  }
  const read: string[] = [];
  for await (const { line } of mergedReader([one, other, new InMemoryLogs()]).read({
    from: 0,
    to: 9,
  })) {
    read.push(line);
  }
  expect(read).toEqual(['1', '2', '3', '4', '5', '6']);
});
