import type { PolicyTool } from '../policy/policy-decider.ts';
import type { JsonObject } from '../upstreams/upstream.ts';
import { isObject } from './definitions.ts';

/** The server of our own tools, in audit records and policies. */
export const ownServer = 'drawbridge';
/** What our own tools cost. */
export const ownUnits = 1;

/** A tool's definition as policies see it: hints that are not there have MCP's defaults (2026-07-28, schema, "ToolAnnotations"). */
export const policyToolOf = ({ name, annotations }: JsonObject, server: string): PolicyTool => {
  const hints = isObject(annotations) ? annotations : {};
  const readOnly = hints['readOnlyHint'] === true;
  return {
    name: name as string,
    server,
    readOnly,
    destructive: !readOnly && hints['destructiveHint'] !== false,
    idempotent: hints['idempotentHint'] === true,
    openWorld: hints['openWorldHint'] !== false,
  };
};
