import type { McpAnswer, SendMcp } from '../handshake/mcp-requests.ts';

export interface HttpRequest {
  readonly method: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** One request to the deployment, by its path below the API's URL. Redirects are answers. */
export type Exchange = (path: string, request: HttpRequest) => Promise<McpAnswer>;

/** An answer to a probe is small; whatever sends more is not what was asked. */
const maxBytes = 4_000_000;
const timeoutMs = 60_000;

const read = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.length > maxBytes) throw new Error('the answer is too large');
  }
  return text + decoder.decode();
};

export const httpExchange =
  (url: string, fetching: typeof fetch = fetch): Exchange =>
  async (path, { method, headers = {}, body }) => {
    const response = await fetching(`${url}${path}`, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body === undefined ? {} : { body }),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await read(response),
    };
  };

const attempts = 4;
const longestWaitSeconds = 10;

const sleep = (seconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, seconds * 1_000));

/** MCP by POST, with a key. A plan may admit fewer requests a second than are made: 429 is waited out, as clients do. */
export const keyedMcp =
  (exchange: Exchange, key: string, path = '/mcp', wait = sleep): SendMcp =>
  async ({ headers, body }) => {
    for (let left = attempts - 1; ; left -= 1) {
      const answer = await exchange(path, {
        method: 'POST',
        headers: { ...headers, Authorization: `Bearer ${key}` },
        body,
      });
      const seconds = Number(answer.headers['retry-after'] ?? 1);
      if (answer.status !== 429 || left === 0 || !(seconds <= longestWaitSeconds)) return answer;
      await wait(seconds);
    }
  };
