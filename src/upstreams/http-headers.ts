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

/** W3C Trace Context, "Trace Context HTTP Headers Format"; a `tracestate` of 512 characters is as long as it must be. */
const traceValues = {
  traceparent: /^[\da-f]{2}-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/u,
  tracestate: /^[\x21-\x7e](?:[\x20-\x7e]{0,510}[\x21-\x7e])?$/u,
};

/** What of a caller's trace context is well-formed. */
export const traceHeaders = (
  trace: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(traceValues).flatMap(([name, pattern]) => {
      const value = trace[name];
      return value !== undefined && pattern.test(value) ? [[name, value]] : [];
    }),
  );
