import type { UpstreamRecord, UpstreamScope } from '../registry/upstream-records.ts';
import {
  openApiSpec,
  parseMcpServers,
  remoteSpec,
  sandboxSpec,
  type McpServerEntry,
} from '../upstreams/mcp-servers.ts';
import { referencesOf } from '../upstreams/references.ts';
import type { UpstreamSpec } from '../upstreams/upstream-spec.ts';
import { AdminError } from './admin-error.ts';
import type { DeployedUpstream } from './deployment-document.ts';
import type { AdminPorts, ProjectPorts } from './ports.ts';
import { hostOfSpec, kindOfSpec, type ServerKind } from './server-kind.ts';
import { configFailure } from './upstream-entries.ts';
import { reporting } from './upstream-failure.ts';

/** A server as operators see it: a live record, or an entry that was deployed and what switches it. */
export type Server =
  | {
      readonly where: 'live';
      readonly name: string;
      readonly scope: UpstreamScope;
      readonly record: UpstreamRecord & { readonly spec: NonNullable<UpstreamRecord['spec']> };
    }
  | {
      readonly where: 'deployed';
      readonly name: string;
      readonly scope: '*';
      readonly deployed: DeployedUpstream;
      /** Records without a spec, of everybody and of single tenants. */
      readonly switches: readonly UpstreamRecord[];
    };

export interface ServerSummary {
  readonly name: string;
  readonly kind: ServerKind;
  readonly where: 'live' | 'deployed';
  readonly tenants: '*' | readonly string[];
  readonly prefix: string;
  readonly enabled: boolean;
  /** Tenants for which a deployed entry is switched otherwise than `enabled` says. */
  readonly exceptions?: readonly string[];
  readonly host?: string;
}

/** All servers, by name. */
export const listServers = async ({
  upstreams,
  deployment,
}: Pick<AdminPorts, 'upstreams' | 'deployment'>): Promise<readonly Server[]> => {
  const records = await reporting('list the servers', () => upstreams.listUpstreams());
  const deployed = deployment.upstreams.map((entry): Server => ({
    where: 'deployed',
    name: entry.name,
    scope: '*',
    deployed: entry,
    switches: records.filter(({ name, spec }) => name === entry.name && spec === undefined),
  }));
  const live = records.flatMap((record): readonly Server[] => {
    const { name, scope, spec } = record;
    return spec === undefined ? [] : [{ where: 'live', name, scope, record: { ...record, spec } }];
  });
  return [...deployed, ...live].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
};

export const summaryOf = (server: Server): ServerSummary => {
  if (server.where === 'live') {
    const { spec, enabled } = server.record;
    const host = hostOfSpec(spec);
    return {
      name: server.name,
      kind: kindOfSpec(spec),
      where: 'live',
      tenants: spec.tenants,
      prefix: spec.prefix,
      enabled,
      ...(host === undefined ? {} : { host }),
    };
  }
  const { deployed, switches, name } = server;
  const enabled = switches.find(({ scope }) => scope === '*')?.enabled ?? true;
  const exceptions = switches.filter((each) => each.scope !== '*' && each.enabled !== enabled);
  return {
    name,
    kind: deployed.kind,
    where: 'deployed',
    tenants: deployed.tenants ?? '*',
    prefix: deployed.prefix ?? name,
    enabled,
    ...(exceptions.length === 0 ? {} : { exceptions: exceptions.map(({ scope }) => scope) }),
    ...(deployed.url === undefined ? {} : { host: new URL(deployed.url).host }),
  };
};

/** The servers of a name: several when tenants have records of their own. @throws AdminError SERVER_NOT_FOUND. */
export const requireServers = async (
  ports: Pick<AdminPorts, 'upstreams' | 'deployment'>,
  name: string,
  tenants?: readonly string[],
): Promise<readonly Server[]> => {
  const named = (await listServers(ports)).filter((server) => server.name === name);
  if (named.length === 0) {
    throw new AdminError(
      'SERVER_NOT_FOUND',
      `there is no server "${name}": \`upstreams list\` shows those there are, \`upstreams add\` adds one`,
    );
  }
  if (tenants === undefined) return named;
  const missing = tenants.filter((tenant) => !named.some(({ scope }) => scope === tenant));
  if (missing.length === 0) return named.filter(({ scope }) => tenants.includes(scope));
  throw new AdminError(
    'SERVER_NOT_FOUND',
    `server "${name}" has no record of tenant ${missing.map((tenant) => `"${tenant}"`).join(', ')}: ` +
      '`upstreams list` shows whose it is',
  );
};

/** The entries of `config/mcp.json`, none when there is no such file. @throws AdminError CONFIG_INVALID. */
export const readProjectEntries = async ({
  mcpJson,
}: Pick<ProjectPorts, 'mcpJson'>): Promise<ReadonlyMap<string, McpServerEntry>> => {
  const text = await mcpJson.read();
  if (text === undefined) return new Map();
  try {
    return parseMcpServers(text, mcpJson.name);
  } catch (error) {
    throw configFailure(error, 'CONFIG_INVALID');
  }
};

const valuesOf = (entry: McpServerEntry): readonly string[] => {
  if (entry.kind === 'stdio') return Object.values(entry.env);
  return [entry.kind === 'remote' ? entry.url : entry.baseUrl, ...Object.values(entry.headers)];
};

/** With the URL that it was deployed with: what `${env:…}` stood for is known there. */
const withDeployedUrl = (entry: McpServerEntry, { url }: DeployedUpstream): McpServerEntry => {
  if (url === undefined || entry.kind === 'stdio') return entry;
  return entry.kind === 'remote' ? { ...entry, url } : { ...entry, baseUrl: url };
};

/**
 * What to connect to for a server. Of a deployed one it is what the project's `config/mcp.json` says now.
 * @throws AdminError when that cannot be known here.
 */
export const specOf = async (server: Server, project: ProjectPorts): Promise<UpstreamSpec> => {
  if (server.where === 'live') return server.record.spec;
  const { name } = server;
  const unknown = (why: string): AdminError =>
    new AdminError('CONFIG_INVALID', `server "${name}" was deployed, and ${why}`);
  const written = (await readProjectEntries(project)).get(name);
  if (written === undefined) {
    throw unknown(`${project.mcpJson.name} here has no such entry: use the project it is from`);
  }
  const entry = withDeployedUrl(written, server.deployed);
  const reference = valuesOf(entry)
    .flatMap(referencesOf)
    .find(({ source }) => source === 'env');
  if (reference !== undefined) {
    throw unknown(`${reference.text} of its entry is known to the deployment only`);
  }
  if (entry.kind === 'remote') return remoteSpec(name, entry);
  if (entry.kind === 'stdio') return sandboxSpec(name, entry);
  try {
    return openApiSpec(name, entry, (await project.compileOpenApi(entry.openapi)).tools);
  } catch (error) {
    throw configFailure(error, 'CONFIG_INVALID');
  }
};
