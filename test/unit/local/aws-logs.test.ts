import {
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  type FilterLogEventsCommandInput,
  type FilterLogEventsCommandOutput,
} from '@aws-sdk/client-cloudwatch-logs';
import { describe, expect, it } from 'vitest';
import { groupName, otherGroup, startLogs } from './aws-logs-fixture.ts';

const now = Date.UTC(2026, 10, 21, 5);
const day = 86_400_000;

const messagesOf = async (
  logs: Awaited<ReturnType<typeof startLogs>>,
  input: Partial<FilterLogEventsCommandInput> = {},
) => {
  const { events = [] } = await logs.operator.send(
    new FilterLogEventsCommand({ logGroupName: groupName, ...input }),
  );
  return events.map(({ message }) => message);
};

describe('CloudWatch Logs', () => {
  it('gives back what functions wrote, by time, with stream and ingestion time', async () => {
    await using logs = await startLogs(() => now);
    logs.store.write(groupName, 'second', { stream: 'a/[$LATEST]1', ts: now - 10 });
    logs.store.write(groupName, 'first', { stream: 'b', ts: now - 20 });
    logs.store.write(groupName, 'third', { stream: 'b', ts: now - 10 });
    logs.store.write(otherGroup, 'of another group');
    const { events } = await logs.operator.send(
      new FilterLogEventsCommand({ logGroupName: groupName }),
    );
    expect(
      events?.map(({ message, logStreamName, timestamp, ingestionTime }) => [
        message,
        logStreamName,
        timestamp,
        ingestionTime,
      ]),
    ).toEqual([
      ['first', 'b', now - 20, now],
      ['second', 'a/[$LATEST]1', now - 10, now],
      ['third', 'b', now - 10, now],
    ]);
    expect(new Set(events?.map(({ eventId }) => eventId)).size).toBe(3);
    expect(logs.errors).toEqual([]);
  });

  it('takes events into a stream that was made', async () => {
    await using logs = await startLogs(() => now);
    const stream = { logGroupName: groupName, logStreamName: 'operators' };
    const put = (...logEvents: { timestamp: number; message: string }[]) =>
      logs.role.send(new PutLogEventsCommand({ ...stream, logEvents }));
    await expect(put({ timestamp: now, message: 'x' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await logs.role.send(new CreateLogStreamCommand(stream));
    await expect(logs.role.send(new CreateLogStreamCommand(stream))).rejects.toMatchObject({
      name: 'ResourceAlreadyExistsException',
    });
    await put({ timestamp: now - 1, message: '{"n":1}' }, { timestamp: now, message: '{"n":2}' });
    expect(await messagesOf(logs)).toEqual(['{"n":1}', '{"n":2}']);
    await expect(
      put({ timestamp: now, message: 'x' }, { timestamp: now - 1, message: 'y' }),
    ).rejects.toMatchObject({ name: 'InvalidParameterException' });
    const { rejectedLogEventsInfo } = await put({ timestamp: now - 15 * day, message: 'old' });
    expect(rejectedLogEventsInfo).toEqual({ tooOldLogEventEndIndex: 1 });
    expect(await messagesOf(logs)).toHaveLength(2);
  });

  it('pages by count and by size, and reads no event twice while others come', async () => {
    await using logs = await startLogs(() => now);
    for (let n = 0; n < 7; n++) logs.store.write(groupName, `line ${n}`, { ts: now - 100 + n });
    const read: (string | undefined)[] = [];
    let nextToken: string | undefined;
    do {
      const page: FilterLogEventsCommandOutput = await logs.operator.send(
        new FilterLogEventsCommand({ logGroupName: groupName, limit: 3, nextToken }),
      );
      read.push(...(page.events ?? []).map(({ message }) => message));
      if (read.length === 3) logs.store.write(groupName, 'late', { ts: now });
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(read).toEqual([...Array.from({ length: 7 }, (_, n) => `line ${n}`), 'late']);
    for (let n = 0; n < 6; n++) logs.store.write(otherGroup, 'x'.repeat(250_000));
    const sizes: number[] = [];
    do {
      const page: FilterLogEventsCommandOutput = await logs.operator.send(
        new FilterLogEventsCommand({ logGroupName: otherGroup, nextToken }),
      );
      sizes.push(page.events?.length ?? 0);
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(sizes).toEqual([4, 2]);
  });

  it('reads a part by time, stream and prefix of streams', async () => {
    await using logs = await startLogs(() => now);
    for (const [n, stream] of ['2026/a', '2026/b', '2025/a'].entries()) {
      logs.store.write(groupName, stream, { stream, ts: now - 10 + n });
    }
    expect(await messagesOf(logs, { startTime: now - 9, endTime: now - 9 })).toEqual(['2026/b']);
    expect(await messagesOf(logs, { logStreamNames: ['2025/a', '2026/a'] })).toEqual([
      '2026/a',
      '2025/a',
    ]);
    expect(await messagesOf(logs, { logStreamNamePrefix: '2026/' })).toEqual(['2026/a', '2026/b']);
    const page = await logs.operator.send(
      new GetLogEventsCommand({
        logGroupName: groupName,
        logStreamName: '2026/b',
        startFromHead: true,
      }),
    );
    expect(page.events).toMatchObject([{ message: '2026/b', timestamp: now - 9 }]);
  });

  it('tells of groups and streams', async () => {
    await using logs = await startLogs(() => now);
    logs.store.write(groupName, 'x', { stream: 's1', ts: now - 5 });
    logs.store.write(groupName, 'y', { stream: 's1', ts: now - 4 });
    logs.store.write(groupName, 'z', { stream: 's2', ts: now - 9 });
    const { logGroups } = await logs.operator.send(
      new DescribeLogGroupsCommand({ logGroupNamePrefix: '/drawbridge' }),
    );
    expect(logGroups).toMatchObject([
      {
        logGroupName: groupName,
        retentionInDays: 30,
        arn: `arn:aws:logs:us-east-1:123456789012:log-group:${groupName}:*`,
        logGroupArn: `arn:aws:logs:us-east-1:123456789012:log-group:${groupName}`,
      },
    ]);
    const streamsOf = async (options: object) => {
      const { logStreams } = await logs.operator.send(
        new DescribeLogStreamsCommand({ logGroupIdentifier: logGroups?.[0]?.arn, ...options }),
      );
      return logStreams?.map(({ logStreamName, firstEventTimestamp, lastEventTimestamp }) => [
        logStreamName,
        firstEventTimestamp,
        lastEventTimestamp,
      ]);
    };
    expect(await streamsOf({})).toEqual([
      ['s1', now - 5, now - 4],
      ['s2', now - 9, now - 9],
    ]);
    expect((await streamsOf({ orderBy: 'LastEventTime', limit: 1 }))?.[0]?.[0]).toBe('s2');
  });

  it('keeps lines as long as the template says', async () => {
    const at = { now };
    await using logs = await startLogs(() => at.now);
    logs.store.write(groupName, 'thirty days');
    logs.store.write(otherGroup, 'for ever');
    at.now += 30 * day;
    expect(await messagesOf(logs)).toEqual(['thirty days']);
    at.now += 1;
    expect(await messagesOf(logs)).toEqual([]);
    expect(await messagesOf(logs, { logGroupName: otherGroup })).toEqual(['for ever']);
  });

  it.each([
    ['{ $.type = "audit" && $.tenant = "acme" }', [0, 1]],
    ['{ $.type = "audit*" }', [0, 1, 2]],
    ['{ $.type != "audit" }', [2, 3, 4]],
    ['{ $.units >= 2 && ($.tenant = "acme" || $.tenant = "other") }', [1]],
    ['{ $.units < 2 }', [0]],
    ['{ $.tool IS NULL }', [1]],
    ['{ $.chain.seq NOT EXISTS }', [1, 2, 3, 4]],
    ['{ $.chain.seq = 7 }', [0]],
    ['{ $.missing[0] = "a b" }', [1]],
    ['{ $.ok IS TRUE }', [4]],
    ['"type\\":\\"audit-check"', [2]],
    ['acme -fetch', [1]],
    ['?acme ?checkpoint', [0, 1, 2]],
    ['', [0, 1, 2, 3, 4, 5]],
  ])('the pattern %s finds %j', async (filterPattern, expected) => {
    await using logs = await startLogs(() => now);
    const lines = [
      '{"type":"audit","tenant":"acme","units":1,"tool":"fetch","chain":{"seq":7}}',
      '{"type":"audit","tenant":"acme","units":2,"tool":null,"missing":["a b"]}',
      '{"type":"audit-checkpoint","chain":null}',
      '{"type":"access"}',
      '{"type":"x","ok":true}',
      'plain text',
    ];
    for (const line of lines) logs.store.write(groupName, line, { ts: now });
    expect(await messagesOf(logs, { filterPattern })).toEqual(expected.map((n) => lines[n]));
  });

  it.each([
    ['{ $.a = }', 'InvalidParameterException'],
    ['{ $.a > "x" }', 'InvalidParameterException'],
    ['{ a = 1 }', 'InvalidParameterException'],
    ['{ ($.a = 1 }', 'InvalidParameterException'],
    ['[a, b]', 'UnknownOperationException'],
    ['%x.y%', 'UnknownOperationException'],
  ])('the pattern %s is refused', async (filterPattern, name) => {
    await using logs = await startLogs(() => now);
    await expect(messagesOf(logs, { filterPattern })).rejects.toMatchObject({ name });
  });
});

describe('who may do what', () => {
  it('a role reaches the groups that its policies name, and no others', async () => {
    await using logs = await startLogs(() => now);
    await logs.role.send(new FilterLogEventsCommand({ logGroupName: groupName }));
    await logs.role.send(new DescribeLogStreamsCommand({ logGroupName: groupName }));
    await expect(
      logs.role.send(new FilterLogEventsCommand({ logGroupName: otherGroup })),
    ).rejects.toMatchObject({
      name: 'AccessDeniedException',
      message: expect.stringContaining(
        `logs:FilterLogEvents on resource: arn:aws:logs:us-east-1:123456789012:log-group:${otherGroup}:log-stream:`,
      ) as string,
    });
    await expect(logs.role.send(new DescribeLogGroupsCommand({}))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(
      logs.role.send(
        new GetLogEventsCommand({
          logGroupName: groupName,
          logStreamName: 'x',
          startFromHead: true,
        }),
      ),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
  });

  it('what the twin does not have is refused by name', async () => {
    await using logs = await startLogs(() => now);
    await expect(
      logs.operator.send(new CreateLogGroupCommand({ logGroupName: 'x' })),
    ).rejects.toThrow('logs:CreateLogGroup');
    await expect(messagesOf(logs, { unmask: true })).rejects.toThrow('unmask');
    await expect(messagesOf(logs, { logGroupName: 'nowhere' })).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    });
    await expect(messagesOf(logs, { nextToken: 'streams.3' })).rejects.toMatchObject({
      name: 'InvalidParameterException',
    });
  });
});
