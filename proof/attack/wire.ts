import { request } from 'node:http';
import { connect } from 'node:net';

/** One request as any program could make it: nothing in it is put right on the way. */
export interface Sent {
  /** @default POST */
  readonly method?: string;
  /** As it goes over the wire. @default /mcp */
  readonly path?: string;
  /** A list is sent as several headers. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | object;
  /** Sent as a bearer token. */
  readonly key?: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Status line and headers. */
  readonly head: string;
  readonly text: string;
  /** The body as JSON; an empty object when it is none. */
  readonly json: ReplyJson;
}

export interface ReplyJson {
  readonly [name: string]: unknown;
  readonly code?: string;
  readonly error?: { readonly code: number; readonly message: string };
  readonly result?: {
    readonly [name: string]: unknown;
    readonly isError?: boolean;
    readonly content?: readonly { readonly text?: string }[];
    readonly tools?: readonly Readonly<Record<string, unknown>>[];
  };
}

const jsonOf = (text: string): ReplyJson => {
  try {
    return JSON.parse(text) as ReplyJson;
  } catch {
    return {};
  }
};

export const replyOf = (
  status: number,
  headers: Readonly<Record<string, string | undefined>>,
  text: string,
): Reply => ({ status, headers, head: JSON.stringify(headers), text, json: jsonOf(text) });

export const sendTo = (
  url: string,
  { method = 'POST', path = '/mcp', headers = {}, body = '', key }: Sent,
): Promise<Reply> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    const outgoing = request(
      {
        hostname,
        port,
        method,
        path,
        headers: {
          ...(text === '' ? {} : { 'content-type': 'application/json' }),
          'content-length': Buffer.byteLength(text),
          ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
          ...headers,
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('end', () =>
          resolve(
            replyOf(
              response.statusCode ?? 0,
              Object.fromEntries(
                Object.entries(response.headers).map(([name, value]) => [name, String(value)]),
              ),
              Buffer.concat(chunks).toString('utf8'),
            ),
          ),
        );
      },
    );
    outgoing.once('error', reject);
    outgoing.end(text);
  });

const headEnd = '\r\n\r\n';

const parsed = (text: string): Reply => {
  const [head = '', body = ''] = [text.split(headEnd, 1)[0], text.slice(text.indexOf(headEnd) + 4)];
  const [line = '', ...fields] = head.split('\r\n');
  const headers = Object.fromEntries(
    fields.map((field) => {
      const at = field.indexOf(':');
      return [field.slice(0, at).toLowerCase(), field.slice(at + 1).trim()];
    }),
  );
  return { ...replyOf(Number(line.split(' ')[1] ?? 0), headers, body), head };
};

/** The answers that came, each from its status line on. A body that holds a status line would be two. */
const answersIn = (text: string): readonly Reply[] =>
  text.split(/(?=HTTP\/1\.1 \d{3} )/u).flatMap((one) => (one === '' ? [] : [parsed(one)]));

/** Bytes over a connection of their own, and what came back until the other side closed it or was silent. */
export const rawTo = (url: string, bytes: string, silentMs = 400): Promise<readonly Reply[]> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname, () =>
      socket.write(Buffer.from(bytes, 'latin1')),
    );
    let text = '';
    let silence: NodeJS.Timeout | undefined;
    const end = (): void => {
      clearTimeout(silence);
      socket.destroy();
      resolve(answersIn(text));
    };
    const wait = (ms: number): void => {
      clearTimeout(silence);
      silence = setTimeout(end, ms);
    };
    wait(5_000);
    socket.on('data', (chunk) => {
      text += chunk.toString('utf8');
      wait(silentMs);
    });
    socket.on('error', end);
    socket.on('close', end);
  });
