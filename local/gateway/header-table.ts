type RequestAction = 'pass' | 'drop';
type ResponseAction = 'pass' | 'drop' | 'remap';

/**
 * What API Gateway does with headers between a client and a Lambda integration: the lambda columns of the table in
 * "Amazon API Gateway important notes" (api-gateway-known-issues). A header that is not listed passes.
 * Three rows go beyond the table, by what is seen on the wire: a proxy event has no Content-Length or
 * Transfer-Encoding, and a function's own Content-Length and x-amzn-RequestId come back remapped.
 */
const TABLE: Readonly<Record<string, readonly [RequestAction, ResponseAction]>> = {
  authorization: ['pass', 'remap'],
  connection: ['drop', 'remap'],
  'content-length': ['drop', 'remap'],
  'content-md5': ['drop', 'remap'],
  date: ['pass', 'remap'],
  expect: ['drop', 'drop'],
  host: ['pass', 'drop'],
  'keep-alive': ['drop', 'drop'],
  'max-forwards': ['drop', 'remap'],
  'proxy-authenticate': ['drop', 'drop'],
  server: ['drop', 'remap'],
  te: ['drop', 'drop'],
  trailer: ['drop', 'drop'],
  'transfer-encoding': ['drop', 'drop'],
  upgrade: ['drop', 'drop'],
  'user-agent': ['pass', 'remap'],
  via: ['pass', 'drop'],
  'www-authenticate': ['drop', 'remap'],
  'x-amz-apigw-id': ['pass', 'drop'],
  'x-amzn-requestid': ['pass', 'remap'],
};

const REMAPPED_PREFIX = 'x-amzn-Remapped-';

/** Does a request header reach the function? */
export const passesToFunction = (lowerCaseName: string): boolean =>
  TABLE[lowerCaseName]?.[0] !== 'drop';

/** The name under which a function's header reaches the client; undefined when it does not. */
export const responseHeaderName = (name: string): string | undefined => {
  const action = TABLE[name.toLowerCase()]?.[1] ?? 'pass';
  if (action === 'drop') return undefined;
  return action === 'remap' ? REMAPPED_PREFIX + name : name;
};
