import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface SignedFetchOptions {
  /** Asked for each request, as the AWS SDKs' providers expect: `fromNodeProviderChain()` caches by itself. */
  readonly credentials: SigningCredentials | (() => Promise<SigningCredentials>);
  /** The region of the API: that of `execute-api` in its URL. */
  readonly region: string;
  /** @default 'execute-api' */
  readonly service?: string;
  /** What sends the signed request. @default the global fetch */
  readonly fetch?: (input: string | URL, init?: RequestInit) => Promise<Response>;
  /** @default () => new Date() */
  readonly now?: () => Date;
}

/** As much of `fetch` as both MCP SDKs' `fetch` option takes. */
export type SignedFetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/**
 * Headers that are signed: those that decide how the request is read. The rest may change on the way without
 * breaking the signature.
 */
const isSigned = (name: string): boolean =>
  name === 'content-type' || name.startsWith('mcp-') || name.startsWith('x-amz-');

const escapeUri = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** The query, each parameter once more or in a list, and as it goes over the wire: no `+` that could mean two things. */
const queryOf = ({ searchParams }: URL) => {
  const query: Record<string, string[]> = {};
  for (const [name, value] of searchParams) (query[name] ??= []).push(value);
  const wire = [...searchParams].map(([name, value]) => `${escapeUri(name)}=${escapeUri(value)}`);
  return { query, wire: wire.join('&') };
};

const bodyOf = async (request: Request): Promise<Uint8Array<ArrayBuffer> | undefined> =>
  request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());

/**
 * A `fetch` that signs each request with AWS Signature Version 4, for the AWS_IAM route of Drawbridge:
 *
 *     new StreamableHTTPClientTransport(new URL(ciUrl), { fetch: signedFetch({ credentials, region }) })
 *
 * Every request is signed anew, also one that is sent again, because a signature is good for five minutes. The body is
 * read whole. Redirects are not followed: a session token is for the host that it was meant for.
 *
 * @throws Error from the returned function, when there are no credentials; what `fetch` throws otherwise.
 */
export const signedFetch = ({
  credentials,
  region,
  service = 'execute-api',
  fetch: send = fetch,
  now = () => new Date(),
}: SignedFetchOptions): SignedFetch => {
  const signer = new SignatureV4({ credentials, region, service, sha256: Sha256 });

  return async (input, init) => {
    // What the caller gave, in one shape: it also sets the content type of the body, as fetch would.
    const request = new Request(input, init);
    const url = new URL(request.url);
    const { query, wire } = queryOf(url);
    url.search = wire;
    url.hash = '';
    const body = await bodyOf(request);

    const headers = Object.fromEntries(request.headers);
    // An SDK's own token, or a signature that was made before.
    for (const name of Object.keys(headers)) {
      if (name === 'authorization' || name.startsWith('x-amz-')) delete headers[name];
    }
    const toSign = Object.entries(headers).filter(([name]) => isSigned(name));
    const { headers: signed } = await signer.sign(
      {
        method: request.method,
        protocol: url.protocol,
        hostname: url.hostname,
        path: url.pathname,
        query,
        headers: { ...Object.fromEntries(toSign), host: url.host },
        ...(body === undefined ? {} : { body }),
      },
      { signingDate: now() },
    );
    // fetch sends the URL's host itself, and takes no other.
    const { host: _, ...own } = signed;
    return send(url, {
      ...init,
      method: request.method,
      headers: { ...headers, ...own },
      redirect: 'manual',
      signal: request.signal,
      ...(body === undefined ? {} : { body }),
    });
  };
};
