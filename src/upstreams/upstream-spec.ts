import * as z from 'zod';
import { tenantId } from '../principals/principal.ts';
import { openApiTool } from './openapi-tool.ts';

/** Names stand in tool names and in log lines. */
export const upstreamName = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, {
  error: 'a server name is 1 to 32 of a-z, 0-9 and -, and begins with a letter',
});

/** What stands before a tool's own name, with a `_` between; nothing at all when empty. */
export const toolPrefix = z.string().regex(/^(?:[a-zA-Z0-9][a-zA-Z0-9_-]{0,31})?$/, {
  error: 'a prefix is at most 32 of a-z, A-Z, 0-9, _ and -',
});

const toolFilter = z.strictObject({
  /** The upstream's own names; `*` stands for any characters. Absent: all. */
  include: z.array(z.string().min(1)).min(1).optional(),
  exclude: z.array(z.string().min(1)).optional(),
  /** Own name → the name to show in its place (the prefix still comes before it). */
  rename: z.record(z.string().min(1), z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)).optional(),
});

const common = {
  name: upstreamName,
  prefix: toolPrefix,
  /** Tenants that see it; `*` is everybody. */
  tenants: z.union([z.literal('*'), z.array(tenantId).min(1)]),
  tools: toolFilter.optional(),
  /** Longest call, milliseconds. */
  timeoutMs: z.int().min(100).max(890_000),
  /** Longest wait for its lists, milliseconds. */
  listTimeoutMs: z.int().min(100).max(30_000),
  /** Units that a call costs: of the tool when it is named here, by its own name, or else `default`. */
  units: z.strictObject({
    default: z.int().min(0).max(10_000),
    tools: z.record(z.string(), z.int().min(0).max(10_000)).optional(),
  }),
};

/** Header and variable values may hold `${secret:name}` and `${secret:name#field}`; they are filled in at a session's start. */
const values = z.record(z.string(), z.string());

/** An upstream as the mcp function takes it: everything resolved but secrets. */
export const upstreamSpec = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('http'),
    ...common,
    url: z.url({ protocol: /^https?$/ }),
    transport: z.enum(['streamable-http', 'sse']),
    headers: values,
  }),
  z.strictObject({
    kind: z.literal('sandbox'),
    ...common,
    /** Key in `SANDBOX_FUNCTIONS`, which says the function's name. */
    sandbox: upstreamName,
    env: values,
  }),
  z.strictObject({
    kind: z.literal('openapi'),
    ...common,
    /** What the paths of the tools are appended to; no slash at its end. */
    baseUrl: z.url({ protocol: /^https?$/ }),
    headers: values,
    operations: z.array(openApiTool).max(500),
  }),
]);
export type UpstreamSpec = z.infer<typeof upstreamSpec>;
export type UpstreamOfKind<K extends UpstreamSpec['kind']> = Extract<UpstreamSpec, { kind: K }>;
