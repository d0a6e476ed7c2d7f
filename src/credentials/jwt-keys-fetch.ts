import { request, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { JwksFetch } from './jwks-source.ts';

export interface FetchLimits {
  /** From connecting to the last byte. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
}

const defaultLimits: FetchLimits = { timeoutMs: 3_000, maxBytes: 64 * 1024 };

const textOf = async (response: IncomingMessage, maxBytes: number): Promise<string> => {
  // A redirect could lead anywhere: only the address that was configured is asked.
  if (response.statusCode !== 200) throw new Error(`the JWKS answered ${response.statusCode}`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new Error(`the JWKS is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** Reads a JWKS over one connection of its own: it is read once an hour. Follows no redirect. */
export const createJwksFetch =
  ({ timeoutMs, maxBytes }: FetchLimits = defaultLimits): JwksFetch =>
  (jwksUri) =>
    new Promise((resolve, reject) => {
      const url = new URL(jwksUri);
      const options = {
        agent: false,
        headers: { accept: 'application/jwk-set+json, application/json' },
        signal: AbortSignal.timeout(timeoutMs),
      };
      const answered = (response: IncomingMessage): void => {
        textOf(response, maxBytes)
          .finally(() => response.destroy())
          .then(resolve, reject);
      };
      const outgoing =
        url.protocol === 'https:'
          ? tlsRequest(url, options, answered)
          : request(url, options, answered);
      outgoing.on('error', reject).end();
    });
