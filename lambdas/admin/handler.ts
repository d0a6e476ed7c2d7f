import { withAudit, type AdminMethod } from '../../src/admin/admin-audit.ts';
import { AdminError } from '../../src/admin/admin-error.ts';
import { operatorOnly, type Actor } from '../../src/admin/operator.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { scopedPorts } from '../../src/admin/scoped-ports.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import type { Log } from '../../src/log/log.ts';
import type { HttpResponse } from '../middleware/error-response.ts';
import { AnswerAudit, concern, factsOf } from './answer-audit.ts';
import { resolveCaller } from './caller.ts';
import { errorAnswerOf } from './error-answer.ts';
import { adminEvent, bodyOf, headerOf, queryOf, type AdminEvent } from './incoming.ts';
import { matchRoute, type Answer, type Route } from './route.ts';
import { mayUse } from './route-table.ts';

export interface AdminHandlerDeps {
  /** Opened by the first request, and anew after a failure. */
  readonly ports: () => Promise<AdminPorts>;
  /** What records are made of, also where the ports could not be opened. */
  readonly audit: Pick<AdminPorts, 'auditSink' | 'clock' | 'env'>;
  readonly routes: readonly Route[];
  /** ARNs as `callerArnOf` gives them. */
  readonly operators: ReadonlySet<string>;
  readonly log: Log;
}

/** As much of Lambda's context as is used. */
export interface InvocationContext {
  getRemainingTimeInMillis(): number;
}

/** Left of the function's time when a request is given up: for its record and its answer. */
const givenUpEarlyMs = 1_500;

/** @throws AdminError INCOMPLETE when there is no time left: what runs may have been done. */
const inTime = async <T>(context: InvocationContext, run: () => Promise<T>): Promise<T> => {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new AdminError('INCOMPLETE', 'this took too long: look at what was done')),
      Math.max(0, context.getRemainingTimeInMillis() - givenUpEarlyMs),
    );
  });
  try {
    return await Promise.race([run(), expiry]);
  } finally {
    clearTimeout(timer);
  }
};

const responseOf = ({ status = 200, body, headers = {} }: Answer): HttpResponse => ({
  statusCode: status,
  headers: {
    'content-type': 'application/json',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  },
  body: JSON.stringify(body),
});

const pathOf = ({ pathParameters }: AdminEvent): string => {
  const below = pathParameters?.proxy;
  return below === undefined ? '/admin' : `/admin/${below}`;
};

const noRoute = (match: Exclude<ReturnType<typeof matchRoute>, { kind: 'found' }>): GatewayError =>
  match.kind === 'no-route'
    ? new GatewayError('NOT_FOUND', 'There is no such route: GET /admin lists those there are')
    : new GatewayError('METHOD_NOT_ALLOWED', 'Method not allowed', {
        headers: { allow: match.allowed.join(', ') },
      });

/** Of such an actor only the subject is looked at, by the audit: it operates nothing. */
const nobody = (subject: string): Actor => ({ kind: 'operator', subject });

/**
 * Every request ends with one answer and one audit record. Nothing of its body, headers or query is logged, and of the
 * query and path only the target stands in the record.
 */
export const createHandler = ({ ports: open, audit, routes, operators, log }: AdminHandlerDeps) => {
  /** Who calls, on which ports. @throws GatewayError FORBIDDEN or AdminError, after it was recorded. */
  const identify = async (
    sink: AnswerAudit,
    event: AdminEvent,
  ): Promise<{ readonly ports: AdminPorts; readonly actor: Actor }> => {
    const { identity, requestId } = event.requestContext;
    const refuse = (subject: string, error: unknown): Promise<never> =>
      withAudit(
        { ...audit, auditSink: sink },
        nobody(subject),
        factsOf(event, 'admin/caller.identify'),
        () => Promise.reject(error as Error),
      );
    try {
      const ports = { ...(await open()), auditSink: sink };
      const resolution = await resolveCaller(ports, operators, identity.userArn);
      if (resolution.kind === 'known') return { ports, actor: resolution.actor };
      const { subject, reason } = resolution;
      log.warn('auth.refused', { requestId, reason, subject });
      return await refuse(
        subject,
        new GatewayError('FORBIDDEN', 'Forbidden: this IAM caller operates nothing here'),
      );
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      return refuse('iam:unknown', error);
    }
  };

  const serve = async (
    ports: AdminPorts,
    actor: Actor,
    event: AdminEvent,
    context: InvocationContext,
  ): Promise<HttpResponse> => {
    const match = matchRoute(routes, event.httpMethod, pathOf(event));
    if (match.kind !== 'found') {
      const facts = factsOf(event, 'admin/routes.find');
      return withAudit(ports, actor, facts, () => Promise.reject(noRoute(match)));
    }
    const { route, params } = match;
    const facts = factsOf(event, `admin/${route.operation}` as AdminMethod);
    facts.target = route.targetOf({ params, query: {} });
    concern(facts, actor, params['tenant']);
    return withAudit(ports, actor, facts, async () => {
      const query = queryOf(event);
      facts.target = route.targetOf({ params, query });
      concern(facts, actor, params['tenant'] ?? query['tenant']);
      if (!mayUse(actor, route)) throw operatorOnly(`do this: ${route.method} ${route.path}`);
      const answer = await inTime(context, () =>
        route.run({
          ports: scopedPorts(ports, actor),
          actor,
          params,
          query,
          readBody: () => bodyOf(event),
          header: (name) => headerOf(event, name),
          about: ({ target, tenant }) => {
            if (target !== undefined) facts.target = target;
            concern(facts, actor, tenant);
          },
        }),
      );
      return responseOf(answer);
    });
  };

  return async (input: unknown, context: InvocationContext): Promise<HttpResponse> => {
    const event = adminEvent.parse(input);
    const { requestId } = event.requestContext;
    const sink = new AnswerAudit(audit.auditSink);
    let known: Actor | undefined;
    let response: HttpResponse;
    try {
      const { ports, actor } = await identify(sink, event);
      known = actor;
      response = await serve(ports, actor, event, context);
    } catch (error) {
      const { status, code, message, headers } = errorAnswerOf(error, known);
      if (status >= 500) log.error('request.failed', error, { requestId, code });
      response = responseOf({ status, headers, body: { code, message, requestId } });
    }
    await sink.end(response);
    return response;
  };
};
