import { AsyncLocalStorage } from 'node:async_hooks';
import type { SessionRequest } from './mcp-messages.ts';
import type { JsonObject, UpstreamError } from './upstream.ts';

/** The SDK's client numbers its handshake from 0, and sends nothing after it. */
export const firstId = 1_000;

/** A server asks and logs nothing for these. */
const quietMethods: readonly string[] = ['ping', 'server/discover'];

/** A request that waits for its answer. */
export interface PendingCall {
  readonly id: number;
  readonly request: SessionRequest;
  readonly resolve: (result: JsonObject) => void;
  readonly reject: (error: UpstreamError) => void;
  /** Closes the HTTP request of this call, where the transport has one for each. */
  readonly stream: AbortController;
  /** Questions of the server that were answered. */
  answered: number;
}

/** The calls of a session that are under way, and which of them a message of the server belongs to. */
export class PendingCalls {
  readonly #calls = new Map<number, PendingCall>();
  /** Says whose HTTP answer a message was read from, on transports that have one for each call. */
  readonly #scope = new AsyncLocalStorage<number>();
  #nextId = firstId;
  #unsettled = 0;

  add(request: SessionRequest, settle: Pick<PendingCall, 'resolve' | 'reject'>): PendingCall {
    const id = this.#nextId++;
    const call = { id, request, ...settle, stream: new AbortController(), answered: 0 };
    this.#calls.set(id, call);
    return call;
  }

  get(id: unknown): PendingCall | undefined {
    return this.#calls.get(id as number);
  }

  /** @returns whether it was under way. */
  remove({ id }: PendingCall): boolean {
    return this.#calls.delete(id);
  }

  removeAll(): readonly PendingCall[] {
    const all = [...this.#calls.values()];
    this.#calls.clear();
    return all;
  }

  /** Sends for a call: what is read in answer to it belongs to it. */
  sendFor({ id }: PendingCall, send: () => void): void {
    this.#scope.run(id, send);
  }

  /** While `work` runs, nothing that comes by a shared channel is taken for any call's. */
  async holdBack(work: () => Promise<void>): Promise<void> {
    this.#unsettled++;
    try {
      await work();
    } finally {
      this.#unsettled--;
    }
  }

  /**
   * The call that a message of the server belongs to. When calls share one channel, only a call that is alone can be told:
   * another caller of the same tenant must not read it.
   */
  related(): PendingCall | undefined {
    const scoped = this.get(this.#scope.getStore());
    if (scoped !== undefined) return scoped;
    const calls = [...this.#calls.values()].filter(
      ({ request }) => !quietMethods.includes(request.method),
    );
    return calls.length === 1 && this.#unsettled === 0 ? calls[0] : undefined;
  }
}
