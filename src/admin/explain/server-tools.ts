import { hashedName, passesFilter, shownName } from '../../gateway/names.ts';
import { policyToolOf } from '../../gateway/policy-tools.ts';
import type { PolicyTool } from '../../policy/policy-decider.ts';
import type { UpstreamScope } from '../../registry/upstream-records.ts';
import type { PinnedTools } from '../../upstreams/directory.ts';
import { hashOf, hashTools } from '../../upstreams/pins.ts';
import type { UpstreamSpec } from '../../upstreams/upstream-spec.ts';
import type { JsonObject } from '../../upstreams/upstream.ts';
import { AdminError } from '../admin-error.ts';
import { probeServer, readPinLock, readPins } from '../check-upstream.ts';
import type { AdminPorts, ProjectPorts } from '../ports.ts';
import { specOf, type Server } from '../servers.ts';
import { emptyPinLock, type PinLock } from '../../upstreams/pin-lock.ts';
import { reporting } from '../upstream-failure.ts';
import type { TenantServer } from './visible-servers.ts';

export interface LookInto {
  readonly ports: Pick<AdminPorts, 'upstreams' | 'probe'>;
  /** Absent where there are no files of a project. */
  readonly project: ProjectPorts | undefined;
  readonly tenant: string;
  /** As clients call the tool. */
  readonly name: string;
  readonly probe: boolean;
}

export type Probed =
  | { readonly kind: 'not-asked' }
  | { readonly kind: 'answered'; readonly tools: number }
  /** It cannot be asked from here. */
  | { readonly kind: 'unable'; readonly why: string }
  | { readonly kind: 'failed'; readonly why: string };

/** What is known of a tool on one server. */
export interface ServerTool {
  readonly server: Server;
  readonly probed: Probed;
  /** The server's own name of the tool; absent when no tool of this name is known there. */
  readonly own?: string;
  /** As policies see it; absent when its definition is not known. */
  readonly tool?: PolicyTool;
  readonly units?: number;
  readonly pin: 'approved' | 'changed' | 'new' | 'not-known';
}

/** What of a spec names are made of: of a deployed one whose file is not here, only what its deployment says. */
type Naming = Pick<UpstreamSpec, 'name' | 'prefix' | 'tools'>;

const specIfKnown = async (
  server: Server,
  project: ProjectPorts | undefined,
): Promise<UpstreamSpec | string> => {
  if (server.where === 'live') return server.record.spec;
  if (project === undefined) return 'its entry of config/mcp.json is needed, which the CLI has';
  try {
    return await specOf(server, project);
  } catch (error) {
    if (error instanceof AdminError) return error.message;
    throw error;
  }
};

const isCalled = (naming: Naming, own: string, name: string): boolean => {
  // Names are made of these three alone.
  const spec = naming as UpstreamSpec;
  if (!passesFilter(spec, own)) return false;
  const shown = shownName(spec, own);
  return shown === name || hashedName(shown, naming.name, own) === name;
};

const lockOf = async (project: ProjectPorts | undefined): Promise<PinLock> =>
  project === undefined ? emptyPinLock : readPinLock(project);

interface Approved {
  readonly pins: PinnedTools | undefined;
  /** Of the pins that are kept: canonical definitions by the server's own names. */
  readonly definitions: ReadonlyMap<string, JsonObject>;
}

/** A tenant's pins come before everybody's, and those before the project's. */
const approvedOf = async (
  { ports, project, tenant }: LookInto,
  server: string,
): Promise<Approved> => {
  const lock = await lockOf(project);
  const scopes: readonly UpstreamScope[] = [tenant, '*'];
  for (const scope of scopes) {
    const pins = await readPins(ports, scope, server, lock);
    if (pins === undefined) continue;
    const kept = await reporting(`read the definitions of server "${server}"`, () =>
      ports.upstreams.getDefinitions(scope, server),
    );
    const current = Object.entries(kept?.definitions ?? {}).filter(
      ([tool, definition]) => pins.get(tool) === hashOf(definition),
    );
    return {
      pins,
      definitions: new Map(
        current.map(([tool, definition]) => [tool, JSON.parse(definition) as JsonObject]),
      ),
    };
  }
  return { pins: undefined, definitions: new Map() };
};

interface Listed {
  readonly probed: Probed;
  readonly tools: readonly JsonObject[];
}

const listNow = async (
  { ports, probe, tenant }: LookInto,
  { server }: TenantServer,
  spec: UpstreamSpec | string,
): Promise<Listed> => {
  if (!probe) return { probed: { kind: 'not-asked' }, tools: [] };
  if (typeof spec === 'string') return { probed: { kind: 'unable', why: spec }, tools: [] };
  const scope = server.scope === '*' ? '*' : tenant;
  const probed = await probeServer(ports, spec, scope);
  if (probed.state === 'failed') {
    return { probed: { kind: 'failed', why: probed.failure }, tools: [] };
  }
  return { probed: { kind: 'answered', tools: probed.tools.length }, tools: probed.tools };
};

const unitsOf = (spec: UpstreamSpec | string, own: string): { readonly units?: number } =>
  typeof spec === 'string' ? {} : { units: spec.units.tools?.[own] ?? spec.units.default };

const judged = (
  pins: PinnedTools | undefined,
  own: string,
  listed: readonly JsonObject[],
): ServerTool['pin'] => {
  const hash = hashTools(listed).hashes.get(own);
  const pinned = pins?.get(own);
  if (hash === undefined) return 'not-known';
  if (pinned === undefined) return 'new';
  return pinned === hash ? 'approved' : 'changed';
};

/** Looks for a tool on a server: in what it lists now when it is asked, or else in what was approved of it. */
export const serverTool = async (look: LookInto, candidate: TenantServer): Promise<ServerTool> => {
  const { server } = candidate;
  const spec = await specIfKnown(server, look.project);
  const naming: Naming =
    typeof spec === 'string' ? { name: server.name, prefix: candidate.prefix } : spec;
  const { pins, definitions } = await approvedOf(look, server.name);
  const { probed, tools } = await listNow(look, candidate, spec);
  const now = tools.find(({ name }) => isCalled(naming, String(name), look.name));
  if (now !== undefined) {
    const own = String(now['name']);
    const tool = policyToolOf({ ...now, name: look.name }, server.name);
    return { server, probed, own, tool, ...unitsOf(spec, own), pin: judged(pins, own, tools) };
  }
  const own = [...(pins?.keys() ?? [])].find((each) => isCalled(naming, each, look.name));
  if (own === undefined || probed.kind === 'answered') return { server, probed, pin: 'not-known' };
  const definition = definitions.get(own);
  return {
    server,
    probed,
    own,
    ...(definition === undefined
      ? {}
      : { tool: policyToolOf({ ...definition, name: look.name }, server.name) }),
    ...unitsOf(spec, own),
    pin: 'approved',
  };
};
