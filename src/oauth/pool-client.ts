import { Agent, request, type IncomingMessage } from 'node:http';
import { Agent as TlsAgent, request as tlsRequest } from 'node:https';
import * as z from 'zod';

/** RFC 6749 §5.1. An ID token is left out: its issuer is the pool, which is not who the client asked. */
const tokens = z.object({
  access_token: z.string().min(1),
  token_type: z.string().regex(/^bearer$/iu),
  expires_in: z.number().int().nonnegative().optional(),
  refresh_token: z.string().min(1).optional(),
  scope: z.string().optional(),
});
export type Tokens = z.infer<typeof tokens>;

const refusal = z.looseObject({ error: z.string() });

/** What the pool said to a token request; `unavailable` and `malformed` are its failures, not the client's. */
export type PoolAnswer =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | { readonly kind: 'refused'; readonly error: string }
  | { readonly kind: 'unavailable'; readonly cause?: unknown }
  | { readonly kind: 'malformed'; readonly status: number };

export interface PoolLimits {
  /** From connecting to the last byte. */
  readonly timeoutMs: number;
  readonly maxResponseBytes: number;
}
const defaultLimits: PoolLimits = { timeoutMs: 5_000, maxResponseBytes: 64 * 1024 };

export interface PoolCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** Sends a form to the pool's token endpoint. Never rejects. */
export type AskPool = (
  form: Readonly<Record<string, string>>,
  credentials?: PoolCredentials,
) => Promise<PoolAnswer>;

/** RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
const basic = ({ clientId, clientSecret }: PoolCredentials): string => {
  const encode = (text: string) => new URLSearchParams({ '': text }).toString().slice(1);
  const pair = `${encode(clientId)}:${encode(clientSecret)}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
};

const read = async (response: IncomingMessage, maxBytes: number): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error('the answer is larger than any token response');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const answerOf = (status: number, text: string): PoolAnswer => {
  if (status >= 500 || status === 429) return { kind: 'unavailable' };
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: 'malformed', status };
  }
  if (status === 200) {
    const { data } = tokens.safeParse(json);
    return data === undefined ? { kind: 'malformed', status } : { kind: 'tokens', tokens: data };
  }
  const { data } = refusal.safeParse(json);
  return status >= 400 && data !== undefined
    ? { kind: 'refused', error: data.error }
    : { kind: 'malformed', status };
};

/** A client of the token endpoint of the pool at `poolUrl`. It follows no redirect. */
export const createAskPool = (
  poolUrl: string,
  { timeoutMs, maxResponseBytes }: PoolLimits = defaultLimits,
): AskPool => {
  const url = new URL(`${poolUrl}/oauth2/token`);
  const isTls = url.protocol === 'https:';
  const agentOptions = { keepAlive: true, maxSockets: 50 };
  const agent = isTls ? new TlsAgent(agentOptions) : new Agent(agentOptions);

  return (form, credentials) =>
    new Promise((resolve) => {
      const body = new URLSearchParams(form).toString();
      const options = {
        method: 'POST',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          'content-length': Buffer.byteLength(body),
          accept: 'application/json',
          ...(credentials === undefined ? {} : { authorization: basic(credentials) }),
        },
        agent,
        signal: AbortSignal.timeout(timeoutMs),
      };
      const unavailable = (cause: unknown) => resolve({ kind: 'unavailable', cause });
      const answered = (response: IncomingMessage): void => {
        read(response, maxResponseBytes).then(
          (text) => resolve(answerOf(response.statusCode ?? 0, text)),
          unavailable,
        );
      };
      const outgoing = isTls ? tlsRequest(url, options, answered) : request(url, options, answered);
      outgoing.on('error', unavailable).end(body);
    });
};
