import * as z from 'zod';
import type { PinnedTools } from './directory.ts';
import { upstreamName } from './upstream-spec.ts';

/** `config/mcp.lock.json`: which tool definitions of deployed servers were approved, under version control. */
export const pinLock = z.strictObject({
  version: z.literal(1),
  servers: z.record(
    upstreamName,
    z.strictObject({ tools: z.record(z.string().min(1), z.string().length(43)) }),
  ),
});
export type PinLock = z.infer<typeof pinLock>;

export const emptyPinLock: PinLock = { version: 1, servers: {} };

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number =>
  a < b ? -1 : 1;
const sorted = <T>(record: Readonly<Record<string, T>>): Record<string, T> =>
  Object.fromEntries(Object.entries(record).sort(byName));

/** Sorted by name, so that the same pins are the same text. */
export const formatPinLock = ({ version, servers }: PinLock): string => {
  const ordered = Object.entries(sorted(servers)).map(
    ([name, { tools }]) => [name, { tools: sorted(tools) }] as const,
  );
  return `${JSON.stringify({ version, servers: Object.fromEntries(ordered) }, null, 2)}\n`;
};

export const pinsOf = (lock: PinLock, server: string): PinnedTools | undefined =>
  Object.hasOwn(lock.servers, server)
    ? new Map(Object.entries(lock.servers[server]?.tools ?? {}))
    : undefined;

export const withPins = (lock: PinLock, server: string, tools: PinnedTools): PinLock => ({
  ...lock,
  servers: { ...lock.servers, [server]: { tools: Object.fromEntries(tools) } },
});

export const withoutPins = (lock: PinLock, server: string): PinLock => ({
  ...lock,
  servers: Object.fromEntries(Object.entries(lock.servers).filter(([name]) => name !== server)),
});
