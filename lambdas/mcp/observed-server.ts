import {
  isJSONRPCRequest,
  ProtocolErrorCode,
  Server,
  type JSONRPCMessage,
  type Transport,
} from '@modelcontextprotocol/server';
import type { Principal } from '../../src/principals/principal.ts';
import { publicMessage } from './public-message.ts';

/** One HTTP request as the endpoint serves it. */
export interface Exchange {
  readonly principal: Principal;
  readonly requestId: string;
  /** The method of the one message in the body, when there is just one. */
  readonly method: string | undefined;
  /** Hears every JSON-RPC message that goes back to the caller, before it goes. */
  readonly observe: (message: JSONRPCMessage) => void;
  /** Hears which protocol era serves the request. */
  readonly observeEra: (era: 'legacy' | 'modern') => void;
}

/** What the server says of itself. */
export interface ServerFacts {
  readonly version: string;
  readonly instructions: string;
}

/** How long a client may keep a list: tools change only when a deployment does. */
const listHint = { ttlMs: 60_000, cacheScope: 'private' } as const;

/** What the SDK's schemas refuse in params of the methods served here. */
const hasWrongParams = (request: unknown): boolean => {
  const { method, params } = request as { method?: unknown; params?: { cursor?: unknown } };
  return (
    method === 'initialize' ||
    (method === 'tools/list' && params?.cursor !== undefined && typeof params.cursor !== 'string')
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
}

/** The SDK's server with an ear and a filter on what it sends: its own error texts may quote the caller. */
export class ObservedServer extends Server {
  readonly #exchange: ServedExchange;

  constructor(exchange: ServedExchange, { version, instructions }: ServerFacts) {
    super(
      { name: 'drawbridge', title: 'Drawbridge', version },
      {
        capabilities: { tools: { listChanged: false } },
        instructions,
        cacheHints: { 'tools/list': listHint, 'server/discover': listHint },
      },
    );
    this.#exchange = exchange;
  }

  override async connect(transport: Transport): Promise<void> {
    const send = transport.send.bind(transport);
    transport.send = async (message, options) => {
      const shown = publicMessage(blamed(message, this.#exchange.body), this.#exchange.method);
      this.#exchange.observe(shown);
      return send(shown, options);
    };
    return super.connect(transport);
  }
}
