import type { UpstreamRecord } from '../registry/upstream-records.ts';
import { AdminError } from './admin-error.ts';
import { checkServer, readPinLock, type CheckOutcome } from './check-upstream.ts';
import { removeMember } from './json-edit.ts';
import { withoutPins, formatPinLock } from '../upstreams/pin-lock.ts';
import type { AdminPorts, ProjectPorts } from './ports.ts';
import { readProjectEntries, requireServers, specOf, type Server } from './servers.ts';
import { reporting } from './upstream-failure.ts';
import { nowIso, titleOf, writeUpstream } from './write-upstream.ts';

type Registry = Pick<AdminPorts, 'upstreams' | 'deployment' | 'clock'>;

export interface CheckedServer {
  readonly server: Server;
  readonly outcome: CheckOutcome;
}

/** Connects to the servers of a name now. @throws AdminError SERVER_NOT_FOUND or CONFIG_INVALID. */
export const checkUpstream = async (
  ports: AdminPorts,
  project: ProjectPorts,
  name: string,
  tenants?: readonly string[],
): Promise<readonly CheckedServer[]> => {
  const servers = await requireServers(ports, name, tenants);
  const lock = await readPinLock(project);
  const checked: CheckedServer[] = [];
  for (const server of servers) {
    const spec = await specOf(server, project);
    const { scope } = server;
    checked.push({ server, outcome: await checkServer(ports, { name, scope, spec }, lock) });
  }
  return checked;
};

export interface Switched {
  readonly record: UpstreamRecord;
  readonly where: Server['where'];
  /** False when it was so before. */
  readonly changed: boolean;
}

/** A deployed entry is switched by a record of its own; for everybody, or for single tenants. */
const switchDeployed = async (
  ports: Registry,
  { name, switches }: Extract<Server, { where: 'deployed' }>,
  enabled: boolean,
  tenants: readonly string[] | undefined,
): Promise<readonly Switched[]> => {
  const switched: Switched[] = [];
  for (const scope of tenants ?? ['*']) {
    const old = switches.find((each) => each.scope === scope);
    if (old?.enabled === enabled) {
      switched.push({ record: old, where: 'deployed', changed: false });
      continue;
    }
    const now = nowIso(ports);
    const record = await writeUpstream(ports, {
      scope,
      name,
      enabled,
      revision: (old?.revision ?? 0) + 1,
      createdAt: old?.createdAt ?? now,
      updatedAt: now,
    });
    switched.push({ record, where: 'deployed', changed: true });
  }
  return switched;
};

/** Switches the servers of a name on or off. Running functions follow within 30 seconds. @throws AdminError. */
export const switchUpstream = async (
  ports: Registry,
  name: string,
  enabled: boolean,
  tenants?: readonly string[],
): Promise<readonly Switched[]> => {
  const named = await requireServers(ports, name);
  const deployed = named.find((server) => server.where === 'deployed');
  if (deployed !== undefined) return switchDeployed(ports, deployed, enabled, tenants);
  const switched: Switched[] = [];
  for (const server of await requireServers(ports, name, tenants)) {
    if (server.where !== 'live') continue;
    const { record } = server;
    const changed = record.enabled !== enabled;
    const next = { ...record, enabled, revision: record.revision + 1, updatedAt: nowIso(ports) };
    switched.push({
      record: changed ? await writeUpstream(ports, next) : record,
      where: 'live',
      changed,
    });
  }
  return switched;
};

/** What `remove` would take away. */
export interface Removal {
  readonly name: string;
  /** Live records, and records that switch an entry that is no longer deployed. */
  readonly records: readonly UpstreamRecord[];
  /** The file that has an entry of this name; absent when none has. */
  readonly file?: string;
  /** Whether the deployment has that entry now, and keeps it until it is deployed anew. */
  readonly isDeployed: boolean;
}

/** @throws AdminError SERVER_NOT_FOUND or CONFIG_INVALID. */
export const planRemoval = async (
  { upstreams, deployment }: Registry,
  project: ProjectPorts,
  name: string,
  tenants?: readonly string[],
): Promise<Removal> => {
  const isDeployed = deployment.upstreams.some((each) => each.name === name);
  const named = (await reporting('list the servers', () => upstreams.listUpstreams())).filter(
    (record) => record.name === name,
  );
  const records = named.filter(
    ({ scope, spec }) =>
      // A deployed entry that is off stays off until it is gone.
      (spec !== undefined || !isDeployed) && (tenants?.includes(scope) ?? true),
  );
  const isEntry = tenants === undefined && (await readProjectEntries(project)).has(name);
  if (records.length === 0 && !isEntry) {
    const ofTenants = tenants === undefined ? '' : ` of tenant ${tenants.join(', ')}`;
    throw new AdminError(
      'SERVER_NOT_FOUND',
      isDeployed
        ? `server "${name}"${ofTenants} was deployed from a config/mcp.json that is not here: remove it there, or switch it off with \`upstreams disable ${name}\``
        : `there is no server "${name}"${ofTenants}: \`upstreams list\` shows those there are`,
    );
  }
  const found = { name, records, isDeployed };
  return isEntry ? { ...found, file: project.mcpJson.name } : found;
};

/** Takes a server away: its records with their pins, and its entry with its lock. */
export const removeUpstream = async (
  { upstreams }: Pick<AdminPorts, 'upstreams'>,
  project: ProjectPorts,
  { name, records, file }: Removal,
): Promise<void> => {
  for (const { scope } of records) {
    await reporting(`remove ${titleOf(name, scope)}`, async () => {
      // False where a retried delete met its own first attempt: gone is gone.
      await upstreams.deleteUpstream(scope, name);
      await upstreams.deletePins(scope, name);
    });
  }
  if (file === undefined) return;
  const text = (await project.mcpJson.read()) ?? '';
  await project.mcpJson.write(removeMember(text, 'mcpServers', name));
  await project.packages.remove(name);
  const lock = await readPinLock(project);
  if (Object.hasOwn(lock.servers, name)) {
    await project.pinLock.write(formatPinLock(withoutPins(lock, name)));
  }
};
