import type { UpstreamScope } from '../registry/upstream-records.ts';
import type { PinnedTools } from '../upstreams/directory.ts';
import { formatPinLock, withPins } from '../upstreams/pin-lock.ts';
import { comparePins, hashOf, hashTools, type PinComparison } from '../upstreams/pins.ts';
import type { JsonObject } from '../upstreams/upstream.ts';
import { AdminError } from './admin-error.ts';
import {
  probeServer,
  readPinLock,
  readPins,
  storePins,
  type ProbeFailure,
} from './check-upstream.ts';
import type { AdminPorts, ProjectPorts } from './ports.ts';
import { listServers, requireServers, specOf, type Server } from './servers.ts';
import { reporting } from './upstream-failure.ts';

/** What a server lists now beside what was approved of it. */
export interface PinDiff {
  readonly state: 'ok';
  readonly name: string;
  readonly scope: UpstreamScope;
  readonly where: Server['where'];
  readonly comparison: PinComparison;
  readonly pinned: PinnedTools;
  readonly tools: readonly JsonObject[];
  /** Approved definitions by tool name, of those that are kept and still the pinned ones. */
  readonly before: ReadonlyMap<string, JsonObject>;
}

export type PinDiffOutcome = PinDiff | (ProbeFailure & Pick<PinDiff, 'name' | 'scope' | 'where'>);

const approvedDefinitions = async (
  { upstreams }: Pick<AdminPorts, 'upstreams'>,
  { scope, name }: Server,
  pinned: PinnedTools,
): Promise<ReadonlyMap<string, JsonObject>> => {
  const record = await reporting(`read the definitions of server "${name}"`, () =>
    upstreams.getDefinitions(scope, name),
  );
  return new Map(
    Object.entries(record?.definitions ?? {})
      .filter(([tool, definition]) => pinned.get(tool) === hashOf(definition))
      .map(([tool, definition]) => [tool, JSON.parse(definition) as JsonObject] as const),
  );
};

const diffOf = async (
  ports: AdminPorts,
  project: ProjectPorts,
  server: Server,
): Promise<PinDiffOutcome> => {
  const { name, scope, where } = server;
  const probed = await probeServer(ports, await specOf(server, project), scope);
  if (probed.state === 'failed') return { name, scope, where, ...probed };
  const { tools } = probed;
  const pinned = (await readPins(ports, scope, name, await readPinLock(project))) ?? new Map();
  return {
    state: 'ok',
    name,
    scope,
    where,
    comparison: comparePins(pinned, tools),
    pinned,
    tools,
    before: await approvedDefinitions(ports, server, pinned),
  };
};

/** Connects to the servers of a name, or to all, and compares. @throws AdminError SERVER_NOT_FOUND or CONFIG_INVALID. */
export const diffPins = async (
  ports: AdminPorts,
  project: ProjectPorts,
  name?: string,
  tenants?: readonly string[],
): Promise<readonly PinDiffOutcome[]> => {
  const servers =
    name === undefined ? await listServers(ports) : await requireServers(ports, name, tenants);
  const diffs: PinDiffOutcome[] = [];
  for (const server of servers) {
    try {
      diffs.push(await diffOf(ports, project, server));
    } catch (error) {
      // Of all servers, one that cannot be asked from here does not keep the others from being shown.
      if (name !== undefined || !(error instanceof AdminError)) throw error;
      const { name: one, scope, where } = server;
      const { message } = error;
      diffs.push({ state: 'failed', name: one, scope, where, failure: 'misconfigured', message });
    }
  }
  return diffs;
};

export interface Approval {
  readonly approved: readonly string[];
  /** Tools that the server no longer has: their pins go. */
  readonly forgotten: readonly string[];
  readonly pins: PinnedTools;
}

/**
 * What the pins of a server become when `tools`, or all that differ, are approved.
 * @throws AdminError INVALID_INPUT when a tool is named that there is not.
 */
export const planApproval = (diff: PinDiff, tools: 'all' | readonly string[]): Approval => {
  const { changed, added, removed, invalid } = diff.comparison;
  const differing = [...changed.map(({ name }) => name), ...added];
  if (tools !== 'all') {
    const { hashes } = hashTools(diff.tools);
    const unknown = tools.find((tool) => !hashes.has(tool) && !diff.pinned.has(tool));
    if (unknown !== undefined) {
      const why = invalid.includes(unknown)
        ? 'has no definition that can be approved (it is listed twice, or nested too deeply)'
        : 'is no tool of it';
      throw new AdminError(
        'INVALID_INPUT',
        `server "${diff.name}": "${unknown}" ${why}: \`pins diff ${diff.name}\` shows what differs`,
      );
    }
  }
  const isChosen = (tool: string) => tools === 'all' || tools.includes(tool);
  const approved = differing.filter(isChosen);
  const forgotten = removed.filter(isChosen);
  const { hashes } = hashTools(diff.tools);
  const pins = new Map(diff.pinned);
  for (const tool of approved) pins.set(tool, hashes.get(tool) ?? '');
  for (const tool of forgotten) pins.delete(tool);
  return { approved, forgotten, pins };
};

/** Approves what was seen in `diff`, whatever the server lists by now. Running functions follow within 30 seconds. */
export const approvePins = async (
  ports: Pick<AdminPorts, 'upstreams' | 'clock'>,
  diff: PinDiff,
  { pins }: Approval,
): Promise<void> => storePins(ports, diff.scope, diff.name, pins, diff.tools);

/** Writes the pins of a deployed server to `config/mcp.lock.json`. */
export const writePinLock = async (
  project: ProjectPorts,
  server: string,
  pins: PinnedTools,
): Promise<void> => {
  const lock = await readPinLock(project);
  await project.pinLock.write(formatPinLock(withPins(lock, server, pins)));
};
