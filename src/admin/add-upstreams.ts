import type { LiveSpec, UpstreamRecord, UpstreamScope } from '../registry/upstream-records.ts';
import {
  openApiSpec,
  remoteSpec,
  UpstreamConfigError,
  type ConfigProblem,
  type OpenApiEntry,
  type RemoteEntry,
} from '../upstreams/mcp-servers.ts';
import { emptyPinLock } from '../upstreams/pin-lock.ts';
import { comparePins, hashTools } from '../upstreams/pins.ts';
import { AdminError } from './admin-error.ts';
import { probeServer, readPins, storePins, type CheckOutcome } from './check-upstream.ts';
import { liveProblems } from './live-rules.ts';
import type { AdminPorts, ProjectPorts } from './ports.ts';
import { listServers, summaryOf } from './servers.ts';
import { requireTenant } from './tenants.ts';
import { configFailure, type GivenServer } from './upstream-entries.ts';
import { nowIso, titleOf, writeUpstream } from './write-upstream.ts';

export interface AddedUpstream {
  readonly record: UpstreamRecord & { readonly spec: LiveSpec };
  /** True when there was one before. */
  readonly replaced: boolean;
  /** What happened when it was connected to. Whatever it is, the record is written. */
  readonly check: CheckOutcome;
  /** True when what it lists now was approved with this. */
  readonly pinned: boolean;
  /** Of its OpenAPI document: what has no tool, and why. */
  readonly warnings: readonly string[];
}

type LiveServer = GivenServer & { readonly entry: RemoteEntry | OpenApiEntry };

export const isLive = (server: GivenServer): server is LiveServer => server.entry.kind !== 'stdio';

interface Planned {
  readonly record: AddedUpstream['record'];
  readonly replaced: boolean;
  readonly warnings: readonly string[];
}

const compile = async (
  { name, entry }: LiveServer,
  project: ProjectPorts,
): Promise<{ readonly spec: LiveSpec; readonly warnings: readonly string[] }> => {
  if (entry.kind === 'remote') return { spec: remoteSpec(name, entry), warnings: [] };
  try {
    const { tools, warnings } = await project.compileOpenApi(entry.openapi);
    return { spec: openApiSpec(name, entry, tools), warnings };
  } catch (error) {
    throw configFailure(error, 'INVALID_INPUT');
  }
};

const overlap = (a: '*' | readonly string[], b: '*' | readonly string[]): boolean =>
  a === '*' || b === '*' || a.some((tenant) => b.includes(tenant));

/** Names and prefixes that are taken where this server would be seen. */
const assertFree = async (
  ports: AdminPorts,
  { name, entry }: LiveServer,
  replace: boolean,
): Promise<ReadonlyMap<UpstreamScope, UpstreamRecord>> => {
  const { upstreams, deployment } = ports;
  if (deployment.upstreams.some((deployed) => deployed.name === name)) {
    throw new AdminError(
      'SERVER_EXISTS',
      `server "${name}" is an entry of config/mcp.json that was deployed: change it there, or give another name`,
    );
  }
  const prefix = entry.prefix ?? name;
  const tenants = entry.tenants ?? '*';
  for (const server of await listServers(ports)) {
    const other = summaryOf(server);
    if (other.name !== name && other.prefix === prefix && overlap(other.tenants, tenants)) {
      throw new AdminError(
        'INVALID_INPUT',
        `"${prefix}" is the prefix of server "${other.name}" already: give --prefix`,
      );
    }
  }
  const before = new Map<UpstreamScope, UpstreamRecord>();
  for (const scope of entry.tenants ?? ['*']) {
    const record = await upstreams.getUpstream(scope, name);
    if (record === undefined) continue;
    if (!replace) {
      throw new AdminError(
        'SERVER_EXISTS',
        `${titleOf(name, scope)} exists already and was not changed: --replace changes it, \`upstreams show ${name}\` shows it`,
      );
    }
    before.set(scope, record);
  }
  return before;
};

const plan = async (
  ports: AdminPorts,
  project: ProjectPorts,
  server: LiveServer,
  replace: boolean,
): Promise<readonly Planned[]> => {
  const { name, entry } = server;
  for (const tenant of entry.tenants ?? []) await requireTenant(ports, tenant);
  const before = await assertFree(ports, server, replace);
  const { spec, warnings } = await compile(server, project);
  const now = nowIso(ports);
  return (entry.tenants ?? (['*'] as const)).map((scope) => {
    const old = before.get(scope);
    return {
      record: {
        scope,
        name,
        enabled: entry.disabled !== true,
        spec: { ...spec, tenants: scope === '*' ? '*' : [scope] },
        revision: (old?.revision ?? 0) + 1,
        createdAt: old?.createdAt ?? now,
        updatedAt: now,
      },
      replaced: old !== undefined,
      warnings,
    };
  });
};

/** Connects to what was added. Its tools are approved when nothing of it was before. */
const inspect = async (
  ports: AdminPorts,
  { scope, name, spec }: AddedUpstream['record'],
): Promise<Pick<AddedUpstream, 'check' | 'pinned'>> => {
  const probed = await probeServer(ports, spec, scope);
  if (probed.state === 'failed') return { check: probed, pinned: false };
  const { facts, tools } = probed;
  const known = await readPins(ports, scope, name, emptyPinLock);
  const pinned = known ?? hashTools(tools).hashes;
  if (known === undefined) await storePins(ports, scope, name, pinned, tools);
  const drift = comparePins(pinned, tools);
  return {
    check: { state: 'ok', facts, toolCount: tools.length, drift },
    pinned: known === undefined,
  };
};

/** @throws AdminError INVALID_INPUT with all that this deployment refuses of the entries. */
export const assertAllowed = (
  { deployment }: Pick<AdminPorts, 'deployment'>,
  servers: readonly LiveServer[],
  source: string,
): void => {
  const problems = servers.flatMap(({ name, entry }): readonly ConfigProblem[] =>
    liveProblems(name, entry, deployment),
  );
  if (problems.length === 0) return;
  throw configFailure(new UpstreamConfigError(source, problems), 'INVALID_INPUT');
};

/**
 * Writes live servers, one record for each tenant that an entry names, then connects to each. Nothing is written when
 * one of them is refused. A server that cannot be reached is written all the same.
 *
 * @throws AdminError INVALID_INPUT, SERVER_EXISTS, TENANT_NOT_FOUND, CONFLICT or UPSTREAM_*.
 */
export const addUpstreams = async (
  ports: AdminPorts,
  project: ProjectPorts,
  servers: readonly LiveServer[],
  { replace, source }: { readonly replace: boolean; readonly source: string },
): Promise<readonly AddedUpstream[]> => {
  assertAllowed(ports, servers, source);
  const planned: Planned[] = [];
  for (const server of servers) planned.push(...(await plan(ports, project, server, replace)));
  const added: AddedUpstream[] = [];
  const written: string[] = [];
  for (const each of planned) {
    try {
      const { name, scope } = await writeUpstream(ports, each.record);
      written.push(titleOf(name, scope));
      added.push({ ...each, ...(await inspect(ports, each.record)) });
    } catch (error) {
      throw written.length === 0 ? error : partly(written, error);
    }
  }
  return added;
};

const partly = (written: readonly string[], error: unknown): unknown =>
  error instanceof AdminError
    ? new AdminError(error.code, `${error.message} Written before it: ${written.join(', ')}.`, {
        cause: error,
      })
    : error;
