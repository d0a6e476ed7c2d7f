import { InMemoryTransport, type JSONRPCMessage } from '@modelcontextprotocol/client';
import { expect } from 'vitest';
import { McpSession, type SessionRequest } from '../../../src/upstreams/mcp-session.ts';
import { UpstreamError, type JsonObject } from '../../../src/upstreams/upstream.ts';

export interface Sent {
  readonly id?: number | string;
  readonly method?: string;
  readonly params?: JsonObject;
  readonly result?: JsonObject;
  readonly error?: { code: number };
}

/** A server of literal messages. `discover` makes it one of 2026-07-28. */
export class WireServer {
  readonly received: Sent[] = [];
  transports = 0;
  readonly #replies: Readonly<Record<string, (message: Sent, server: WireServer) => void>>;
  readonly #era: 'legacy' | 'modern';
  #side: InMemoryTransport | undefined;

  constructor(
    era: 'legacy' | 'modern',
    replies: Readonly<Record<string, (message: Sent, server: WireServer) => void>> = {},
  ) {
    this.#era = era;
    this.#replies = replies;
  }

  readonly createTransport = (): InMemoryTransport => {
    const [client, server] = InMemoryTransport.createLinkedPair();
    this.transports++;
    this.#side = server;
    server.onmessage = (message) => this.#onMessage(message as Sent);
    void server.start();
    return client;
  };

  send(message: object): void {
    void this.#side?.send({ jsonrpc: '2.0', ...message } as JSONRPCMessage);
  }

  result(message: Sent, result: unknown): void {
    this.send({ id: message.id, result });
  }

  close(): void {
    void this.#side?.close();
  }

  of(method: string): readonly Sent[] {
    return this.received.filter((message) => message.method === method);
  }

  #onMessage(message: Sent): void {
    this.received.push(message);
    const reply = this.#replies[message.method ?? ''];
    if (reply !== undefined) reply(message, this);
    else if (message.method === 'server/discover' && this.#era === 'modern') {
      this.result(message, {
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {} },
        instructions: 'Be kind.',
        ttlMs: 0,
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 'wire', version: '9' } },
      });
    } else if (message.method === 'initialize' && this.#era === 'legacy') {
      this.result(message, {
        protocolVersion: '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: 'wire', version: '9' },
      });
    } else if (message.id !== undefined && message.method !== undefined) {
      this.send({ id: message.id, error: { code: -32601, message: 'Method not found' } });
    }
  }
}

export const never = new AbortController().signal;

export const call = (over: Partial<SessionRequest> = {}): SessionRequest => ({
  method: 'tools/call',
  params: { name: 'add', arguments: { a: 1 } },
  timeoutMs: 5_000,
  signal: never,
  ...over,
});

export const open = async (server: WireServer, mode: 'auto' | 'legacy' | 'modern' = 'auto') => {
  const session = new McpSession({
    createTransport: server.createTransport,
    mode,
    connectTimeoutMs: 5_000,
  });
  return { session, facts: await session.connect(never) };
};

export const failure = async (promise: Promise<unknown>): Promise<UpstreamError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  return error as UpstreamError;
};
