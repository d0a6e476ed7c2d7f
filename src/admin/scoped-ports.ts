import type { StandingWriter, UsageReader } from '../quota/meter.ts';
import type { UpstreamRegistry } from '../registry/upstream-registry.ts';
import { operatorOnly, tenantNotFound, type Actor } from './operator.ts';
import type {
  AdminPorts,
  SecretValues,
  StandingReader,
  UpstreamProbe,
  UsagePlanDirectory,
  UsageQueries,
} from './ports.ts';
import { scopedRegistry } from './scoped-registry.ts';

const refused = (what: string) => (): Promise<never> => Promise.reject(operatorOnly(what));

const noUsagePlans: UsagePlanDirectory = {
  planNames: refused('create a tenant, or move it to another plan'),
  createTenantKey: refused('create a tenant'),
  attach: refused('move a tenant to another plan'),
  detach: refused('move a tenant to another plan'),
  planOf: refused('move a tenant to another plan'),
  listTenantKeys: refused('look at all tenants'),
  enable: refused('change a tenant'),
  remove: refused('delete a tenant'),
};

const noServers: UpstreamRegistry = {
  listUpstreams: refused('look at servers'),
  listPins: refused('look at servers'),
  getUpstream: refused('look at servers'),
  putUpstream: refused('change servers'),
  deleteUpstream: refused('change servers'),
  getPins: refused('look at servers'),
  putPins: refused('approve tools'),
  deletePins: refused('change servers'),
  getDefinitions: refused('look at servers'),
  putDefinitions: refused('approve tools'),
};

const noSecrets: SecretValues = {
  write: refused('set a secret'),
  status: refused('look at secrets'),
};

const noProbe: UpstreamProbe = { list: refused('connect to servers') };

const scopedStanding = (
  standing: StandingWriter & StandingReader,
  own: string,
): StandingWriter & StandingReader => {
  const ifOwn = async <T>(tenant: string, call: () => Promise<T>): Promise<T> => {
    if (tenant !== own) throw tenantNotFound(tenant);
    return call();
  };
  return {
    revoke: (tenant, subject, at) => ifOwn(tenant, () => standing.revoke(tenant, subject, at)),
    readmit: (tenant, subject) => ifOwn(tenant, () => standing.readmit(tenant, subject)),
    suspend: (tenant) => ifOwn(tenant, refused('suspend a tenant')),
    resume: (tenant) => ifOwn(tenant, refused('resume a tenant')),
    setPolicyVersion: (tenant, version) =>
      ifOwn(tenant, () => standing.setPolicyVersion(tenant, version)),
    standings: (tenant, subject) => ifOwn(tenant, () => standing.standings(tenant, subject)),
  };
};

const scopedUsage = (usage: UsageReader, own: string): UsageReader => ({
  read: async (principal) => {
    if (principal.tenant !== own) throw tenantNotFound(principal.tenant);
    return usage.read(principal);
  },
  days: async (tenant) => {
    if (tenant !== own) throw tenantNotFound(tenant);
    return usage.days(tenant);
  },
});

const scopedQueries = (queries: UsageQueries, own: string): UsageQueries => ({
  breakdown: async (query) => {
    if (query.tenant !== undefined && query.tenant !== own) throw tenantNotFound(query.tenant);
    return queries.breakdown({ ...query, tenant: own });
  },
});

/**
 * The ports as the actor may use them: all of them for an operator. For a tenant's admin this is the one wall: whatever
 * use case runs on it, records of other tenants are not there (TENANT_NOT_FOUND, KEY_NOT_FOUND, …), and what only
 * operators decide is refused (FORBIDDEN).
 */
export const scopedPorts = (ports: AdminPorts, actor: Actor): AdminPorts => {
  if (actor.kind === 'operator') return ports;
  const { tenant } = actor;
  // Each port by name: a new one is not handed on before somebody has thought about it.
  return {
    peppers: ports.peppers,
    policies: ports.policies,
    auditSink: ports.auditSink,
    env: ports.env,
    clock: ports.clock,
    registry: scopedRegistry(ports.registry, tenant),
    upstreams: noServers,
    usagePlans: noUsagePlans,
    deployment: { ...ports.deployment, secretNames: [], upstreams: [], firewall: undefined },
    secrets: noSecrets,
    probe: noProbe,
    standing: scopedStanding(ports.standing, tenant),
    usage: scopedUsage(ports.usage, tenant),
    usageQueries: scopedQueries(ports.usageQueries, tenant),
  };
};
