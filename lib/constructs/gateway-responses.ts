import { ResponseType, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { mcpScopeName } from '../../src/oauth/mcp-scope.ts';
import { gatewayErrors, type GatewayErrorCode } from '../../src/errors/gateway-error.ts';

interface GatewayAnswer {
  readonly code: GatewayErrorCode;
  readonly message: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface GatewayResponseOptions {
  /** Where clients find out how to get a token (RFC 9728 §5.1); undefined while there are keys only. */
  readonly resourceMetadataUrl: string | undefined;
}

/** A key is a Bearer token, and so is an access token (RFC 6750 §3). Static: API Gateway maps no more than literals. */
const challenge = ({ resourceMetadataUrl }: GatewayResponseOptions): string =>
  resourceMetadataUrl === undefined
    ? 'Bearer realm="drawbridge"'
    : `Bearer resource_metadata="${resourceMetadataUrl}", scope="${mcpScopeName}"`;

const unauthenticated: GatewayAnswer = {
  code: 'UNAUTHENTICATED',
  message: 'Unauthorized: send a valid API key or access token as Authorization: Bearer',
};
const unsigned: GatewayAnswer = {
  code: 'UNAUTHENTICATED',
  message: 'Unauthorized: sign the request for execute-api with valid AWS credentials',
};
const unavailable: GatewayAnswer = {
  code: 'UNAVAILABLE',
  message: 'Service unavailable: try again shortly',
  headers: { 'Retry-After': '5' },
};
const throttled: GatewayAnswer = {
  code: 'THROTTLED',
  message: 'Too many requests: the rate of your plan is used up',
  headers: { 'Retry-After': '1' },
};

/** What API Gateway answers by itself, by the kind of its refusal. */
const answers: readonly (readonly [ResponseType, GatewayAnswer])[] = [
  [ResponseType.UNAUTHORIZED, unauthenticated],
  [ResponseType.EXPIRED_TOKEN, unsigned],
  [ResponseType.INVALID_SIGNATURE, unsigned],
  [ResponseType.ACCESS_DENIED, { code: 'FORBIDDEN', message: 'Forbidden' }],
  [
    ResponseType.INVALID_API_KEY,
    { code: 'FORBIDDEN', message: 'Forbidden: the tenant is on no plan of this API' },
  ],
  [ResponseType.WAF_FILTERED, { code: 'FORBIDDEN', message: 'Forbidden' }],
  // API Gateway calls an unknown route a missing token; clients that probe well-known paths need 404.
  [
    ResponseType.MISSING_AUTHENTICATION_TOKEN,
    { code: 'NOT_FOUND', message: 'There is no such route' },
  ],
  [ResponseType.RESOURCE_NOT_FOUND, { code: 'NOT_FOUND', message: 'There is no such route' }],
  [
    ResponseType.REQUEST_TOO_LARGE,
    { code: 'REQUEST_TOO_LARGE', message: 'The request is larger than API Gateway takes' },
  ],
  [
    ResponseType.UNSUPPORTED_MEDIA_TYPE,
    { code: 'UNSUPPORTED_MEDIA_TYPE', message: 'Content-Type must be application/json' },
  ],
  [ResponseType.BAD_REQUEST_BODY, { code: 'INVALID_REQUEST', message: 'Bad request' }],
  [ResponseType.BAD_REQUEST_PARAMETERS, { code: 'INVALID_REQUEST', message: 'Bad request' }],
  [ResponseType.THROTTLED, throttled],
  [
    ResponseType.QUOTA_EXCEEDED,
    {
      ...throttled,
      message: 'Too many requests: the quota of your plan is used up',
      headers: { 'Retry-After': '3600' },
    },
  ],
  [ResponseType.AUTHORIZER_FAILURE, unavailable],
  [ResponseType.AUTHORIZER_CONFIGURATION_ERROR, unavailable],
  [ResponseType.INTEGRATION_FAILURE, { ...unavailable, code: 'UNAVAILABLE' }],
  [
    ResponseType.INTEGRATION_TIMEOUT,
    { code: 'DEADLINE_EXCEEDED', message: 'The request took too long' },
  ],
  [ResponseType.API_CONFIGURATION_ERROR, { code: 'INTERNAL', message: 'Internal error' }],
];

/**
 * Reads both as JSON-RPC, for MCP clients, and as a plain error with a stable `code`, for everybody else. API
 * Gateway does not see the body, so the JSON-RPC id is null.
 */
export const errorTemplate = (code: GatewayErrorCode, message: string): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    id: null,
    error: {
      code: gatewayErrors[code].rpcCode,
      message,
      data: { code, requestId: '$context.requestId' },
    },
    code,
    message,
    requestId: '$context.requestId',
  });

const quoted = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, `'${value}'`]));

const always = { 'Cache-Control': 'no-store' };

/** Gives every refusal of API Gateway a JSON body, the status that MCP clients expect, and the headers they act on. */
export const addGatewayResponses = (api: RestApi, options: GatewayResponseOptions): void => {
  for (const [type, { code, message, headers }] of answers) {
    api.addGatewayResponse(type.responseType, {
      type,
      statusCode: String(gatewayErrors[code].httpStatus),
      responseHeaders: quoted({
        ...always,
        ...headers,
        ...(code === 'UNAUTHENTICATED' ? { 'WWW-Authenticate': challenge(options) } : {}),
      }),
      templates: { 'application/json': errorTemplate(code, message) },
    });
  }
  for (const [type, code, message] of [
    [ResponseType.DEFAULT_4XX, 'INVALID_REQUEST', 'Bad request'],
    [ResponseType.DEFAULT_5XX, 'INTERNAL', 'Internal error'],
  ] as const) {
    api.addGatewayResponse(type.responseType, {
      type,
      responseHeaders: quoted(always),
      templates: { 'application/json': errorTemplate(code, message) },
    });
  }
};
