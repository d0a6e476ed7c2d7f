import type { ServerContext } from '@modelcontextprotocol/server';
import type { CallRequest } from '../../src/gateway/gateway.ts';
import { isObject } from '../../src/gateway/definitions.ts';
import type { Log } from '../../src/log/log.ts';
import { percentOfFullest } from '../../src/quota/fullest-limit.ts';
import { traceContextOf } from '../../src/trace/trace-context.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';
import type { ServedExchange } from './observed-server.ts';

export interface CallerFacts {
  readonly exchange: ServedExchange;
  readonly era: 'legacy' | 'modern';
  readonly log: Log;
}

const envelopeOf = ({ mcpReq }: ServerContext): JsonObject =>
  (mcpReq.envelope as JsonObject | undefined) ?? {};

/** What upstreams may ask for, of all that a client declares, and how far. */
const askable: Readonly<Record<string, readonly string[]>> = {
  elicitation: [],
  sampling: ['context', 'tools'],
  roots: [],
};

/** The capabilities that are passed on: known names with empty objects, nothing that the client wrote itself. */
const capabilitiesOf = (envelope: JsonObject): JsonObject => {
  const declared = envelope['io.modelcontextprotocol/clientCapabilities'];
  if (!isObject(declared)) return {};
  return Object.fromEntries(
    Object.entries(askable).flatMap(([name, parts]) => {
      const capability = declared[name];
      if (!isObject(capability)) return [];
      const known = parts.filter((part) => isObject(capability[part]));
      // Of elicitations only forms: a page to open is the upstream's, and nobody here looked at it.
      const shown = name === 'elicitation' ? ['form'] : known;
      return [[name, Object.fromEntries(shown.map((part) => [part, {}]))]];
    }),
  );
};

/** One MCP request as the gateway takes it. */
export const callerRequestOf = (
  { exchange, era, log }: CallerFacts,
  context: ServerContext,
  { name = '', args }: { readonly name?: string; readonly args?: unknown } = {},
): CallRequest => {
  const { mcpReq } = context;
  const { principal, sourceIp, requestId, hops } = exchange;
  const envelope = envelopeOf(context);
  const progressToken = mcpReq._meta?.progressToken;
  const notify = (method: string, params: JsonObject): void => {
    // Nobody may be there any more to hear it.
    mcpReq.notify({ method, params }).catch((error: unknown) => {
      log.error('mcp.notify-failed', error, { requestId, method });
    });
  };
  const logLevel = envelope['io.modelcontextprotocol/logLevel'];
  // A client of 2025 hears logs unless it says otherwise; one of 2026 says so with each request.
  const wantsLog = era === 'legacy' || typeof logLevel === 'string';
  const trace = traceContextOf({ meta: mcpReq._meta, header: exchange.header });
  if (trace !== undefined) exchange.observeRoute(mcpReq.id, { traceparent: trace.traceparent });
  const requestState: unknown = era === 'modern' ? mcpReq.requestState() : undefined;
  return {
    principal,
    sourceIp,
    requestId,
    hops,
    name,
    args,
    trace,
    signal: mcpReq.signal,
    ...(era === 'modern' ? { capabilities: capabilitiesOf(envelope) } : {}),
    ...(progressToken === undefined
      ? {}
      : {
          onProgress: (params) => notify('notifications/progress', { ...params, progressToken }),
        }),
    ...(wantsLog ? { onLog: (params) => notify('notifications/message', params) } : {}),
    ...(typeof logLevel === 'string' ? { logLevel } : {}),
    ...(mcpReq.inputResponses === undefined ? {} : { inputResponses: mcpReq.inputResponses }),
    ...(typeof requestState === 'string' ? { requestState } : {}),
    onRouted: ({ tool, server, policyId }) =>
      exchange.observeRoute(mcpReq.id, {
        server,
        ...(policyId === undefined ? {} : { policyId }),
        ...(mcpReq.method === 'tools/call' && tool !== undefined ? { tool } : {}),
      }),
    onCharged: ({ units, limits }) => {
      const quotaPercent = percentOfFullest(limits);
      exchange.observeRoute(mcpReq.id, {
        units,
        ...(quotaPercent === undefined ? {} : { quotaPercent }),
      });
      exchange.observeLimits(limits);
    },
    onUpstreamTime: (upstreamMs) => exchange.observeRoute(mcpReq.id, { upstreamMs }),
    onUpstreamFailed: (upstreamFailure) => exchange.observeRoute(mcpReq.id, { upstreamFailure }),
  };
};
