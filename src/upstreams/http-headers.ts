import { isTraceparent, isTracestate } from '../trace/trace-context.ts';

/**
 * Headers that an operator's configuration does not set: of one connection (RFC 9110 §7.6.1), of the message's framing,
 * or of the protocol.
 */
const ownHeaders = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'last-event-id',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'traceparent',
  'tracestate',
]);

/** Whether a header of an upstream's configuration would be sent. */
export const isConfigurableHeader = (name: string): boolean =>
  !ownHeaders.has(name.toLowerCase()) && !/^(?:mcp-|x-drawbridge-)/iu.test(name);

/** How many Drawbridges a request went through. */
export const hopsHeader = 'x-drawbridge-hops';

/** What of a trace context is well-formed, as headers (W3C Trace Context §3). */
export const traceHeaders = ({
  traceparent,
  tracestate,
}: Readonly<Record<string, string>>): Readonly<Record<string, string>> =>
  isTraceparent(traceparent)
    ? { traceparent, ...(isTracestate(tracestate) ? { tracestate } : {}) }
    : {};
