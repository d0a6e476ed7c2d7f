import * as z from 'zod';
import type { FunctionService, InvokeResult } from '../lambda/function-service.ts';
import type { Exchange, AuthorizerGrant } from './exchange.ts';
import type { Failure } from './failures.ts';
import { contextVariable } from './context-variables.ts';
import type { Authorizer, IdentitySource } from './model.ts';
import { compilePolicy, policyDocument, type Policy } from './policy-document.ts';
import { buildAuthorizerEvent, queryParameter } from './proxy-event.ts';

/** "Output from an API Gateway Lambda authorizer". A context value is a string, a number or a boolean. */
const authorizerOutput = z.looseObject({
  principalId: z.string(),
  policyDocument,
  context: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).nullish(),
  usageIdentifierKey: z.string().nullish(),
});

interface Answer {
  readonly grant: AuthorizerGrant;
  readonly policy: Policy;
}

interface CachedAnswer extends Answer {
  /** Milliseconds of the gateway's clock. */
  readonly expiresAt: number;
}

const MAX_CACHED = 10_000;
/** An authorizer that takes longer than an integration may is given up. */
const AUTHORIZER_TIMEOUT_MS = 29_000;
/** "Method ARN … 1,600 bytes": a longer one is answered 414 (api-gateway-lambda-authorizer-output). */
const MAX_METHOD_ARN_BYTES = 1600;

const EXPLICIT_DENY =
  'User is not authorized to access this resource with an explicit deny in an identity-based policy';

const sourceReader = (source: IdentitySource): ((exchange: Exchange) => string | undefined) => {
  const { kind, name } = source;
  switch (kind) {
    case 'header':
      return (exchange) => exchange.header(name);
    case 'querystring':
      return (exchange) => queryParameter(exchange.queryString, name);
    case 'stageVariable':
      return (exchange) => exchange.api.stageVariables[name];
    case 'context': {
      const variable = contextVariable(name);
      return (exchange) => variable(exchange)?.toString();
    }
  }
};

const parseAnswer = (payload: Buffer): Answer | string => {
  let value: unknown;
  try {
    value = JSON.parse(payload.toString('utf8'));
  } catch {
    return 'authorizer output is not JSON';
  }
  const parsed = authorizerOutput.safeParse(value);
  if (!parsed.success) return `authorizer output: ${z.prettifyError(parsed.error)}`;
  const { principalId, context, usageIdentifierKey } = parsed.data;
  const entries = Object.entries(context ?? {}).filter(([, item]) => item !== null);
  return {
    policy: compilePolicy(parsed.data.policyDocument),
    grant: {
      principalId,
      context: Object.fromEntries(entries.map(([key, item]) => [key, String(item)])),
      usageIdentifierKey: usageIdentifierKey ?? undefined,
    },
  };
};

/**
 * One REQUEST authorizer with its cache. As on AWS an answer is cached by the values of the identity sources and holds
 * for the whole API, requests with the same new identity may each invoke the function, and a request that lacks a
 * source is refused without invoking it ("Use API Gateway Lambda authorizers").
 */
export class RequestAuthorizer {
  readonly #authorizer: Authorizer;
  readonly #functions: FunctionService;
  readonly #now: () => number;
  readonly #sources: readonly ((exchange: Exchange) => string | undefined)[];
  readonly #cache = new Map<string, CachedAnswer>();

  constructor(authorizer: Authorizer, functions: FunctionService, now: () => number) {
    this.#authorizer = authorizer;
    this.#functions = functions;
    this.#now = now;
    this.#sources = authorizer.identitySources.map(sourceReader);
  }

  /** Sets the exchange's grant. @returns why the request is refused, undefined when it may go on. */
  async authorize(exchange: Exchange): Promise<Failure | undefined> {
    const failure = await this.#decide(exchange);
    if (failure) {
      exchange.authorizerCall.error = failure.message ?? failure.cause ?? failure.type;
      exchange.authorizerCall.status ??= failure.type === 'ACCESS_DENIED' ? 403 : 500;
    } else {
      exchange.authorizerCall.status = 200;
    }
    return failure;
  }

  async #decide(exchange: Exchange): Promise<Failure | undefined> {
    const identity = this.#identity(exchange);
    if (identity === undefined) {
      exchange.authorizerCall.status = 401;
      return { type: 'UNAUTHORIZED', message: 'Unauthorized' };
    }
    if (Buffer.byteLength(exchange.methodArn) > MAX_METHOD_ARN_BYTES) {
      return { type: 'DEFAULT_4XX', status: 414, message: 'Request URI too long' };
    }
    const answer = this.#cached(identity) ?? (await this.#ask(exchange));
    if ('type' in answer) return answer;
    this.#remember(identity, answer);
    exchange.grant = answer.grant;
    exchange.authorizerCall.latencyMs ??= 0;
    const decision = answer.policy(exchange.methodArn);
    if (decision === 'allow') return undefined;
    return decision === 'explicit-deny'
      ? { type: 'ACCESS_DENIED', message: EXPLICIT_DENY }
      : { type: 'ACCESS_DENIED' };
  }

  /** The cache key; undefined when a source is missing or empty. Lengths keep two different lists apart. */
  #identity(exchange: Exchange): string | undefined {
    let identity = '';
    for (const read of this.#sources) {
      const value = read(exchange);
      if (value === undefined || value === '') return undefined;
      identity += `${value.length}:${value}`;
    }
    return identity;
  }

  #cached(identity: string): CachedAnswer | undefined {
    const cached = this.#cache.get(identity);
    if (!cached || cached.expiresAt > this.#now()) return cached;
    this.#cache.delete(identity);
    return undefined;
  }

  #remember(identity: string, answer: Answer | CachedAnswer): void {
    const ttlMs = this.#authorizer.resultTtlSeconds * 1000;
    if (ttlMs === 0 || 'expiresAt' in answer) return;
    this.#cache.delete(identity);
    this.#cache.set(identity, { ...answer, expiresAt: this.#now() + ttlMs });
    if (this.#cache.size <= MAX_CACHED) return;
    const [oldest] = this.#cache.keys();
    if (oldest !== undefined) this.#cache.delete(oldest);
  }

  async #ask(exchange: Exchange): Promise<Answer | Failure> {
    const startedAt = performance.now();
    const result = await this.#invoke(exchange);
    exchange.authorizerCall.latencyMs = Math.round(performance.now() - startedAt);
    if ('type' in result) return result;
    exchange.authorizerCall.integrationStatus = result.kind === 'throttled' ? 429 : 200;
    if (result.kind === 'throttled') {
      return { type: 'AUTHORIZER_FAILURE', cause: 'authorizer throttled by Lambda' };
    }
    if (result.kind === 'function-error') {
      if (result.errorMessage === 'Unauthorized') {
        exchange.authorizerCall.status = 401;
        return { type: 'UNAUTHORIZED', message: 'Unauthorized' };
      }
      const cause = `authorizer failed: ${result.errorType}: ${result.errorMessage}`;
      return { type: 'AUTHORIZER_CONFIGURATION_ERROR', cause };
    }
    const answer = parseAnswer(result.payload);
    return typeof answer === 'string'
      ? { type: 'AUTHORIZER_CONFIGURATION_ERROR', cause: answer }
      : answer;
  }

  async #invoke(exchange: Exchange): Promise<InvokeResult | Failure> {
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<Failure>((resolve) => {
      const failure: Failure = { type: 'AUTHORIZER_FAILURE', cause: 'authorizer timed out' };
      timer = setTimeout(() => resolve(failure), AUTHORIZER_TIMEOUT_MS);
    });
    try {
      const event = buildAuthorizerEvent(exchange);
      const call = this.#functions.invoke(this.#authorizer.functionArn, event, {
        traceId: exchange.traceId,
      });
      return await Promise.race([call, expiry]);
    } catch (error) {
      const cause = `authorizer not invoked: ${error instanceof Error ? error.message : 'unknown'}`;
      return { type: 'AUTHORIZER_CONFIGURATION_ERROR', cause };
    } finally {
      clearTimeout(timer);
    }
  }
}
