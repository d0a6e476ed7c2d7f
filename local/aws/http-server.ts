import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline, Readable } from 'node:stream';
import type { Authorizer } from './authorization.ts';
import { AwsError, notImplemented } from './aws-error.ts';
import type { AwsReply, AwsService } from './aws-service.ts';
import type { LocalCredentials, Principal } from './credentials.ts';
import {
  parseAuthorization,
  verifySignature,
  type RefusalReason,
  type SignedRequest,
} from './sigv4.ts';

const MAX_BODY_BYTES = 5 * 1024 * 1024;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 120_000;

export interface AwsHttpServerOptions {
  readonly region: string;
  readonly credentials: LocalCredentials;
  readonly authorizer: Authorizer;
  readonly services: readonly AwsService[];
  readonly now: () => number;
  readonly onError: (error: unknown) => void;
}

const REFUSALS: Readonly<Record<RefusalReason, readonly [code: string, message: string]>> = {
  Missing: ['MissingAuthenticationTokenException', 'Request is missing Authentication Token'],
  Malformed: ['IncompleteSignatureException', 'The Authorization header is not a SigV4 one.'],
  WrongScope: ['InvalidSignatureException', 'Credential is scoped to another region or date.'],
  Expired: ['InvalidSignatureException', 'Signature expired or not yet current.'],
  UnknownKey: [
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  ],
  WrongSessionToken: [
    'UnrecognizedClientException',
    'The security token included in the request is invalid.',
  ],
  UnsignedHeader: [
    'InvalidSignatureException',
    'There were headers present in the request which were not signed.',
  ],
  PayloadMismatch: [
    'InvalidSignatureException',
    'The x-amz-content-sha256 header does not match what was computed.',
  ],
  InvalidSignature: [
    'InvalidSignatureException',
    'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.',
  ],
};

/** The wire of every AWS API that the twin has: signature first, then the service that the signature is scoped to. */
export class AwsHttpServer {
  readonly #options: AwsHttpServerOptions;
  readonly #services: ReadonlyMap<string, AwsService>;
  readonly #server: Server;

  constructor(options: AwsHttpServerOptions) {
    this.#options = options;
    this.#services = new Map(options.services.map((service) => [service.signingName, service]));
    this.#server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS, requestTimeout: REQUEST_TIMEOUT_MS },
      (request, response) => void this.#serve(request, response),
    );
  }

  /** Resolves with the URL. @throws Error when the port is taken. */
  async listen(port: number): Promise<string> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let reply: AwsReply;
    try {
      reply = await this.#reply(request);
    } catch (error) {
      reply = this.#errorReply(error);
    }
    if (response.destroyed) return;
    const { status, body } = reply;
    const headers = { 'x-amzn-requestid': randomUUID(), ...reply.headers };
    if (body instanceof Readable) {
      response.writeHead(status, headers);
      // A caller who goes away ends the stream; what writes into it goes on.
      pipeline(body, response, () => undefined);
      return;
    }
    response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) });
    response.end(body);
  }

  async #reply(incoming: IncomingMessage): Promise<AwsReply> {
    const url = incoming.url ?? '/';
    const service = parseAuthorization(incoming.headers.authorization)?.service ?? '';
    const implementation = this.#services.get(service);
    const mark = url.indexOf('?');
    const request: SignedRequest = {
      method: incoming.method ?? '',
      path: mark < 0 ? url : url.slice(0, mark),
      query: mark < 0 ? '' : url.slice(mark + 1),
      headers: incoming.headers,
      body: await readBody(incoming, implementation?.maxBodyBytes ?? MAX_BODY_BYTES),
    };
    const principal = this.#authenticate(request, service);
    if (implementation === undefined) {
      throw notImplemented(`${service} (${describe(request)})`);
    }
    return implementation.handle({
      ...request,
      principal,
      authorize: (action, resource) =>
        this.#options.authorizer.authorize(principal, action, resource),
    });
  }

  #authenticate(request: SignedRequest, service: string): Principal {
    const { credentials, region, now } = this.#options;
    const verification = verifySignature(request, {
      service,
      region,
      now: now(),
      credentialsFor: (id) => credentials.lookup(id),
    });
    if (verification.kind === 'refused') {
      const [code, message] = REFUSALS[verification.reason];
      throw new AwsError(code, message, 403);
    }
    const key = credentials.lookup(verification.accessKeyId);
    if (key === undefined) throw new Error('A verified key is not known.');
    return key.principal;
  }

  #errorReply(error: unknown): AwsReply {
    const known = error instanceof AwsError ? error : undefined;
    if (known === undefined) this.#options.onError(error);
    const code = known?.code ?? 'InternalFailure';
    const message = known?.message ?? 'The twin failed. Its own log tells why.';
    return {
      status: known?.status ?? 500,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': code },
      body: JSON.stringify({ __type: code, message }),
    };
  }
}

/** What a person recognises a call by: its target, or its method and path. */
const describe = ({ method, path, headers }: SignedRequest): string => {
  const target = headers['x-amz-target'];
  return typeof target === 'string' ? target : `${method} ${path}`;
};

/** @throws AwsError RequestEntityTooLargeException above `limit`. */
const readBody = async (request: IncomingMessage, limit: number): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= limit) chunks.push(chunk);
  }
  if (size > limit) {
    throw new AwsError(
      'RequestEntityTooLargeException',
      `The twin reads at most ${limit} bytes of such an AWS call.`,
      413,
    );
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
};
