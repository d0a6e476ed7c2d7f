/**
 * Headers that no argument of a tool sets: what frames the message, what says who is asking, what proxies and
 * frameworks take orders from, and what the gateway writes itself.
 */
const refused = new Set([
  ...['accept', 'accept-encoding', 'authorization', 'connection', 'content-encoding'],
  ...['content-length', 'content-type', 'cookie', 'cookie2', 'expect', 'forwarded', 'host'],
  ...['http2-settings', 'keep-alive', 'origin', 'referer', 'set-cookie', 'te', 'trailer'],
  ...['traceparent', 'tracestate', 'baggage', 'transfer-encoding', 'upgrade', 'user-agent', 'via'],
  ...['x-http-method', 'x-http-method-override', 'x-method-override', 'x-original-url'],
  ...['x-real-ip', 'x-rewrite-url', 'true-client-ip', 'cf-connecting-ip', 'client-ip'],
]);
const refusedPrefixes = ['proxy-', 'sec-', 'x-amz-', 'x-amzn-', 'x-drawbridge-', 'x-forwarded-'];

export const isRefusedHeader = (name: string): boolean => {
  const lower = name.toLowerCase();
  return (
    refused.has(lower) ||
    refusedPrefixes.some((prefix) => lower.startsWith(prefix)) ||
    // RFC 9110 §5.1: a field name is a token.
    !/^[!#$%&'*+.^_`|~0-9a-z-]+$/u.test(lower)
  );
};

/** RFC 9110 §5.5: visible ASCII, with spaces and tabs between. */
export const isHeaderValue = (value: string): boolean =>
  /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/u.test(value);
