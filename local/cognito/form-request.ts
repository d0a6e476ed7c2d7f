import { IncomingMessage } from 'node:http';

const MAX_BODY_BYTES = 64 * 1024;

/** A request that is answered before OAuth sees it, in the shape of RFC 6749 §5.2. */
export class FormError extends Error {
  override readonly name = 'FormError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** The fields of a form, each at most once (RFC 6749 §3.2). @throws FormError */
export const readForm = async (request: IncomingMessage): Promise<URLSearchParams> => {
  const [mediaType = ''] = (request.headers['content-type'] ?? '').split(';');
  if (mediaType.trim().toLowerCase() !== 'application/x-www-form-urlencoded') {
    throw new FormError('invalid_request', 'The body must be a form.');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (size > MAX_BODY_BYTES) throw new FormError('invalid_request', 'The body is too large.', 413);
  const form = new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
  const repeated = [...form.keys()].find((name) => form.getAll(name).length > 1);
  if (repeated !== undefined) throw new FormError('invalid_request', `${repeated} comes twice.`);
  return form;
};

export interface Rewritten {
  readonly url?: string;
  readonly authorization?: string | undefined;
  readonly form?: URLSearchParams;
}

/** The request as if the client had sent it so. What `original` carried as a body must have been read. */
export const rewritten = (
  original: IncomingMessage,
  { url = original.url ?? '/', authorization, form }: Rewritten,
): IncomingMessage => {
  const body = form === undefined ? undefined : Buffer.from(form.toString());
  const copy = new IncomingMessage(original.socket);
  copy.method = original.method ?? 'GET';
  copy.url = url;
  copy.httpVersion = original.httpVersion;
  copy.headers = {
    ...original.headers,
    ...(authorization === undefined ? {} : { authorization }),
    ...(body === undefined ? {} : { 'content-length': String(body.length) }),
  };
  delete copy.headers['transfer-encoding'];
  if (body !== undefined) copy.push(body);
  copy.push(null);
  copy.complete = true;
  return copy;
};
