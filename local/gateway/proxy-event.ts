import type { Exchange } from './exchange.ts';
import { passesToFunction } from './header-table.ts';
import { isBinary, mediaType } from './media-types.ts';

/** Single value: the last one sent. Multi: all, in order. */
interface Values {
  readonly single: Record<string, string>;
  readonly multi: Record<string, string[]>;
}

/** Keys come from clients: without a prototype, `__proto__` is a key like any other. */
const newValues = (): Values => ({
  single: Object.create(null) as Record<string, string>,
  multi: Object.create(null) as Record<string, string[]>,
});

const add = ({ single, multi }: Values, key: string, value: string): void => {
  single[key] = value;
  (multi[key] ??= []).push(value);
};

const replace = ({ single, multi }: Values, key: string, value: string): void => {
  single[key] = value;
  multi[key] = [value];
};

/** API Gateway sends its own instead of the client's. */
const OWN_HEADERS = new Set(['x-amzn-trace-id', 'x-forwarded-port', 'x-forwarded-proto']);

const SIGNED = /^AWS4-HMAC-SHA256/i;

/**
 * Headers as API Gateway hands them on: names as sent (names that differ only in case are one header), X-Forwarded-*
 * and X-Amzn-Trace-Id its own. X-Forwarded-Proto is the truth, `http`, where AWS would say `https`. `isFiltered` applies the header table, which authorizer events do not go through.
 */
const collectHeaders = (exchange: Exchange, isFiltered: boolean): Values => {
  const values = newValues();
  const names = new Map<string, string>();
  const { rawHeaders } = exchange.request;
  let forwardedFor = '';
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const sent = rawHeaders[index] ?? '';
    const value = rawHeaders[index + 1] ?? '';
    const lower = sent.toLowerCase();
    if (isFiltered && !passesToFunction(lower)) continue;
    if (lower === 'x-forwarded-for') {
      forwardedFor += `${value}, `;
      continue;
    }
    if (OWN_HEADERS.has(lower)) continue;
    if (isFiltered && lower === 'authorization' && (exchange.iam || SIGNED.test(value))) continue;
    const name = names.get(lower) ?? sent;
    names.set(lower, name);
    add(values, name, value);
  }
  replace(values, 'X-Amzn-Trace-Id', exchange.traceId);
  replace(values, 'X-Forwarded-For', forwardedFor + exchange.sourceIp);
  replace(values, 'X-Forwarded-Port', String(exchange.port ?? ''));
  replace(values, 'X-Forwarded-Proto', 'http');
  return values;
};

const decode = (text: string): string => {
  const spaced = text.replaceAll('+', ' ');
  if (!spaced.includes('%')) return spaced;
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
};

/** "The semicolon character (;) … results in the data being split" (api-gateway-known-issues). */
const collectQuery = (queryString: string): Values | undefined => {
  if (queryString === '') return undefined;
  const values = newValues();
  for (const pair of queryString.split(/[&;]/)) {
    if (pair === '') continue;
    const at = pair.indexOf('=');
    if (at < 0) add(values, decode(pair), '');
    else add(values, decode(pair.slice(0, at)), decode(pair.slice(at + 1)));
  }
  return values;
};

const identityOf = (exchange: Exchange): Record<string, string | null> => ({
  cognitoIdentityPoolId: null,
  accountId: exchange.iam?.accountId ?? null,
  cognitoIdentityId: null,
  caller: exchange.iam?.caller ?? null,
  sourceIp: exchange.sourceIp,
  principalOrgId: exchange.iam?.principalOrgId ?? null,
  accessKey: exchange.iam?.accessKey ?? null,
  cognitoAuthenticationType: null,
  cognitoAuthenticationProvider: null,
  userArn: exchange.iam?.userArn ?? null,
  userAgent: exchange.header('user-agent') ?? null,
  user: exchange.iam?.user ?? null,
  ...(exchange.apiKey !== undefined && {
    apiKey: exchange.apiKey,
    apiKeyId: exchange.apiKeyId ?? null,
  }),
});

const requestContextOf = (exchange: Exchange): Record<string, unknown> => ({
  resourceId: exchange.method?.resourceId,
  ...(exchange.grant && {
    authorizer: {
      ...exchange.grant.context,
      principalId: exchange.grant.principalId,
      integrationLatency: exchange.authorizerCall.latencyMs ?? 0,
    },
  }),
  resourcePath: exchange.method?.resourcePath,
  httpMethod: exchange.httpMethod,
  extendedRequestId: exchange.extendedRequestId,
  requestTime: exchange.requestTime,
  path: exchange.path,
  accountId: exchange.api.accountId,
  protocol: exchange.protocol,
  stage: exchange.api.stage,
  domainPrefix: exchange.domainName.split('.', 1)[0],
  requestTimeEpoch: exchange.receivedAt,
  requestId: exchange.requestId,
  identity: identityOf(exchange),
  domainName: exchange.domainName,
  deploymentId: exchange.api.deploymentId,
  apiId: exchange.api.apiId,
});

const orNull = (values: Readonly<Record<string, string>>): typeof values | null =>
  Object.keys(values).length > 0 ? values : null;

/** "Input format of a Lambda function for proxy integration": event version 1.0, as REST APIs send it. */
export const buildProxyEvent = (exchange: Exchange, body: Buffer): Buffer => {
  const headers = collectHeaders(exchange, true);
  const query = collectQuery(exchange.queryString);
  const isBase64Encoded =
    body.length > 0 &&
    exchange.api.binaryMediaTypes.length > 0 &&
    isBinary(exchange.api.binaryMediaTypes, mediaType(exchange.header('content-type')));
  return Buffer.from(
    JSON.stringify({
      resource: exchange.method?.resourcePath,
      path: exchange.path,
      httpMethod: exchange.httpMethod,
      headers: headers.single,
      multiValueHeaders: headers.multi,
      queryStringParameters: query?.single ?? null,
      multiValueQueryStringParameters: query?.multi ?? null,
      pathParameters: exchange.pathParameters ?? null,
      stageVariables: orNull(exchange.api.stageVariables),
      requestContext: requestContextOf(exchange),
      body: body.length === 0 ? null : body.toString(isBase64Encoded ? 'base64' : 'utf8'),
      isBase64Encoded,
    }),
  );
};

/** "Input to an API Gateway Lambda authorizer", type REQUEST: no body, and empty maps are `{}` rather than null. */
export const buildAuthorizerEvent = (exchange: Exchange): Buffer => {
  const headers = collectHeaders(exchange, false);
  const query = collectQuery(exchange.queryString);
  return Buffer.from(
    JSON.stringify({
      type: 'REQUEST',
      methodArn: exchange.methodArn,
      resource: exchange.method?.resourcePath,
      path: exchange.path,
      httpMethod: exchange.httpMethod,
      headers: headers.single,
      multiValueHeaders: headers.multi,
      queryStringParameters: query?.single ?? {},
      multiValueQueryStringParameters: query?.multi ?? {},
      pathParameters: exchange.pathParameters ?? {},
      stageVariables: exchange.api.stageVariables,
      requestContext: requestContextOf(exchange),
    }),
  );
};

/** The value of one query parameter as integrations get it: decoded, the last one sent. */
export const queryParameter = (queryString: string, name: string): string | undefined =>
  collectQuery(queryString)?.single[name];
