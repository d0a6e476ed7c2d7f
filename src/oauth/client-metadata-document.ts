import * as z from 'zod';
import type { Clock } from '../clock/clock.ts';
import type { GuardedFetch } from '../fetch-guard/guarded-fetch.ts';
import { isLoopbackRedirectUri, isWellFormedRedirectUri } from './redirect-uri.ts';

/** draft-ietf-oauth-client-id-metadata-document §4. What else is in it is not used. */
const document = z
  .looseObject({
    client_id: z.string(),
    client_name: z.string().max(200).optional(),
    redirect_uris: z.array(z.string()).min(1).max(50),
    token_endpoint_auth_method: z.string().optional(),
    token_endpoint_auth_methods_supported: z.array(z.string()).optional(),
    client_secret: z.never().optional(),
    grant_types: z.array(z.string()).optional(),
    response_types: z.array(z.string()).optional(),
  })
  // A document is public: it cannot hold a shared secret, and keys are not looked at here (§4.1). ChatGPT's prefers
  // private_key_jwt and lists none as well.
  .refine(
    ({
      token_endpoint_auth_method: method = 'none',
      token_endpoint_auth_methods_supported: more,
    }) => method === 'none' || (more?.includes('none') ?? false),
  );

export interface ClientDocument {
  readonly name: string | undefined;
  readonly redirectUris: readonly string[];
}

/** Longer ones do not fit into the URLs of the flow. */
const maxClientIdLength = 300;

/**
 * §3: an https URL with a path, without user info, fragment or dot segments, in its one normal spelling. The guard
 * holds `loopbackOrigins` to this machine.
 */
export const isClientIdUrl = (clientId: string, loopbackOrigins: readonly string[]): boolean => {
  if (clientId.length > maxClientIdLength || !URL.canParse(clientId)) return false;
  const url = new URL(clientId);
  return (
    url.href === clientId &&
    (url.protocol === 'https:' || loopbackOrigins.includes(url.origin)) &&
    url.pathname !== '/' &&
    url.username === '' &&
    url.password === '' &&
    !clientId.includes('#')
  );
};

const isJson = (contentType: string | undefined): boolean =>
  /^application\/([\w.-]+\+)?json$/u.test(contentType?.split(';', 1)[0]?.trim() ?? '');

/** Why a document is not used: one word for the log. */
export class ClientDocumentError extends Error {
  override readonly name = 'ClientDocumentError';
}

const parseDocument = (text: string, clientId: string): ClientDocument => {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new ClientDocumentError('not JSON');
  }
  const { data } = document.safeParse(json);
  if (data === undefined) throw new ClientDocumentError('not client metadata');
  // §4: the document must say the very URL it is at.
  if (data.client_id !== clientId) throw new ClientDocumentError('of another client');
  if (data.grant_types !== undefined && !data.grant_types.includes('authorization_code')) {
    throw new ClientDocumentError('not of the code grant');
  }
  // MCP 2026-07-28, basic/authorization, "Communication Security": redirect URIs are https or loopback.
  const redirectUris = data.redirect_uris.filter(
    (uri) =>
      isLoopbackRedirectUri(uri) || (isWellFormedRedirectUri(uri) && uri.startsWith('https://')),
  );
  if (redirectUris.length === 0) throw new ClientDocumentError('no redirect URI fit to use');
  return { name: data.client_name, redirectUris };
};

const keepMs = 5 * 60_000;
/** A failure is kept as well, so that a stranger cannot have us ask a host for each request of theirs. */
const keepFailureMs = 30_000;
const maxKept = 200;

interface Kept {
  readonly until: number;
  readonly document: Promise<ClientDocument>;
}

/** Client ID Metadata Documents, fetched behind the guard. */
export class ClientDocuments {
  readonly #fetch: GuardedFetch;
  readonly #now: Clock;
  readonly #kept = new Map<string, Kept>();

  constructor(fetch: GuardedFetch, now: Clock) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** @throws GuardError or ClientDocumentError. */
  get(clientId: string): Promise<ClientDocument> {
    const kept = this.#kept.get(clientId);
    if (kept !== undefined && kept.until > this.#now()) return kept.document;
    this.#kept.delete(clientId);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= maxKept && oldest !== undefined) this.#kept.delete(oldest);

    const document = this.#read(clientId);
    this.#kept.set(clientId, { until: this.#now() + keepMs, document });
    document.catch(() => {
      if (this.#kept.get(clientId)?.document === document) {
        this.#kept.set(clientId, { until: this.#now() + keepFailureMs, document });
      }
    });
    return document;
  }

  async #read(clientId: string): Promise<ClientDocument> {
    const { status, headers, body } = await this.#fetch(clientId, {
      headers: { accept: 'application/json', 'user-agent': 'drawbridge' },
    });
    if (status !== 200) throw new ClientDocumentError('not found');
    if (!isJson(headers.get('content-type'))) throw new ClientDocumentError('not JSON');
    return parseDocument(body, clientId);
  }
}
