import type { Lane } from '../principals/principal.ts';
import type { UpstreamFailure } from '../upstreams/upstream.ts';
import type { Chain } from './chain-line.ts';

/** The MCP methods that are written as they are. Anything else a caller sends becomes `unknown`. */
const mcpMethods: ReadonlySet<string> = new Set([
  'initialize',
  'server/discover',
  'ping',
  'tools/list',
  'tools/call',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
  'subscriptions/listen',
  'notifications/initialized',
  'notifications/cancelled',
  'notifications/progress',
  'notifications/roots/list_changed',
]);

/** Ours, of `GET /servers` and `GET /me`. */
const ownMethods: ReadonlySet<string> = new Set(['servers/list', 'me/read']);

/** A caller's text never becomes log text, so a method that MCP does not have is not quoted. */
export const auditedMethod = (method: string | undefined): string =>
  method !== undefined && (mcpMethods.has(method) || ownMethods.has(method)) ? method : 'unknown';

export type AuditOutcome =
  /** Answered with a result. */
  | 'ok'
  /** A tool ran, or refused its arguments, and answered `isError`. */
  | 'tool_error'
  /** Answered with a JSON-RPC error. */
  | 'rpc_error'
  /** Refused before it became an MCP message: HTTP status above 399. */
  | 'refused';

/**
 * One line per MCP message. Field names are a contract (content/audit.md). Values are identifiers, counts and digests;
 * no argument, token or header is among them. Times are milliseconds, sizes bytes of JSON.
 */
export interface AuditRecord {
  readonly type: 'audit';
  /** ISO 8601, UTC: when the message came in. */
  readonly ts: string;
  /** API Gateway's request id: the same as in the access log. */
  readonly requestId: string;
  /** The root of the X-Ray trace id, or null. */
  readonly traceId: string | null;
  /** W3C Trace Context as an upstream was given it: the caller's trace, or X-Ray's, and a span of this message. */
  readonly traceparent: string | null;
  readonly env: string;
  readonly tenant: string | null;
  readonly subject: string | null;
  readonly keyId: string | null;
  readonly lane: Lane | null;
  readonly clientInfo: { readonly name: string; readonly version: string } | null;
  readonly era: 'legacy' | 'modern' | null;
  readonly method: string;
  /** The tool that was called; null where no tool of that name exists for the caller. */
  readonly tool: string | null;
  /** The server that the tool, prompt or resource belongs to; `drawbridge` for its own. */
  readonly server: string | null;
  readonly decision: 'allow' | 'deny';
  /**
   * What refused it: `pin:changed` or `pin:new` for a tool that waits for approval, `policy:<id>` of a policy, `quota:<window>`,
   * `standing:revoked` or `standing:suspended`; else null.
   */
  readonly policyId: string | null;
  readonly outcome: AuditOutcome;
  readonly rpcCode: number | null;
  readonly httpStatus: number;
  readonly units: number;
  /** How much of the fullest limit is used after the call, whole percent; null where nothing was charged or limited. */
  readonly quotaPercent: number | null;
  readonly argsBytes: number | null;
  /** HMAC-SHA256 of the arguments' canonical JSON (RFC 8785), base64url: equal arguments have equal digests. */
  readonly argsDigest: string | null;
  readonly resultBytes: number;
  readonly ms: number;
  /** How long upstreams took of `ms`; null where none was asked. */
  readonly upstreamMs: number | null;
  /** Why an upstream did not answer with a result; null where it did, or none was asked. */
  readonly upstreamFailure: UpstreamFailure | null;
  /** Servers that a list lacks, or has only as it was; null when it is whole. */
  readonly missing: readonly string[] | null;
  /** The record's place among those of its container: its sink fills it in (src/audit/audit-chain.ts). */
  readonly chain: Chain | null;
}

export interface AuditSink {
  write(record: AuditRecord): void;
}

/** One JSON line per record to `writeLine`. */
export const lineSink = (writeLine: (line: string) => void): AuditSink => ({
  write: (record) => writeLine(JSON.stringify(record)),
});
