import { GetQueryResultsCommand, StartQueryCommand } from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { groupName, otherGroup, startLogs } from './aws-logs-fixture.ts';

const now = Date.UTC(2026, 10, 21, 5);
const day = 86_400_000;

const records = [
  { type: 'audit', tool: 'search', keyId: 'k1', outcome: 'ok', units: 1, ms: 10 },
  { type: 'audit', tool: 'search', keyId: 'k2', outcome: 'ok', units: 1, ms: 20 },
  { type: 'audit', tool: 'search', keyId: 'k1', outcome: 'tool_error', units: 1, ms: 90 },
  { type: 'audit', tool: 'fetch', keyId: 'k1', outcome: 'ok', units: 5, ms: 30 },
  { type: 'audit', tool: null, keyId: null, outcome: 'refused', units: 0, ms: 1 },
];

const query = async (queryString: string, more: object = {}) => {
  await using logs = await startLogs(() => now);
  for (const [n, record] of records.entries()) {
    logs.store.write(groupName, JSON.stringify(record), { ts: now - 2 * day + n * (day / 2) });
  }
  logs.store.write(groupName, 'not JSON', { ts: now });
  logs.store.write(otherGroup, JSON.stringify({ ...records[0], type: 'access' }), { ts: now });
  const { queryId } = await logs.role.send(
    new StartQueryCommand({
      logGroupName: groupName,
      startTime: now / 1000 - 30 * 86_400,
      endTime: now / 1000,
      queryString,
      ...more,
    }),
  );
  const {
    status,
    results = [],
    statistics,
  } = await logs.role.send(new GetQueryResultsCommand({ queryId }));
  expect(status).toBe('Complete');
  const rows = results.map(
    (row) =>
      Object.fromEntries(row.map(({ field, value }) => [field, value])) as Record<string, string>,
  );
  return { rows, statistics };
};

describe('Insights', () => {
  it('sums by fields, without those that a row has not', async () => {
    const { rows, statistics } = await query(
      'filter type = "audit" | stats count(*) as calls, sum(units) as units by keyId, tool | sort units desc, calls desc',
    );
    expect(rows).toEqual([
      { keyId: 'k1', tool: 'fetch', calls: '1', units: '5' },
      { keyId: 'k1', tool: 'search', calls: '2', units: '2' },
      { keyId: 'k2', tool: 'search', calls: '1', units: '1' },
      { calls: '1', units: '0' },
    ]);
    expect(statistics).toMatchObject({ recordsMatched: 5, recordsScanned: 6 });
  });

  it('counts by day', async () => {
    const { rows } = await query(
      'filter ispresent(type) | stats count(*) as n, avg(ms), min(ms), max(ms), pct(ms, 50) by bin(1d) | sort `bin(1d)` asc',
    );
    expect(rows.map((row) => [row['bin(1d)'], row['n']])).toEqual([
      ['2026-11-19 00:00:00.000', '2'],
      ['2026-11-20 00:00:00.000', '2'],
      ['2026-11-21 00:00:00.000', '1'],
    ]);
    expect(rows[1]).toMatchObject({
      'avg(ms)': '60',
      'min(ms)': '30',
      'max(ms)': '90',
      'pct(ms, 50)': '30',
    });
  });

  it.each([
    ['tool in ["fetch", "other"]', ['30']],
    ['tool not in ["fetch"] and ispresent(tool)', ['90', '20', '10']],
    ['outcome like "error"', ['90']],
    ['ispresent(ms) and not (outcome = "ok" or outcome = "refused")', ['90']],
    ['ms >= 20 and ms < 90 and tool != "fetch"', ['20']],
    ['@message like "k2"', ['20']],
  ])('filter %s', async (condition, expected) => {
    const { rows } = await query(`fields ms, tool | filter ${condition} | limit 3`);
    expect(rows.map(({ ms }) => ms)).toEqual(expected);
  });

  it('shows time and message, the newest first, when nothing else is asked for', async () => {
    const { rows } = await query('filter tool = "fetch"');
    expect(rows).toEqual([
      { '@timestamp': '2026-11-20 17:00:00.000', '@message': JSON.stringify(records[3]) },
    ]);
  });

  it('reads several groups by identifier, as an operator may', async () => {
    await expect(
      query('stats count(*)', { logGroupName: undefined, logGroupNames: [groupName, otherGroup] }),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const { rows } = await query('stats count(*)', {
      logGroupName: undefined,
      logGroupIdentifiers: [`arn:aws:logs:us-east-1:123456789012:log-group:${groupName}`],
    });
    expect(rows).toEqual([{ 'count(*)': '6' }]);
  });

  it.each([
    ['parse @message "x"', 'UnknownOperationException', 'parse'],
    ['stats stddev(ms)', 'UnknownOperationException', 'stddev'],
    ['filter tool like /x/', 'UnknownOperationException', 'regular expressions'],
    ['filter strlen(tool) > 1', 'UnknownOperationException', 'strlen'],
    ['filter tool =', 'MalformedQueryException', 'too early'],
    ['filter (tool = "x"', 'MalformedQueryException', 'too early'],
    ['stats count(*) by bin(1y)', 'UnknownOperationException', 'bin(1y)'],
    ['fields tool;', 'MalformedQueryException', 'unexpected'],
  ])('%s is refused by name', async (text, name, part) => {
    await expect(query(text)).rejects.toMatchObject({
      name,
      message: expect.stringContaining(part) as string,
    });
  });
});
