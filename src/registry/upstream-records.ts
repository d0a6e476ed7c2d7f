import * as z from 'zod';
import { tenantId } from '../principals/principal.ts';
import { upstreamName, upstreamSpec } from '../upstreams/upstream-spec.ts';

/** Whose a record is: one tenant's, or everybody's. A tenant's own record comes before everybody's of the same name. */
export const upstreamScope = z.union([z.literal('*'), tenantId]);
export type UpstreamScope = z.infer<typeof upstreamScope>;

const [httpSpec, , openApiSpec] = upstreamSpec.options;
/** What can run without a deploy: a stdio server needs a function of its own. */
export const liveSpec = z.discriminatedUnion('kind', [httpSpec, openApiSpec]);
export type LiveSpec = z.infer<typeof liveSpec>;

/** An upstream that operators wrote with the CLI (docs/storage-schema.md). */
export const upstreamRecord = z
  .object({
    scope: upstreamScope,
    name: upstreamName,
    enabled: z.boolean(),
    /** Absent: the record only switches the entry of this name in `config/mcp.json` on or off. */
    spec: liveSpec.optional(),
    /** 1 at first, one more with each change. */
    revision: z.int().positive(),
    /** ISO 8601, UTC. */
    createdAt: z.iso.datetime(),
    updatedAt: z.iso.datetime(),
  })
  .refine(({ name, spec }) => spec === undefined || spec.name === name, {
    path: ['spec', 'name'],
    error: 'must be the name of the record',
  })
  .refine(
    // A record must not show itself to tenants that it is not of.
    ({ scope, spec }) =>
      spec === undefined ||
      (scope === '*'
        ? spec.tenants === '*'
        : spec.tenants.length === 1 && spec.tenants[0] === scope),
    { path: ['spec', 'tenants'], error: 'must be the scope of the record' },
  );
export type UpstreamRecord = z.infer<typeof upstreamRecord>;

/** Which tool definitions of a server were approved. */
export const pinRecord = z.object({
  scope: upstreamScope,
  server: upstreamName,
  /** The upstream's own tool names → `definitionHash`. */
  tools: z.record(z.string(), z.string().length(43)),
  approvedAt: z.iso.datetime(),
  revision: z.int().positive(),
});
export type PinRecord = z.infer<typeof pinRecord>;

/**
 * The approved definitions themselves, for people who compare: each counts only while its hash is the pinned one. Large
 * ones may be missing.
 */
export const definitionsRecord = z.object({
  scope: upstreamScope,
  server: upstreamName,
  /** The upstream's own tool names → canonical JSON of what the hash covers. */
  definitions: z.record(z.string(), z.string()),
});
export type DefinitionsRecord = z.infer<typeof definitionsRecord>;
