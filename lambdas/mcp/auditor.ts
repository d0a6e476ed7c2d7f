import type { ArgsDigest, ArgsDigester } from '../../src/audit/args-digest.ts';
import {
  auditedMethod,
  type AuditOutcome,
  type AuditRecord,
  type AuditSink,
} from '../../src/audit/audit-record.ts';
import type { Clock } from '../../src/clock/clock.ts';
import { GatewayError } from '../../src/errors/gateway-error.ts';
import type { Principal } from '../../src/principals/principal.ts';
import { clientInfoOf, type IncomingMessage } from './incoming.ts';
import type { RouteFacts } from './observed-server.ts';

/** What was seen going back for one JSON-RPC id. */
interface Answer {
  readonly outcome: AuditOutcome;
  readonly rpcCode: number | null;
}

export interface RequestFacts {
  readonly requestId: string;
  readonly traceHeader: string | undefined;
  readonly principal: Principal | undefined;
}

export interface AuditorDeps {
  readonly env: string;
  readonly sink: AuditSink;
  readonly digester: ArgsDigester;
  readonly now: Clock;
}

const traceRoot = /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})/;

/** Collects what happens to the messages of one HTTP request, and writes one record for each when it is over. */
export class RequestAudit {
  readonly #deps: AuditorDeps;
  readonly #facts: RequestFacts;
  readonly #startedAt: number;
  readonly #answers = new Map<string | number, Answer>();
  #messages: readonly IncomingMessage[] = [{}];
  readonly #routes = new Map<string | number, RouteFacts>();
  #digests: readonly (ArgsDigest | undefined)[] = [];
  #era: 'legacy' | 'modern' | null = null;
  #ended = false;

  constructor(deps: AuditorDeps, facts: RequestFacts) {
    this.#deps = deps;
    this.#facts = facts;
    this.#startedAt = deps.now();
  }

  /**
   * @throws GatewayError INVALID_REQUEST for arguments that have no canonical form, and UNAVAILABLE when the key of the
   * digest cannot be read: a call that cannot be audited must not run.
   */
  async begin(messages: readonly IncomingMessage[]): Promise<void> {
    if (messages.length > 0) this.#messages = messages;
    try {
      this.#digests = await Promise.all(messages.map((message) => this.#digestOf(message)));
    } catch (error) {
      if (error instanceof GatewayError) throw error;
      throw new GatewayError('UNAVAILABLE', 'Service unavailable', { cause: error });
    }
  }

  async #digestOf({ method, params }: IncomingMessage): Promise<ArgsDigest | undefined> {
    return method === 'tools/call' ? this.#deps.digester.digest(params?.arguments) : undefined;
  }

  observeEra(era: 'legacy' | 'modern'): void {
    this.#era = era;
  }

  /** Hears where the message of this id goes; what is told later is added. */
  observeRoute(id: string | number, facts: RouteFacts): void {
    this.#routes.set(id, { ...this.#routes.get(id), ...facts });
  }

  /** Hears a JSON-RPC message on its way to the caller. */
  observe(message: object): void {
    const { id, result, error } = message as {
      id?: string | number | null;
      result?: { isError?: boolean };
      error?: { code: number };
    };
    const outcome: Answer | undefined =
      error !== undefined
        ? { outcome: 'rpc_error', rpcCode: error.code }
        : result !== undefined
          ? { outcome: result.isError === true ? 'tool_error' : 'ok', rpcCode: null }
          : undefined;
    if (outcome !== undefined) this.#answers.set(id ?? '', outcome);
  }

  /**
   * Writes the records, once: a request that was given up may still come to its own end. `resultBytes` is what went
   * back for the whole request.
   */
  end(httpStatus: number, resultBytes: number): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const [index, message] of this.#messages.entries()) {
      this.#deps.sink.write(this.#record(message, this.#digests[index], httpStatus, resultBytes));
    }
  }

  #record(
    message: IncomingMessage,
    digest: ArgsDigest | undefined,
    httpStatus: number,
    resultBytes: number,
  ): AuditRecord {
    const { requestId, principal, traceHeader } = this.#facts;
    const { env, now } = this.#deps;
    const route = this.#routes.get(message.id ?? '') ?? {};
    // A name that is no tool of the caller's is whatever the caller sent: it is not written down.
    const tool = route.tool ?? null;
    const answer = this.#answers.get(message.id ?? '') ?? {
      outcome: httpStatus >= 400 ? ('refused' as const) : ('ok' as const),
      rpcCode: null,
    };
    const ran = answer.outcome === 'ok' || answer.outcome === 'tool_error';
    return {
      type: 'audit',
      ts: new Date(this.#startedAt).toISOString(),
      requestId,
      traceId: traceRoot.exec(traceHeader ?? '')?.[1] ?? null,
      traceparent: route.traceparent ?? null,
      env,
      tenant: principal?.tenant ?? null,
      subject: principal?.subject ?? null,
      keyId: principal?.keyId ?? null,
      lane: principal?.lane ?? null,
      clientInfo: clientInfoOf(message),
      era: this.#era,
      method: auditedMethod(message.method),
      tool,
      server: route.server ?? null,
      decision:
        (ran || httpStatus < 400) && route.policyId === undefined && !isUnknownTool(message, route)
          ? 'allow'
          : 'deny',
      policyId: route.policyId ?? null,
      outcome: answer.outcome,
      rpcCode: answer.rpcCode,
      httpStatus,
      units: route.units ?? 0,
      quotaPercent: route.quotaPercent ?? null,
      argsBytes: digest?.bytes ?? null,
      argsDigest: digest?.digest ?? null,
      resultBytes,
      ms: Math.max(0, now() - this.#startedAt),
      upstreamMs: route.upstreamMs ?? null,
      upstreamFailure: route.upstreamFailure ?? null,
      missing: route.missing ?? null,
      chain: null,
    };
  }
}

const isUnknownTool = ({ method }: IncomingMessage, { tool, server }: RouteFacts): boolean =>
  method === 'tools/call' && tool === undefined && server === undefined;
