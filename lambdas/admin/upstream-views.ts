import type { CheckOutcome } from '../../src/admin/check-upstream.ts';
import type { PinDiff, PinDiffOutcome } from '../../src/admin/pins.ts';
import { summaryOf, type Server } from '../../src/admin/servers.ts';
import { urlOfSpec } from '../../src/admin/server-kind.ts';
import type { Switched } from '../../src/admin/upstreams.ts';
import { hashTools } from '../../src/upstreams/pins.ts';
import type { PinRecord } from '../../src/registry/upstream-records.ts';

export const serverView = (server: Server) => {
  const summary = { scope: server.scope, ...summaryOf(server) };
  if (server.where === 'deployed') return summary;
  const { spec, revision, createdAt, updatedAt } = server.record;
  return {
    ...summary,
    url: urlOfSpec(spec),
    // As they were written: `${secret:NAME}` stays that.
    headers: spec.headers,
    ...(spec.tools === undefined ? {} : { tools: spec.tools }),
    timeoutMs: spec.timeoutMs,
    listTimeoutMs: spec.listTimeoutMs,
    units: spec.units,
    ...(spec.kind === 'openapi' ? { operations: spec.operations.length } : {}),
    revision,
    createdAt,
    updatedAt,
  };
};

const namesOf = ({ changed, added, removed, invalid }: PinDiff['comparison']) => ({
  changed: changed.map(({ name }) => name),
  added,
  removed,
  invalid,
});

const differs = (comparison: PinDiff['comparison']): boolean =>
  Object.values(namesOf(comparison)).some((names) => names.length > 0);

export const checkView = (outcome: CheckOutcome) => {
  if (outcome.state === 'failed') return outcome;
  const { facts, toolCount, drift } = outcome;
  return {
    state: 'ok',
    tools: toolCount,
    era: facts.era,
    ...(facts.serverInfo === undefined ? {} : { serverInfo: facts.serverInfo }),
    pins: drift === undefined ? 'missing' : differs(drift) ? 'differs' : 'match',
    ...(drift === undefined ? {} : namesOf(drift)),
  };
};

export const switchedView = ({ record, where, changed }: Switched) => ({
  name: record.name,
  scope: record.scope,
  where,
  enabled: record.enabled,
  changed,
});

export const pinsView = ({ scope, server, tools, approvedAt, revision }: PinRecord) => ({
  server,
  scope,
  tools: Object.keys(tools).length,
  approvedAt,
  revision,
});

/** Each tool that differs is shown as the server has it now, and as it was approved where that was kept. */
export const pinDiffView = (diff: PinDiffOutcome) => {
  const { name, scope, where } = diff;
  if (diff.state === 'failed') {
    return {
      server: name,
      scope,
      where,
      state: diff.state,
      failure: diff.failure,
      message: diff.message,
    };
  }
  const { comparison, before, tools } = diff;
  const { hashes } = hashTools(tools);
  const now = (tool: string) => ({
    hash: hashes.get(tool),
    now: tools.find((each) => each['name'] === tool),
  });
  const { changed, added, removed, invalid } = namesOf(comparison);
  return {
    server: name,
    scope,
    where,
    state: diff.state,
    unchanged: comparison.unchanged.length,
    changed: changed.map((tool) => {
      const approved = before.get(tool);
      return { name: tool, ...now(tool), ...(approved === undefined ? {} : { approved }) };
    }),
    added: added.map((tool) => ({ name: tool, ...now(tool) })),
    removed,
    invalid,
  };
};
