import type { CiCredentials } from '../../local/twin.ts';
import { signedFetch } from '../../src/signing/signed-fetch.ts';

/** How a caller shows who it is: whose headers, and by what road. */
export type Send = (message: object, signal: AbortSignal) => Promise<Response>;

const requestOf = (message: object, signal: AbortSignal, headers: Record<string, string> = {}) => ({
  method: 'POST',
  headers: {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...headers,
  },
  body: JSON.stringify(message),
  signal,
});

/** @param credential - an API key or an access token; asked for each request. */
export const bearerLane =
  (mcpUrl: string, credential: () => string | Promise<string>): Send =>
  async (message, signal) => {
    const authorization = `Bearer ${await credential()}`;
    return fetch(mcpUrl, requestOf(message, signal, { authorization }));
  };

/** @param offMs - how far the caller's clock is ahead. */
export const signedLane = (url: string, ci: CiCredentials, offMs = 0): Send => {
  const send = signedFetch({
    region: ci.region,
    credentials: ci,
    now: () => new Date(Date.now() + offMs),
  });
  return (message, signal) => send(`${url}/ci/mcp`, requestOf(message, signal));
};

export const callOf = (name: string, args: object): object => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: args },
});
