import type { ClientDocuments } from './client-metadata-document.ts';
import { isClientIdUrl } from './client-metadata-document.ts';
import type { FacadeConfig } from './facade-env.ts';
import { UntrustedRequestError } from './oauth-error.ts';
import { isListedRedirectUri, isLoopbackRedirectUri } from './redirect-uri.ts';

/** `shared`: the pre-created public client; `other`: configured; `document`: known by its metadata document. */
export type ClientKind = 'shared' | 'other' | 'document';

/** Who asks, and as whom it is known to the pool. */
export interface ClientIdentity {
  readonly kind: ClientKind;
  readonly clientId: string;
  readonly poolClientId: string;
}

export interface Client extends ClientIdentity {
  /** Vouched for: by the configuration, or by the host that the document was fetched from. */
  readonly name: string | undefined;
  /** What the client calls itself; anybody may call themselves anything. */
  readonly claimedName: string | undefined;
  mayRedirectTo(uri: string): boolean;
}

export interface ClientsDeps {
  readonly config: FacadeConfig;
  readonly documents: ClientDocuments;
  readonly loopbackOrigins: readonly string[];
}

export class Clients {
  readonly #config: FacadeConfig;
  readonly #documents: ClientDocuments;
  readonly #loopbackOrigins: readonly string[];

  constructor({ config, documents, loopbackOrigins }: ClientsDeps) {
    this.#config = config;
    this.#documents = documents;
    this.#loopbackOrigins = loopbackOrigins;
  }

  /**
   * The client by its id alone; a metadata document is not fetched. Enough for the token endpoint, where what the
   * client holds (a code bound to its id, a refresh token) is what counts.
   */
  identify(clientId: string): ClientIdentity | undefined {
    const { publicClientId, otherClients } = this.#config;
    if (clientId === publicClientId) {
      return { kind: 'shared', clientId, poolClientId: publicClientId };
    }
    if (otherClients.some((other) => other.clientId === clientId)) {
      return { kind: 'other', clientId, poolClientId: clientId };
    }
    return isClientIdUrl(clientId, this.#loopbackOrigins)
      ? { kind: 'document', clientId, poolClientId: publicClientId }
      : undefined;
  }

  /** @throws UntrustedRequestError when there is no such client, or its document cannot be had. */
  async find(clientId: string): Promise<Client> {
    const identity = this.identify(clientId);
    if (identity === undefined) {
      throw new UntrustedRequestError('client', 'The application is not known here.');
    }
    if (identity.kind === 'document') {
      const document = await this.#documents.get(clientId).catch((cause: unknown) => {
        const message = 'The application could not be looked up by the address it gave.';
        throw new UntrustedRequestError('client-document', message, { cause });
      });
      return {
        ...identity,
        name: new URL(clientId).host,
        claimedName: document.name,
        mayRedirectTo: (uri) => isListedRedirectUri(uri, document.redirectUris),
      };
    }
    const other = this.#config.otherClients.find((one) => one.clientId === clientId);
    return {
      ...identity,
      name: other?.name,
      claimedName: undefined,
      mayRedirectTo: (uri) =>
        other === undefined
          ? isSharedRedirectUri(uri, this.#config)
          : isListedRedirectUri(uri, other.redirectUris),
    };
  }
}

/** What the shared client may redirect to: the configured list, and any program on the person's own machine. */
export const isSharedRedirectUri = (uri: string, { redirectUris }: FacadeConfig): boolean =>
  isLoopbackRedirectUri(uri) || isListedRedirectUri(uri, redirectUris);
