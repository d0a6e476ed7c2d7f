import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { isInNetworks } from '../../src/credentials/source-networks.ts';
import { GatewayError, gatewayErrors } from '../../src/errors/gateway-error.ts';
import type { IamPrincipalResolver } from '../../src/principals/iam-principal.ts';
import { fromAuthorizerContext, type Principal } from '../../src/principals/principal.ts';
import type { Log } from '../../src/log/log.ts';
import type { LimitState } from '../../src/quota/meter.ts';
import { rateLimitHeaders } from '../../src/quota/rate-limit-headers.ts';
import { errorResponse, type HttpResponse } from '../middleware/error-response.ts';
import { RequestAudit, type AuditorDeps } from './auditor.ts';
import {
  isSentTwice,
  lowerCaseHeaders,
  messagesOf,
  proxyEvent,
  readBody,
  type ProxyEvent,
} from './incoming.ts';
import type { McpEndpoint } from './mcp-endpoint.ts';
import { isRestRoute, serveRest, type RestDeps } from './rest.ts';
import { publicMessage } from './public-message.ts';

export interface McpHandlerDeps extends AuditorDeps, RestDeps {
  readonly endpoint: McpEndpoint;
  readonly iamPrincipal: IamPrincipalResolver;
  readonly log: Log;
  /** Browser origins that may call; a request without an Origin header is not a browser's. */
  readonly allowedOrigins: readonly string[];
}

/** Left of the function's time when a request is given up, so that its caller still gets an answer. */
const timeoutEarlyMs = 1_000;

/**
 * API Gateway caches the authorizer's answer by credential alone, so what may have changed since, the address and the
 * time, is looked at for every request. So is a credential that was sent twice: the authorizer refuses it, but is not
 * asked where one of the two has a cached answer.
 */
const principalOf = (event: ProxyEvent, now: number): Principal => {
  const { requestContext } = event;
  const principal = fromAuthorizerContext(requestContext.authorizer);
  const { cidrs, expiresAt = Number.POSITIVE_INFINITY } = principal ?? {};
  if (
    principal === undefined ||
    isSentTwice(event, 'authorization') ||
    expiresAt * 1000 <= now ||
    (cidrs !== undefined && !isInNetworks(requestContext.identity.sourceIp, cidrs))
  ) {
    throw new GatewayError('UNAUTHENTICATED', 'Unauthorized');
  }
  return principal;
};

/** The route of IAM callers: the only one where API Gateway verifies signatures, and where no authorizer runs. */
const signedResource = '/ci/mcp';

/** @throws GatewayError FORBIDDEN for a caller who is nobody's principal, UNAVAILABLE when that cannot be known. */
const signedPrincipalOf = async (
  { requestContext: { identity, requestId } }: ProxyEvent,
  { iamPrincipal, log }: McpHandlerDeps,
): Promise<Principal> => {
  const { userArn } = identity;
  if (userArn === undefined || userArn === null) {
    throw new GatewayError('UNAUTHENTICATED', 'Unauthorized');
  }
  const resolution = await iamPrincipal(userArn).catch((cause: unknown) => {
    throw new GatewayError('UNAVAILABLE', 'Service unavailable: try again shortly', { cause });
  });
  if (resolution.kind === 'verified') return resolution.principal;
  log.warn('auth.refused', { requestId, reason: resolution.reason, userArn });
  throw new GatewayError('FORBIDDEN', 'Forbidden: this IAM caller is no principal of a tenant');
};

/** MCP 2026-07-28, basic/transports/streamable-http, "Security Warning": an Origin that is not allowed gets 403. */
const refuseForeignOrigin = (
  headers: ReadonlyMap<string, string>,
  allowed: readonly string[],
): void => {
  const origin = headers.get('origin');
  if (origin !== undefined && !allowed.includes(origin)) {
    throw new GatewayError('ORIGIN_NOT_ALLOWED', 'This origin may not call this server');
  }
};

const refuseForeignContentType = (headers: ReadonlyMap<string, string>): void => {
  const type = headers.get('content-type')?.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== 'application/json') {
    throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Content-Type must be application/json');
  }
};

/** A Drawbridge behind a Drawbridge is a use; a longer row is a loop. */
const mostHops = 3;

/** How many Drawbridges the request went through. @throws GatewayError LOOP_DETECTED */
const hopsOf = (headers: ReadonlyMap<string, string>): number => {
  const sent = headers.get('x-drawbridge-hops') ?? '0';
  const hops = /^\d{1,3}$/u.test(sent) ? Number(sent) : mostHops;
  if (hops >= mostHops) {
    throw new GatewayError('LOOP_DETECTED', 'The request went through too many gateways');
  }
  return hops;
};

const forwardedHeaders = [
  'accept',
  'content-type',
  'mcp-protocol-version',
  'mcp-method',
  'mcp-name',
] as const;

const isForwarded = (name: string): boolean =>
  (forwardedHeaders as readonly string[]).includes(name) || name.startsWith('mcp-param-');

/** @throws GatewayError INVALID_REQUEST for a header that HTTP does not allow (RFC 9110 §5.5). */
const toRequest = (headers: ReadonlyMap<string, string>): Request => {
  const forwarded = new Headers();
  try {
    for (const [name, value] of headers) {
      if (isForwarded(name)) forwarded.set(name, value);
    }
  } catch {
    throw new GatewayError('INVALID_REQUEST', 'A header holds characters that HTTP does not allow');
  }
  // The body travels beside the request, parsed once.
  return new Request('https://drawbridge.invalid/mcp', { method: 'POST', headers: forwarded });
};

/** Passes a stream on, and tells at its end how many bytes went by. */
const counted = async function* (
  stream: ReadableStream<Uint8Array>,
  onEnd: (bytes: number) => void,
) {
  let bytes = 0;
  try {
    for await (const chunk of stream) {
      bytes += chunk.byteLength;
      yield chunk;
    }
  } finally {
    onEnd(bytes);
  }
};

const securityHeaders = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
} as const;

export const createHandler = (deps: McpHandlerDeps) => {
  const audits = new WeakMap<object, RequestAudit>();

  const serve = async (input: unknown): Promise<HttpResponse<string | Readable>> => {
    const event = proxyEvent.parse(input);
    const headers = lowerCaseHeaders(event);
    const { requestId } = event.requestContext;
    const facts = { requestId, traceHeader: headers.get('x-amzn-trace-id') };
    audits.set(input as object, new RequestAudit(deps, { ...facts, principal: undefined }));

    const principal =
      event.resource === signedResource
        ? await signedPrincipalOf(event, deps)
        : principalOf(event, deps.now());
    const audit = new RequestAudit(deps, { ...facts, principal });
    audits.set(input as object, audit);
    refuseForeignOrigin(headers, deps.allowedOrigins);
    const hops = hopsOf(headers);
    if (event.httpMethod === 'POST') refuseForeignContentType(headers);
    if (isRestRoute(event.resource)) {
      const response = await serveRest(deps, event.resource, principal, event, audit, hops);
      audit.end(response.statusCode, Buffer.byteLength(response.body));
      return response;
    }
    const body = readBody(event, deps.maxBodyBytes);
    const messages = messagesOf(body);
    await audit.begin(messages);

    const method = messages.length === 1 ? messages[0]?.method : undefined;
    const refusals = new Map<string | number, GatewayError>();
    let limits: readonly LimitState[] = [];
    const response = await deps.endpoint.serve(toRequest(headers), body, {
      principal,
      sourceIp: event.requestContext.identity.sourceIp,
      requestId,
      method,
      refusals,
      observeLimits: (charged) => {
        limits = charged;
      },
      observe: (message) => audit.observe(message),
      observeEra: (era) => audit.observeEra(era),
      observeRoute: (id, facts) => audit.observeRoute(id, facts),
      hops,
      header: (name) => headers.get(name),
    });
    // One message has one answer, and so one status. Of a batch each message has its own error.
    const refusal = messages.length === 1 ? [...refusals.values()][0] : undefined;
    const limitHeaders = rateLimitHeaders(limits, deps.now());
    return refusal === undefined || isEventStream(response)
      ? answer(response, method, audit, limitHeaders)
      : refused(response, refusal, audit, requestId);
  };

  return middy(serve, {
    executionMode: executionModeStreamifyResponse,
    timeoutEarlyInMillis: timeoutEarlyMs,
    timeoutEarlyResponse: () => {
      throw new GatewayError('DEADLINE_EXCEEDED', 'The request took too long');
    },
  }).use(
    errorResponse({
      log: deps.log,
      onAnswered: (event, { statusCode, body }) =>
        audits.get(event as object)?.end(statusCode, Buffer.byteLength(body)),
    }),
  );
};

const isEventStream = ({ headers }: Response): boolean =>
  headers.get('content-type')?.startsWith('text/event-stream') === true;

const answer = async (
  response: Response,
  method: string | undefined,
  audit: RequestAudit,
  limitHeaders: Readonly<Record<string, string>>,
): Promise<HttpResponse<string | Readable>> => {
  const { status: statusCode } = response;
  const headers = { ...securityHeaders, ...limitHeaders };
  if (isEventStream(response) && response.body !== null) {
    const stream = response.body as ReadableStream<Uint8Array>;
    return {
      statusCode,
      headers: { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
      body: Readable.from(counted(stream, (bytes) => audit.end(statusCode, bytes))),
    };
  }
  let body = await response.text();
  if (statusCode >= 400 && body !== '') {
    const shown = publicMessage(JSON.parse(body) as object, method);
    audit.observe(shown);
    body = JSON.stringify(shown);
  }
  audit.end(statusCode, Buffer.byteLength(body));
  return {
    statusCode,
    headers: { ...headers, ...(body === '' ? {} : { 'content-type': 'application/json' }) },
    body,
  };
};

/** What the endpoint made of a refusal, with the refusal's status, and readable as a plain error as all of ours are. */
const refused = async (
  response: Response,
  { code, message, headers }: GatewayError,
  audit: RequestAudit,
  requestId: string,
): Promise<HttpResponse> => {
  const { httpStatus: statusCode } = gatewayErrors[code];
  const body = JSON.stringify({ ...((await response.json()) as object), code, message, requestId });
  audit.end(statusCode, Buffer.byteLength(body));
  return {
    statusCode,
    headers: { ...securityHeaders, 'content-type': 'application/json', ...headers },
    body,
  };
};
