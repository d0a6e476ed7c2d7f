import type { PolicyTool } from '../policy/policy-decider.ts';
import type { JsonObject } from '../upstreams/upstream.ts';
import { policyToolOf } from './policy-tools.ts';

/** A list of tools in the order of names, and the same tools as policies see them. */
export interface ToolList {
  readonly definitions: readonly JsonObject[];
  readonly seen: readonly PolicyTool[];
}

const byName = ([a]: readonly [JsonObject, string], [b]: readonly [JsonObject, string]): number =>
  (a['name'] as string) < (b['name'] as string) ? -1 : 1;

export const toolList = (tools: readonly (readonly [JsonObject, server: string])[]): ToolList => {
  const sorted = tools.toSorted(byName);
  return {
    definitions: sorted.map(([definition]) => definition),
    seen: sorted.map(([definition, server]) => policyToolOf(definition, server)),
  };
};
