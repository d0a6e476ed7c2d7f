import type { AddedStdio } from '../src/admin/add-stdio.ts';
import type { AddedUpstream } from '../src/admin/add-upstreams.ts';
import type { CheckOutcome } from '../src/admin/check-upstream.ts';
import { kindOfSpec, type ServerKind } from '../src/admin/server-kind.ts';
import { summaryOf, type Server, type ServerSummary } from '../src/admin/servers.ts';
import type { CheckedServer, Removal, Switched } from '../src/admin/upstreams.ts';
import type { LiveSpec } from '../src/registry/upstream-records.ts';

/** What `--json` prints of a connection. */
export type CheckView =
  | {
      readonly state: 'ok';
      readonly tools: number;
      readonly era: 'legacy' | 'modern' | 'none';
      readonly serverInfo?: Readonly<Record<string, unknown>>;
      /** `missing`: nothing was ever approved. `differs`: see changed, added and removed. */
      readonly pins: 'match' | 'differs' | 'missing';
      readonly changed: readonly string[];
      readonly added: readonly string[];
      readonly removed: readonly string[];
      readonly invalid: readonly string[];
    }
  | { readonly state: 'failed'; readonly failure: string; readonly message: string };

export const checkView = (outcome: CheckOutcome): CheckView => {
  if (outcome.state === 'failed') return outcome;
  const { facts, toolCount, drift } = outcome;
  const changed = drift?.changed.map(({ name }) => name) ?? [];
  const { added = [], removed = [], invalid = [] } = drift ?? {};
  const differs = changed.length + added.length + removed.length + invalid.length > 0;
  return {
    state: 'ok',
    tools: toolCount,
    era: facts.era,
    ...(facts.serverInfo === undefined ? {} : { serverInfo: facts.serverInfo }),
    pins: drift === undefined ? 'missing' : differs ? 'differs' : 'match',
    changed,
    added,
    removed,
    invalid,
  };
};

/** What `--json` prints of a live server. Values are as they were written: `${secret:…}` stays that. */
export interface LiveView {
  readonly name: string;
  readonly where: 'live';
  readonly kind: ServerKind;
  readonly tenants: '*' | readonly string[];
  readonly prefix: string;
  readonly enabled: boolean;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly tools?: LiveSpec['tools'];
  readonly timeoutMs: number;
  readonly listTimeoutMs: number;
  readonly units: LiveSpec['units'];
  /** Of an OpenAPI server: how many tools its document gave. */
  readonly operations?: number;
  readonly revision: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

export const liveView = ({
  spec,
  enabled,
  revision,
  createdAt,
  updatedAt,
}: AddedUpstream['record']): LiveView => ({
  name: spec.name,
  where: 'live',
  kind: kindOfSpec(spec),
  tenants: spec.tenants,
  prefix: spec.prefix,
  enabled,
  url: spec.kind === 'http' ? spec.url : spec.baseUrl,
  headers: spec.headers,
  ...(spec.tools === undefined ? {} : { tools: spec.tools }),
  timeoutMs: spec.timeoutMs,
  listTimeoutMs: spec.listTimeoutMs,
  units: spec.units,
  ...(spec.kind === 'openapi' ? { operations: spec.operations.length } : {}),
  revision,
  createdAt,
  updatedAt,
});

/** What `--json` prints of a server that was added live. */
export interface AddedLiveView extends LiveView {
  readonly replaced: boolean;
  readonly check: CheckView;
  /** True when its tools were approved as they are now. */
  readonly pinned: boolean;
  readonly warnings: readonly string[];
}

/** What `--json` prints of a server that was written to the project. */
export interface AddedStdioView {
  readonly name: string;
  readonly where: 'project';
  readonly kind: 'stdio';
  readonly file: string;
  readonly entry: Readonly<Record<string, unknown>>;
  readonly package?: { readonly name: string; readonly version: string };
  readonly replaced: boolean;
}
export type AddedView = AddedLiveView | AddedStdioView;

export const addedLiveView = (added: AddedUpstream): AddedLiveView => ({
  ...liveView(added.record),
  replaced: added.replaced,
  check: checkView(added.check),
  pinned: added.pinned,
  warnings: added.warnings,
});

export const addedStdioView = (added: AddedStdio): AddedStdioView => ({
  name: added.name,
  where: 'project',
  kind: 'stdio',
  file: added.file,
  entry: added.entry,
  ...(added.package === undefined ? {} : { package: added.package }),
  replaced: added.replaced,
});

export type ServerView = LiveView | (ServerSummary & { readonly where: 'deployed' });

export const serverView = (server: Server): ServerView =>
  server.where === 'live' ? liveView(server.record) : { ...summaryOf(server), where: 'deployed' };

export interface CheckedView {
  readonly name: string;
  readonly tenants: ServerSummary['tenants'];
  readonly kind: ServerKind;
  readonly where: Server['where'];
  readonly enabled: boolean;
  readonly check: CheckView;
}

export const checkedView = ({ server, outcome }: CheckedServer): CheckedView => {
  const { name, tenants, kind, enabled } = summaryOf(server);
  return { name, tenants, kind, where: server.where, enabled, check: checkView(outcome) };
};

export const switchedView = ({ record, where, changed }: Switched) => ({
  name: record.name,
  scope: record.scope,
  where,
  enabled: record.enabled,
  changed,
});
export type SwitchedView = ReturnType<typeof switchedView>;

export const removalView = ({ name, records, file, isDeployed }: Removal) => ({
  name,
  records: records.map(({ scope }) => scope),
  ...(file === undefined ? {} : { file }),
  isDeployed,
});
export type RemovalView = ReturnType<typeof removalView>;
