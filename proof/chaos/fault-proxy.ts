import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export const faultKinds = ['slow', 'hanging', 'refusing', 'garbage', '5xx', 'dying'] as const;
export type FaultKind = (typeof faultKinds)[number];

/** As the table has them. */
export const faultTexts: Readonly<Record<FaultKind, string>> = {
  slow: 'slow: each part of an answer 200 ms late',
  hanging: 'takes requests, answers none',
  refusing: 'refuses connections',
  garbage: 'answers rubbish',
  '5xx': 'answers 500',
  dying: 'dies mid-answer',
};

/** Sockets before a server, which misbehave on demand. */
export interface FaultProxy {
  readonly port: number;
  /** No slash at its end. */
  readonly origin: string;
  /** Requests that met the fault of now; those that were refused reach nobody who could count. */
  readonly hits: () => number;
  /** Connections there are end; new ones meet the fault. */
  readonly break: (kind: FaultKind) => Promise<void>;
  /** Connections there are end; new ones are passed on. */
  readonly mend: () => Promise<void>;
  readonly close: () => Promise<void>;
}

const slowMs = 200;
const headEnd = '\r\n\r\n';

const answerOf = (status: string, body: string): string =>
  `HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`;

const internalError = answerOf(
  '500 Internal Server Error',
  '{"__type":"InternalServerError","message":"made to fail"}',
);
/** By turns: what is no HTTP at all, and an answer whose body is no JSON. */
const rubbish = (turn: number): string =>
  turn % 2 === 0
    ? '\x00\x01 neither head nor body \xff\r\n'
    : answerOf('200 OK', '<<< not JSON >>>');

const passOn = (client: Socket, target: Socket): void => {
  client.pipe(target).pipe(client);
};

const passOnSlowly = (client: Socket, target: Socket): void => {
  client.pipe(target);
  target.on('data', (chunk: Buffer) => {
    setTimeout(() => client.destroyed || client.write(chunk), slowMs);
  });
  target.on('end', () => setTimeout(() => client.end(), slowMs));
};

/** The whole head, and half of what comes behind it. */
const dieMidAnswer = (client: Socket, target: Socket): void => {
  client.pipe(target);
  let seen = Buffer.alloc(0);
  let sent = 0;
  target.on('data', (chunk: Buffer) => {
    seen = Buffer.concat([seen, chunk]);
    const end = seen.indexOf(headEnd);
    if (end < 0) return;
    const bodyAt = end + headEnd.length;
    client.write(seen.subarray(sent, bodyAt));
    sent = bodyAt;
    if (seen.length <= bodyAt) return;
    const half = seen.subarray(bodyAt, bodyAt + Math.floor((seen.length - bodyAt) / 2));
    client.write(half, () => client.destroy());
    target.destroy();
  });
};

/** @param targetPort - of this machine; a function where it is known later than this address. */
export const startFaultProxy = async (targetPort: () => number): Promise<FaultProxy> => {
  const sockets = new Set<Socket>();
  let fault: FaultKind | undefined;
  let hits = 0;

  const hold = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  };
  const accept = (client: Socket): void => {
    hold(client).setNoDelay(true);
    const kind = fault;
    if (kind !== undefined) client.on('data', () => (hits += 1));
    if (kind === 'hanging') return;
    if (kind === 'garbage' || kind === '5xx') {
      client.on('data', () => client.end(kind === '5xx' ? internalError : rubbish(hits)));
      return;
    }
    const target = hold(connect(targetPort(), '127.0.0.1')).setNoDelay(true);
    target.on('error', () => client.destroy());
    client.on('close', () => target.destroy());
    const relay = kind === 'slow' ? passOnSlowly : kind === 'dying' ? dieMidAnswer : passOn;
    relay(client, target);
  };
  const listen = async (port: number): Promise<Server> => {
    const listening = createServer(accept).listen(port, '127.0.0.1');
    await once(listening, 'listening');
    return listening;
  };
  let server: Server | undefined = await listen(0);
  const { port } = server.address() as AddressInfo;

  const cut = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  const stopListening = async (): Promise<void> => {
    const stopped = server === undefined ? undefined : once(server, 'close');
    server?.close();
    server = undefined;
    cut();
    await stopped;
  };
  const turn = async (kind: FaultKind | undefined): Promise<void> => {
    fault = kind;
    hits = 0;
    if (kind === 'refusing') return stopListening();
    server ??= await listen(port);
    cut();
  };
  return {
    port,
    origin: `http://127.0.0.1:${port}`,
    hits: () => hits,
    break: (kind) => turn(kind),
    mend: () => turn(undefined),
    close: stopListening,
  };
};
