import { mayBelongTo } from '../../gateway/names.ts';
import { ownUnits } from '../../gateway/policy-tools.ts';
import type { PolicyTool } from '../../policy/policy-decider.ts';
import type { UpstreamSpec } from '../../upstreams/upstream-spec.ts';
import type { AdminPorts, ProjectPorts } from '../ports.ts';
import { ownToolOf } from '../tool-flags.ts';
import type { Question } from './explain-input.ts';
import { forOperators, ifAllowed, notKnown, pass, refuse, type Verdict } from './explanation.ts';
import { serverTool, type ServerTool } from './server-tools.ts';
import { tenantServers, type TenantServer } from './visible-servers.ts';

/** The tool that a call would reach, as far as it is known. */
export type FoundTool =
  | { readonly kind: 'own'; readonly tool: PolicyTool; readonly units: number }
  | ({ readonly kind: 'server' } & ServerTool);

export interface ToolStep {
  readonly verdict: Verdict;
  readonly found?: FoundTool;
}

const nothing = 'to the caller it is `Unknown tool`';

const absent = (name: string, hidden: readonly TenantServer[]): Verdict => {
  const [first] = hidden;
  if (first === undefined) {
    return refuse(`there is no tool "${name}", and no server whose prefix it has: ${nothing}`);
  }
  return refuse(`server "${first.server.name}" ${first.hidden ?? ''}: ${nothing}`);
};

const chosenOf = (looked: readonly ServerTool[]): ToolStep => {
  const having = looked.filter(({ own }) => own !== undefined);
  const [found, other] = having;
  if (found !== undefined && other !== undefined) {
    const servers = having.map(({ server }) => `"${server.name}"`).join(' and ');
    return {
      verdict: refuse(
        `servers ${servers} have it both: each is listed with a hash behind its name`,
      ),
    };
  }
  if (found !== undefined) {
    const { server, own } = found;
    return {
      verdict: pass(`tool "${own ?? ''}" of server "${server.name}" (${server.where})`),
      found: { kind: 'server', ...found },
    };
  }
  const [first] = looked;
  const unsure = looked.find(({ probed }) => probed.kind !== 'answered');
  if (unsure === undefined) {
    const servers = looked.map(({ server }) => `"${server.name}"`).join(', ');
    return { verdict: refuse(`server ${servers} lists no such tool: ${nothing}`) };
  }
  const why =
    unsure.probed.kind === 'failed' || unsure.probed.kind === 'unable'
      ? `it could not be asked (${unsure.probed.why})`
      : '--probe asks the server';
  return {
    verdict: notKnown(`server "${unsure.server.name}" has no approved tool of this name; ${why}`),
    ...(first === undefined || looked.length > 1 ? {} : { found: { kind: 'server', ...first } }),
  };
};

/**
 * Finds the tool as the gateway would: our own first, then those of the servers that the tenant sees.
 * @throws AdminError UPSTREAM_* or CONFIG_INVALID.
 */
export const findTool = async (
  ports: Pick<AdminPorts, 'upstreams' | 'deployment' | 'probe'>,
  project: ProjectPorts | undefined,
  tenant: string,
  { tool: name, probe }: Question,
): Promise<ToolStep> => {
  const { ownTools } = ports.deployment;
  if (ownTools !== undefined && Object.hasOwn(ownTools, name)) {
    const tool = ownToolOf(name, ownTools[name] ?? '');
    const verdict = pass('one of the deployment’s own tools');
    return { verdict, found: { kind: 'own', tool, units: ownUnits } };
  }
  const servers = await ifAllowed(() => tenantServers(ports, tenant));
  if (servers === undefined) {
    return { verdict: forOperators('what is not one of the deployment’s own tools') };
  }
  // Of a spec only the prefix is looked at.
  const named = servers.filter(({ prefix }) => mayBelongTo({ prefix } as UpstreamSpec, name));
  const visible = named.filter(({ hidden }) => hidden === undefined);
  if (visible.length > 0) {
    const look = { ports, project, tenant, name, probe };
    return chosenOf(await Promise.all(visible.map((each) => serverTool(look, each))));
  }
  return ownTools === undefined
    ? { verdict: notKnown('the deployment does not say which tools it has: deploy this version') }
    : { verdict: absent(name, named) };
};
