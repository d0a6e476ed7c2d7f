import type { UpstreamRecord } from '../../registry/upstream-records.ts';
import { listServers, type Server } from '../servers.ts';
import type { AdminPorts } from '../ports.ts';

/** A server as one tenant has it, by the rules of `LiveDirectory`. */
export interface TenantServer {
  readonly server: Server;
  readonly prefix: string;
  /** Why the tenant does not see it; absent when it does. */
  readonly hidden?: string;
}

const prefixOf = (server: Server): string =>
  server.where === 'live' ? server.record.spec.prefix : (server.deployed.prefix ?? server.name);

const deployedHidden = (
  deployed: readonly string[] | undefined,
  record: UpstreamRecord | undefined,
  tenant: string,
): string | undefined => {
  if (record?.enabled === false) return 'is switched off';
  return deployed === undefined || deployed.includes(tenant)
    ? undefined
    : `is not for tenant ${tenant}`;
};

const ofTenant = (named: readonly Server[], tenant: string): TenantServer | undefined => {
  const live = ['*', tenant].flatMap((scope) =>
    named.filter((each) => each.where === 'live' && each.scope === scope),
  );
  const deployed = named.find((each) => each.where === 'deployed');
  const switches = deployed?.where === 'deployed' ? deployed.switches : [];
  const records = [
    ...live.flatMap((each) => (each.where === 'live' ? [each.record] : [])),
    ...switches.filter(({ scope }) => scope === '*' || scope === tenant),
  ];
  // A tenant's own record comes before everybody's.
  const record =
    records.find(({ scope }) => scope === tenant) ?? records.find(({ scope }) => scope === '*');
  const chosen = live.find((each) => each.where === 'live' && each.record === record);
  const server = chosen ?? deployed ?? live.at(-1);
  if (server === undefined) return undefined;
  const hidden =
    server.where === 'deployed'
      ? deployedHidden(server.deployed.tenants, record, tenant)
      : record?.enabled === false
        ? 'is switched off'
        : undefined;
  return { server, prefix: prefixOf(server), ...(hidden === undefined ? {} : { hidden }) };
};

/** @throws AdminError UPSTREAM_*, or FORBIDDEN where servers are for operators. */
export const tenantServers = async (
  ports: Pick<AdminPorts, 'upstreams' | 'deployment'>,
  tenant: string,
): Promise<readonly TenantServer[]> => {
  const servers = await listServers(ports);
  const names = [...new Set(servers.map(({ name }) => name))];
  return names.flatMap((name) => {
    const found = ofTenant(
      servers.filter((server) => server.name === name),
      tenant,
    );
    return found === undefined ? [] : [found];
  });
};
