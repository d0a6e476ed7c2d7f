import {
  isJSONRPCRequest,
  ProtocolErrorCode,
  Server,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';
import { rpcErrorOf, type GatewayError } from '../../src/errors/gateway-error.ts';
import type { Principal } from '../../src/principals/principal.ts';
import type { LimitState } from '../../src/quota/meter.ts';
import type { UpstreamFailure } from '../../src/upstreams/upstream.ts';
import { publicMessage } from './public-message.ts';

/** One HTTP request as the endpoint serves it. */
export interface Exchange {
  readonly principal: Principal;
  /** Address of the caller, as API Gateway saw it. */
  readonly sourceIp: string;
  readonly requestId: string;
  /** The method of the one message in the body, when there is just one. */
  readonly method: string | undefined;
  /** Hears every JSON-RPC message that goes back to the caller, before it goes. */
  readonly observe: (message: JSONRPCMessage) => void;
  /** Hears which protocol era serves the request. */
  readonly observeEra: (era: 'legacy' | 'modern') => void;
  /** Hears where the message of this id goes, as far as it becomes known. */
  readonly observeRoute: (id: string | number, facts: RouteFacts) => void;
  /** Hears how the caller's limits stand, after a call was charged. */
  readonly observeLimits: (limits: readonly LimitState[]) => void;
  /** Takes what we refuse, by the id of the message: the texts are ours. */
  readonly refusals: Map<string | number, GatewayError>;
  /** Drawbridges that the request went through before this one. */
  readonly hops: number;
  /** A header of the HTTP request, by its name in lower case. */
  readonly header: (name: string) => string | undefined;
}

/** What becomes known of a message on its way, for the audit. */
export interface RouteFacts {
  /** Of `tools/call`: a tool that there is for the caller. */
  readonly tool?: string;
  readonly server?: string;
  /** What it was charged. */
  readonly units?: number;
  /** How much of the fullest limit is used then. */
  readonly quotaPercent?: number;
  readonly upstreamMs?: number;
  readonly upstreamFailure?: UpstreamFailure;
  /** What an upstream is given as the trace. */
  readonly traceparent?: string;
  /** What refuses the call. */
  readonly policyId?: string;
  /** Servers that a list lacks, or has only as it was. */
  readonly missing?: readonly string[];
}

/** What the server says of itself. */
export interface ServerFacts {
  readonly version: string;
  readonly instructions: string;
  /** Whether there may be prompts and resources, too. */
  readonly servesUpstreams?: boolean;
}

/** How long a client may keep what the server says of itself: only a deployment changes it. */
const discoverHint = { ttlMs: 60_000, cacheScope: 'private' } as const;

/** Lists are the caller's own; how long they stand is said with each. A resource is the caller's, and may change at once. */
const cacheHints = {
  'server/discover': discoverHint,
  'tools/list': discoverHint,
  'prompts/list': discoverHint,
  'resources/list': discoverHint,
  'resources/templates/list': discoverHint,
  'resources/read': { ttlMs: 0, cacheScope: 'private' },
} as const;

const lists: ReadonlySet<unknown> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

/** What the SDK's schemas refuse in params of the methods served here. */
const hasWrongParams = (request: unknown): boolean => {
  const { method, params } = request as { method?: unknown; params?: { cursor?: unknown } };
  return (
    method === 'initialize' ||
    (lists.has(method) && params?.cursor !== undefined && typeof params.cursor !== 'string')
  );
};

/** The SDK calls params that its schema refuses an internal error, except those of tools/call: it is the caller's. */
const blamed = (message: JSONRPCMessage, body: unknown): JSONRPCMessage => {
  if (!('error' in message) || message.error.code !== Number(ProtocolErrorCode.InternalError)) {
    return message;
  }
  const request = [body].flat().find((sent) => isJSONRPCRequest(sent) && sent.id === message.id);
  return request !== undefined && hasWrongParams(request)
    ? { ...message, error: { ...message.error, code: ProtocolErrorCode.InvalidParams } }
    : message;
};

/** An exchange with the body that it is about. */
export interface ServedExchange extends Exchange {
  readonly body: unknown;
  /** Texts of errors that upstreams gave to this request: they are shown as they are. */
  readonly upstreamTexts: Set<string>;
  /** Set when `Mcp-Param-*` headers do not say what the arguments say. */
  headersDisagree?: boolean;
}

/** The SDK's server with an ear and a filter on what it sends: its own error texts may quote the caller. */
export class ObservedServer extends Server {
  readonly #exchange: ServedExchange;

  constructor(
    exchange: ServedExchange,
    { version, instructions, servesUpstreams = false }: ServerFacts,
  ) {
    super(
      { name: 'drawbridge', title: 'Drawbridge', version },
      {
        capabilities: {
          tools: { listChanged: false },
          ...(servesUpstreams
            ? {
                prompts: { listChanged: false },
                resources: { listChanged: false, subscribe: false },
                completions: {},
                logging: {},
              }
            : {}),
        },
        instructions,
        cacheHints,
      },
    );
    this.#exchange = exchange;
  }

  override async connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      const shown = this.#shown(message);
      this.#exchange.observe(shown);
      return send(shown, options);
    };
    return super.connect(transport);
  }

  #shown(message: JSONRPCMessage): JSONRPCMessage {
    const { body, method, upstreamTexts, refusals, requestId } = this.#exchange;
    if ('error' in message && message.id !== undefined) {
      const refusal = refusals.get(message.id);
      if (refusal !== undefined) return { ...message, error: rpcErrorOf(refusal, requestId) };
    }
    return publicMessage(blamed(message, body), method, upstreamTexts);
  }
}
