import type { UpstreamScope } from '../registry/upstream-records.ts';
import type { PinnedTools } from '../upstreams/directory.ts';
import { pinLock, emptyPinLock, pinsOf, type PinLock } from '../upstreams/pin-lock.ts';
import {
  canonicalDefinition,
  comparePins,
  hashOf,
  hashTools,
  type PinComparison,
} from '../upstreams/pins.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import { UpstreamError, type JsonObject, type UpstreamFacts } from '../upstreams/upstream.ts';
import { AdminError } from './admin-error.ts';
import type { AdminPorts, ProbedUpstream, ProjectPorts } from './ports.ts';
import { reporting } from './upstream-failure.ts';
import { nowIso, titleOf, writePins } from './write-upstream.ts';

export interface ProbeFailure {
  readonly state: 'failed';
  readonly failure: string;
  readonly message: string;
}

/** What became of a connection that was made just now. */
export type CheckOutcome =
  | {
      readonly state: 'ok';
      readonly facts: UpstreamFacts;
      readonly toolCount: number;
      /** Absent: nothing of this server was ever approved. */
      readonly drift?: PinComparison;
    }
  | ProbeFailure;

/** Sessions are kept apart by tenant: this one is nobody's. */
const probeTenant = (scope: UpstreamScope): string => (scope === '*' ? 'drawbridge-check' : scope);

/** Connects, and lists. A server that cannot be reached is an answer, not an error. */
export const probeServer = async (
  { probe }: Pick<AdminPorts, 'probe'>,
  spec: UpstreamSpec,
  scope: UpstreamScope,
): Promise<(ProbedUpstream & { readonly state: 'ok' }) | ProbeFailure> => {
  try {
    return { state: 'ok', ...(await probe.list(spec, probeTenant(scope))) };
  } catch (error) {
    if (error instanceof UpstreamError) {
      return { state: 'failed', failure: error.failure, message: error.message };
    }
    if (error instanceof AdminError) {
      return { state: 'failed', failure: 'misconfigured', message: error.message };
    }
    throw error;
  }
};

/** @throws AdminError CONFIG_INVALID that says what is wrong with the file. */
export const readPinLock = async ({ pinLock: file }: ProjectPorts): Promise<PinLock> => {
  const text = await file.read();
  if (text === undefined) return emptyPinLock;
  const invalid = (why: string) =>
    new AdminError('CONFIG_INVALID', `${file.name} is not a file of pins: ${why}`);
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    throw invalid((error as Error).message);
  }
  const parsed = pinLock.safeParse(document);
  if (parsed.success) return parsed.data;
  throw invalid(
    `check ${parsed.error.issues.map(({ path }) => path.join('.') || 'the whole file').join(', ')}`,
  );
};

/** What was approved of a server: its record in the registry, or else its pins in the project. */
export const readPins = async (
  { upstreams }: Pick<AdminPorts, 'upstreams'>,
  scope: UpstreamScope,
  server: string,
  lock: PinLock,
): Promise<PinnedTools | undefined> => {
  const record = await reporting(`read the pins of ${titleOf(server, scope)}`, () =>
    upstreams.getPins(scope, server),
  );
  if (record !== undefined) return new Map(Object.entries(record.tools));
  return scope === '*' ? pinsOf(lock, server) : undefined;
};

/** Definitions that are kept for `pins diff`: below the size of an item, with room for what surrounds them. */
const maxDefinitionBytes = 250_000;

/** Canonical definitions of the pinned tools, the smallest first, as many as there is room for. */
const definitionsFor = (
  pinned: PinnedTools,
  candidates: readonly (readonly [string, string])[],
): Record<string, string> => {
  let left = maxDefinitionBytes;
  const kept = candidates
    .filter(([name, definition]) => pinned.get(name) === hashOf(definition))
    .sort(([, a], [, b]) => a.length - b.length)
    .filter(([name, definition]) => {
      // Inside a JSON string its quotes are escaped once more.
      left -= Buffer.byteLength(JSON.stringify(definition)) * 1.3 + Buffer.byteLength(name) + 8;
      return left >= 0;
    });
  return Object.fromEntries(kept);
};

/** Approves exactly `tools`, and keeps those of `seen` that are among them for people who compare. */
export const storePins = async (
  ports: Pick<AdminPorts, 'upstreams' | 'clock'>,
  scope: UpstreamScope,
  server: string,
  tools: PinnedTools,
  seen: readonly JsonObject[],
): Promise<void> => {
  const { upstreams } = ports;
  const what = `the pins of ${titleOf(server, scope)}`;
  const [before, old] = await reporting(`read ${what}`, () =>
    Promise.all([upstreams.getPins(scope, server), upstreams.getDefinitions(scope, server)]),
  );
  const { hashes } = hashTools(seen);
  const current = seen
    .filter(({ name }) => hashes.has(String(name)))
    .map((tool) => [String(tool['name']), canonicalDefinition(tool)] as const);
  const candidates = new Map([
    ...Object.entries(old?.definitions ?? {}),
    ...current.filter(([name, definition]) => tools.get(name) === hashOf(definition)),
  ]);
  // Before the pins: a definition counts only while its hash is pinned.
  await reporting(`write ${what}`, () =>
    upstreams.putDefinitions({
      scope,
      server,
      definitions: definitionsFor(tools, [...candidates]),
    }),
  );
  await writePins(ports, {
    scope,
    server,
    tools: Object.fromEntries(tools),
    approvedAt: nowIso(ports),
    revision: (before?.revision ?? 0) + 1,
  });
};

/** Connects to a server now, and compares its tools with what was approved. */
export const checkServer = async (
  ports: Pick<AdminPorts, 'probe' | 'upstreams'>,
  server: { readonly name: string; readonly scope: UpstreamScope; readonly spec: UpstreamSpec },
  lock: PinLock,
): Promise<CheckOutcome> => {
  const probed = await probeServer(ports, server.spec, server.scope);
  if (probed.state === 'failed') return probed;
  const pinned = await readPins(ports, server.scope, server.name, lock);
  return {
    state: 'ok',
    facts: probed.facts,
    toolCount: probed.tools.length,
    ...(pinned === undefined ? {} : { drift: comparePins(pinned, probed.tools) }),
  };
};
