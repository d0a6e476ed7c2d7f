import * as z from 'zod';
import { AwsError, notImplemented } from '../aws-error.ts';
import { parseInput } from '../aws-service.ts';
import { groupName, invalidParameter, millis, streamName } from './inputs.ts';
import type { LogsCall } from './logs-service.ts';

const streamInput = z.strictObject({ logGroupName: groupName, logStreamName: streamName });

const putInput = z.strictObject({
  ...streamInput.shape,
  logEvents: z
    .array(z.strictObject({ timestamp: millis, message: z.string().min(1) }))
    .min(1)
    .max(10_000),
  /** No longer needed, and not looked at (CloudWatch Logs: "PutLogEvents"). */
  sequenceToken: z.string().optional(),
});

export const createLogStream = async ({ groups, input, authorize }: LogsCall): Promise<object> => {
  const operation = 'logs:CreateLogStream';
  const { logGroupName, logStreamName } = parseInput(streamInput, input, operation);
  await authorize(operation, groups.resource(logGroupName, logStreamName));
  groups.group(logGroupName);
  groups.createStream(logGroupName, logStreamName);
  return {};
};

const maxBatchBytes = 1_048_576;
const eventOverheadBytes = 26;
const dayMs = 86_400_000;
const oldestMs = 14 * dayMs;
const newestMs = 2 * 3_600_000;

/** The limits of a batch (CloudWatch Logs: "PutLogEvents"). @throws AwsError InvalidParameterException */
const assertBatch = (events: z.infer<typeof putInput>['logEvents']): void => {
  let bytes = 0;
  let last = 0;
  let first = Number.POSITIVE_INFINITY;
  for (const { timestamp, message } of events) {
    bytes += Buffer.byteLength(message) + eventOverheadBytes;
    if (timestamp < last) {
      throw invalidParameter(
        'Log events in a single PutLogEvents request must be in chronological order.',
      );
    }
    last = timestamp;
    first = Math.min(first, timestamp);
    if (message.includes('\n')) throw notImplemented('logs: messages of more than one line');
  }
  if (bytes > maxBatchBytes) {
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${maxBatchBytes}`);
  }
  if (last - first > dayMs) {
    throw invalidParameter(
      'The batch of log events in a single PutLogEvents request cannot span more than 24 hours.',
    );
  }
};

export const putLogEvents = async ({
  groups,
  input,
  now,
  authorize,
}: LogsCall): Promise<object> => {
  const operation = 'logs:PutLogEvents';
  const { logGroupName, logStreamName, logEvents } = parseInput(putInput, input, operation);
  await authorize(operation, groups.resource(logGroupName, logStreamName));
  groups.group(logGroupName);
  if (!groups.streams(logGroupName).some(({ name }) => name === logStreamName)) {
    throw new AwsError('ResourceNotFoundException', 'The specified log stream does not exist.');
  }
  assertBatch(logEvents);
  const [oldest, newest] = [now() - oldestMs, now() + newestMs];
  const tooOld = logEvents.filter(({ timestamp }) => timestamp < oldest).length;
  const tooNew = logEvents.filter(({ timestamp }) => timestamp > newest).length;
  for (const { timestamp, message } of logEvents.slice(tooOld, logEvents.length - tooNew)) {
    groups.put(logGroupName, logStreamName, timestamp, message);
  }
  const rejectedLogEventsInfo = {
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(tooNew > 0 ? { tooNewLogEventStartIndex: logEvents.length - tooNew } : {}),
  };
  return tooOld + tooNew > 0 ? { rejectedLogEventsInfo } : {};
};
