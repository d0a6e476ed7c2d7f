import * as z from 'zod';
import type { LogEvent } from '../../log/log-sink.ts';
import { parseInput } from '../aws-service.ts';
import { compileFilterPattern } from './filter-pattern.ts';
import {
  invalidParameter,
  millis,
  offsetIn,
  oneGroup,
  streamName,
  theGroup,
  token,
} from './inputs.ts';
import type { LogsCall } from './logs-service.ts';

const maxPageBytes = 1_048_576;
const maxEvents = 10_000;

const between = (
  { ts }: LogEvent,
  {
    startTime = 0,
    endTime = Number.POSITIVE_INFINITY,
  }: { startTime?: number | undefined; endTime?: number | undefined },
): boolean => ts >= startTime && ts <= endTime;

/** As many of `events` from `offset` on as a page holds: 1 MB. */
const pageOf = (
  events: readonly LogEvent[],
  offset: number,
  limit: number,
): readonly LogEvent[] => {
  let bytes = 0;
  let end = offset;
  while (end < events.length && end - offset < limit) {
    bytes += Buffer.byteLength(events[end]?.message ?? '');
    if (bytes > maxPageBytes && end > offset) break;
    end++;
  }
  return events.slice(offset, end);
};

const filterInput = z.strictObject({
  ...oneGroup,
  logStreamNames: z.array(streamName).min(1).max(100).optional(),
  logStreamNamePrefix: streamName.optional(),
  startTime: millis.optional(),
  endTime: millis.optional(),
  filterPattern: z.string().max(1024).default(''),
  nextToken: token.optional(),
  limit: z.int().min(1).max(maxEvents).default(maxEvents),
  /** Always so (CloudWatch Logs: "FilterLogEvents"). */
  interleaved: z.boolean().optional(),
});

export const filterLogEvents = async ({ groups, input, authorize }: LogsCall): Promise<object> => {
  const operation = 'logs:FilterLogEvents';
  const parsed = parseInput(filterInput, input, operation);
  const group = theGroup(groups, parsed);
  await authorize(operation, groups.resource(group));
  const { logStreamNames, logStreamNamePrefix: prefix = '', limit } = parsed;
  if (logStreamNames !== undefined && prefix !== '') {
    throw invalidParameter('logStreamNamePrefix and logStreamNames cannot be used together');
  }
  const streams = logStreamNames === undefined ? undefined : new Set(logStreamNames);
  const matches = compileFilterPattern(parsed.filterPattern);
  const offset = offsetIn(parsed.nextToken, 'events');
  const all = groups.events(group);
  // The token counts the group's events: those that come meanwhile are behind.
  const rest = all.slice(offset);
  const found: (LogEvent & { readonly index: number })[] = [];
  let bytes = 0;
  let next: number | undefined;
  for (const [index, event] of rest.entries()) {
    const isWanted =
      between(event, parsed) &&
      event.stream.startsWith(prefix) &&
      (streams === undefined || streams.has(event.stream)) &&
      matches(event.message);
    if (!isWanted) continue;
    bytes += Buffer.byteLength(event.message);
    if (found.length === limit || (bytes > maxPageBytes && found.length > 0)) {
      next = offset + index;
      break;
    }
    found.push({ ...event, index: offset + index });
  }
  return {
    events: found.map(({ stream, ts, message, ingestionTime, index }) => ({
      logStreamName: stream,
      timestamp: ts,
      message,
      ingestionTime,
      eventId: String(index).padStart(56, '0'),
    })),
    searchedLogStreams: [],
    ...(next === undefined ? {} : { nextToken: `events.${next}` }),
  };
};

const getInput = z.strictObject({
  ...oneGroup,
  logStreamName: streamName,
  startTime: millis.optional(),
  endTime: millis.optional(),
  nextToken: token.optional(),
  limit: z.int().min(1).max(maxEvents).default(maxEvents),
  startFromHead: z.literal(true, {
    error: 'the twin reads streams from their head only: give startFromHead',
  }),
});

export const getLogEvents = async ({ groups, input, authorize }: LogsCall): Promise<object> => {
  const operation = 'logs:GetLogEvents';
  const parsed = parseInput(getInput, input, operation);
  const group = theGroup(groups, parsed);
  await authorize(operation, groups.resource(group, parsed.logStreamName));
  const events = groups
    .events(group)
    .filter((event) => event.stream === parsed.logStreamName && between(event, parsed));
  const offset = offsetIn(parsed.nextToken, 'f');
  const page = pageOf(events, offset, parsed.limit);
  return {
    events: page.map(({ ts, message, ingestionTime }) => ({
      timestamp: ts,
      message,
      ingestionTime,
    })),
    nextForwardToken: `f.${offset + page.length}`,
    nextBackwardToken: `f.${Math.max(0, offset - parsed.limit)}`,
  };
};
