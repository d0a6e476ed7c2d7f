import { crc32 } from 'node:zlib';
import { twinStream, type LogEvent } from './log-sink.ts';

/** What a log file does not say of its lines: one line of the index for each. */
interface Entry {
  readonly checksum: number;
  readonly ts: number;
  readonly ingestionTime: number;
  readonly stream: string;
}

const checksumOf = (line: string): number => crc32(line);

export const indexLine = ({ ts, ingestionTime, stream, message }: LogEvent): string =>
  `${checksumOf(message).toString(16).padStart(8, '0')} ${ts} ${ingestionTime} ${stream}`;

const form = /^([0-9a-f]{8}) (\d{1,15}) (\d{1,15}) (.+)$/;

const readEntries = (text: string): readonly Entry[] =>
  text.split('\n').flatMap((line) => {
    const [, checksum, ts, ingestionTime, stream] = form.exec(line) ?? [];
    if (checksum === undefined || stream === undefined) return [];
    return [
      {
        checksum: Number.parseInt(checksum, 16),
        ts: Number(ts),
        ingestionTime: Number(ingestionTime),
        stream,
      },
    ];
  });

/** For each line the entry of its place. Lines may have been edited, added or taken out of the file since it was written. */
const align = (
  lines: readonly string[],
  entries: readonly Entry[],
): readonly (Entry | undefined)[] => {
  if (lines.length === entries.length) return entries;
  const checksums = lines.map(checksumOf);
  const lastLine = new Map(checksums.map((checksum, index) => [checksum, index]));
  const places = new Map<number, number[]>();
  for (const [index, { checksum }] of entries.entries()) {
    const known = places.get(checksum);
    if (known === undefined) places.set(checksum, [index]);
    else known.push(index);
  }
  let at = 0;
  return checksums.map((checksum, index) => {
    const place = places.get(checksum)?.find((one) => one >= at);
    if (place !== undefined) {
      at = place + 1;
      return entries[place];
    }
    const due = entries[at];
    const isAdded = due !== undefined && (lastLine.get(due.checksum) ?? -1) > index;
    return isAdded ? entries[at - 1] : entries[at++];
  });
};

/** Of lines from before there was an index. */
const ownTime = (line: string): number | undefined => {
  try {
    const { ts, time } = JSON.parse(line) as { ts?: unknown; time?: unknown };
    const own = typeof ts === 'string' ? Date.parse(ts) : Number(time);
    return Number.isFinite(own) ? own : undefined;
  } catch {
    return undefined;
  }
};

/** The events of a log file and its index. @param writtenAt - of the file, for lines that nothing says a time of. */
export const readEvents = (log: string, index: string, writtenAt: number): readonly LogEvent[] => {
  const lines = log.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const entries = align(lines, readEntries(index));
  return lines.map((message, at) => {
    const entry = entries[at];
    if (entry !== undefined) {
      const { ts, ingestionTime, stream } = entry;
      return { ts, ingestionTime, stream, message };
    }
    const ts = ownTime(message) ?? writtenAt;
    return { ts, ingestionTime: writtenAt, stream: twinStream, message };
  });
};
