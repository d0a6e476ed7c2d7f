import { Client } from 'undici';
import { loadRequest, type Expectation, type LoadRequest, type LoadResult } from './messages.ts';
import { beginSession } from './session.ts';
import { serveParent } from './servers/parent.ts';
import { percentile } from './statistics.ts';

/** The load generator: a closed loop per connection, in a process of its own. Every reply is checked. */

interface RpcReply {
  readonly id?: unknown;
  readonly result?: {
    readonly content?: readonly { readonly text?: unknown }[];
    readonly structuredContent?: unknown;
  };
}

/** The message of a reply that may have come as an event stream: the data of its last event. */
const messageOf = (text: string, contentType: string): string => {
  if (!contentType.startsWith('text/event-stream')) return text;
  const data = text.split('\n').filter((line) => line.startsWith('data:'));
  return data.at(-1)?.slice('data:'.length) ?? '';
};

const isRight = (expected: Expectation, sent: string, message: string, id: number): boolean => {
  if (expected.kind === 'echo') return message === sent;
  const reply = JSON.parse(message) as RpcReply;
  return (
    reply.id === id &&
    reply.result?.content?.[0]?.text === expected.text &&
    JSON.stringify(reply.result.structuredContent) === expected.text
  );
};

/** A connection, and what each of its requests has. */
interface Caller {
  readonly client: Client;
  readonly headers: Readonly<Record<string, string>>;
}

class Run {
  readonly #request: LoadRequest;
  readonly #path: string;
  readonly #tail: string;
  readonly #latenciesMs: number[] = [];
  #lastId = 0;
  #errors = 0;
  #firstError: string | undefined;

  constructor(request: LoadRequest) {
    this.#request = request;
    this.#path = new URL(request.url).pathname;
    this.#tail = `,"method":"tools/call","params":${JSON.stringify(request.params)}}`;
  }

  async result(): Promise<LoadResult> {
    const { url, connections, seconds } = this.#request;
    const clients = Array.from({ length: connections }, () => new Client(new URL(url).origin));
    const callers = await Promise.all(clients.map((client) => this.#callerOn(client)));
    const startedAt = performance.now();
    const deadline = startedAt + seconds * 1000;
    await Promise.all(callers.map((caller) => this.#loop(caller, deadline)));
    const elapsedMs = performance.now() - startedAt;
    await Promise.all(clients.map((client) => client.close()));
    return {
      answers: this.#latenciesMs.length,
      errors: this.#errors,
      ...(this.#firstError === undefined ? {} : { firstError: this.#firstError }),
      seconds: elapsedMs / 1000,
      p50Ms: percentile(this.#latenciesMs, 0.5),
      p95Ms: percentile(this.#latenciesMs, 0.95),
      p99Ms: percentile(this.#latenciesMs, 0.99),
    };
  }

  async #callerOn(client: Client): Promise<Caller> {
    const { headers, sessions } = this.#request;
    if (!sessions) return { client, headers };
    return { client, headers: await beginSession(client, this.#path, headers) };
  }

  async #loop(caller: Caller, deadline: number): Promise<void> {
    while (performance.now() < deadline) {
      try {
        await this.#call(caller);
      } catch (error) {
        this.#fail(String(error));
      }
    }
  }

  async #call({ client, headers }: Caller): Promise<void> {
    const { expected } = this.#request;
    const id = ++this.#lastId;
    const body = `{"jsonrpc":"2.0","id":${id}${this.#tail}`;
    const sentAt = performance.now();
    const reply = await client.request({ method: 'POST', path: this.#path, headers, body });
    const text = await reply.body.text();
    this.#latenciesMs.push(performance.now() - sentAt);
    const message = messageOf(text, String(reply.headers['content-type']));
    if (reply.statusCode !== 200 || !isRight(expected, body, message, id)) {
      this.#fail(`request ${id} was answered ${reply.statusCode} ${text.slice(0, 300)}`);
    }
  }

  #fail(error: string): void {
    this.#errors++;
    this.#firstError ??= error;
  }
}

serveParent({
  ready: {},
  answer: (message) => new Run(loadRequest.parse(message)).result(),
});
