import * as z from 'zod';
import { parseInput } from '../aws-service.ts';
import { groupName, oneGroup, offsetIn, streamName, theGroup, token } from './inputs.ts';
import type { LogsCall } from './logs-service.ts';

const page = { nextToken: token.optional(), limit: z.int().min(1).max(50).default(50) };

const describeGroupsInput = z.strictObject({
  ...page,
  logGroupNamePrefix: groupName.optional(),
  logGroupNamePattern: groupName.optional(),
});

const paged = <T>(
  all: readonly T[],
  { nextToken, limit }: { readonly nextToken?: string | undefined; readonly limit: number },
  scope: string,
): { readonly items: readonly T[]; readonly more: { readonly nextToken?: string } } => {
  const offset = offsetIn(nextToken, scope);
  const items = all.slice(offset, offset + limit);
  const hasMore = offset + limit < all.length;
  return { items, more: hasMore ? { nextToken: `${scope}.${offset + limit}` } : {} };
};

export const describeLogGroups = async ({
  groups,
  input,
  authorize,
}: LogsCall): Promise<object> => {
  const operation = 'logs:DescribeLogGroups';
  const parsed = parseInput(describeGroupsInput, input, operation);
  await authorize(operation, '*');
  const { logGroupNamePrefix: prefix = '', logGroupNamePattern: part = '' } = parsed;
  const found = groups.all.filter(({ name }) => name.startsWith(prefix) && name.includes(part));
  const { items, more } = paged(found, parsed, 'groups');
  return {
    logGroups: items.map(({ name, retentionDays }) => ({
      logGroupName: name,
      logGroupClass: 'STANDARD',
      arn: groups.resource(name).replace(/log-stream:$/, '*'),
      logGroupArn: groups.resource(name).replace(/:log-stream:$/, ''),
      ...(retentionDays === undefined ? {} : { retentionInDays: retentionDays }),
    })),
    ...more,
  };
};

const describeStreamsInput = z.strictObject({
  ...page,
  ...oneGroup,
  logStreamNamePrefix: streamName.optional(),
  orderBy: z.enum(['LogStreamName', 'LastEventTime']).default('LogStreamName'),
  descending: z.boolean().default(false),
});

export const describeLogStreams = async ({
  groups,
  input,
  authorize,
}: LogsCall): Promise<object> => {
  const operation = 'logs:DescribeLogStreams';
  const parsed = parseInput(describeStreamsInput, input, operation);
  const group = theGroup(groups, parsed);
  await authorize(operation, groups.resource(group));
  const { logStreamNamePrefix: prefix = '', orderBy, descending } = parsed;
  const named = groups.streams(group).filter(({ name }) => name.startsWith(prefix));
  const ordered =
    orderBy === 'LogStreamName'
      ? named
      : named.toSorted((one, other) => (one.lastTs ?? 0) - (other.lastTs ?? 0));
  const { items, more } = paged(descending ? ordered.toReversed() : ordered, parsed, 'streams');
  return {
    logStreams: items.map(({ name, creationTime, firstTs, lastTs, lastIngestionTime }) => ({
      logStreamName: name,
      creationTime,
      firstEventTimestamp: firstTs,
      lastEventTimestamp: lastTs,
      lastIngestionTime,
      arn: groups.resource(group, name),
      storedBytes: 0,
    })),
    ...more,
  };
};
