import type { SchemaCheck } from './schema-problems.ts';
import { UpstreamError, type JsonObject } from './upstream.ts';

/** Of a refusal's own words. */
const maxExplanation = 2_000;

export const errorResult = (text: string): JsonObject => ({
  content: [{ type: 'text', text }],
  isError: true,
});

const essenceOf = (response: Response): string =>
  (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

const isJson = (type: string): boolean => /^application\/(?:[\w.-]+\+)?json$/u.test(type);

const isText = (type: string): boolean =>
  type.startsWith('text/') ||
  /^(?:application\/(?:[\w.-]+\+)?(?:xml|yaml|x-yaml|x-ndjson|jsonl|javascript)|image\/svg\+xml)$/u.test(
    type,
  );

/** @throws UpstreamError `too-large`, having read not much more than `maxBytes`. */
const readCapped = async (response: Response, maxBytes: number): Promise<Buffer> => {
  const tooLarge = () => new UpstreamError('too-large', 'The answer is too large.');
  const { body } = response;
  if (body === null) return Buffer.alloc(0);
  if (Number(response.headers.get('content-length') ?? 0) > maxBytes) {
    await body.cancel();
    throw tooLarge();
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  // Leaving the loop cancels the stream.
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
};

const decoded = (response: Response, bytes: Buffer): string => {
  const charset = /;\s*charset="?([\w-]+)/iu.exec(response.headers.get('content-type') ?? '')?.[1];
  try {
    return new TextDecoder(charset ?? 'utf-8').decode(bytes);
  } catch {
    return new TextDecoder().decode(bytes);
  }
};

/** Structured content is an object: others are put into one (build/openapi/output-schema.ts declares it so). */
const asObject = (value: unknown): JsonObject => {
  if (Array.isArray(value)) return { items: value };
  return typeof value === 'object' && value !== null ? (value as JsonObject) : { value };
};

const refusal = async (response: Response, maxBytes: number): Promise<JsonObject> => {
  const type = essenceOf(response);
  // A page for people says nothing to a model.
  const isReadable = isJson(type) || type === 'text/plain';
  const text = isReadable ? decoded(response, await readCapped(response, maxBytes)).trim() : '';
  if (!isReadable) await response.body?.cancel();
  const explanation =
    text.length > maxExplanation ? `${text.slice(0, maxExplanation)}… (cut)` : text;
  const answered = `The server refused the request with status ${response.status}.`;
  return errorResult(explanation === '' ? answered : `${answered}\n${explanation}`);
};

const success = async (
  response: Response,
  maxBytes: number,
  output: SchemaCheck | undefined,
): Promise<JsonObject> => {
  const bytes = await readCapped(response, maxBytes);
  const type = essenceOf(response);
  const { status } = response;
  const unpromised = (text: string) =>
    errorResult(
      `The server answered ${status} in another form than its description says.\n${text}`,
    );

  if (isJson(type) && bytes.length > 0) {
    let value: unknown;
    try {
      value = JSON.parse(decoded(response, bytes));
    } catch {
      return errorResult(`The server answered ${status} with JSON that cannot be read.`);
    }
    const structuredContent = asObject(value);
    const text = JSON.stringify(structuredContent);
    const problems = output?.problemsOf(structuredContent) ?? [];
    // Clients refuse structured content that is not by the schema; as text, the model can still use it.
    if (problems.length > 0) return unpromised(`${problems.join('; ')}\n${text}`);
    return { content: [{ type: 'text', text }], structuredContent };
  }
  if (bytes.length === 0) {
    const text = `The server answered ${status}, with no content.`;
    return output === undefined ? { content: [{ type: 'text', text }] } : unpromised(text);
  }
  if (isText(type)) {
    const text = decoded(response, bytes);
    return output === undefined ? { content: [{ type: 'text', text }] } : unpromised(text);
  }
  if (output === undefined && /^image\/[\w.+-]+$/u.test(type)) {
    return { content: [{ type: 'image', data: bytes.toString('base64'), mimeType: type }] };
  }
  const named = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/u.test(type) ? type : 'no known type';
  return errorResult(
    `The server answered ${status} with ${bytes.length} bytes of ${named}, which cannot be shown.`,
  );
};

/**
 * The result of a call from what the backend answered.
 * @throws UpstreamError `unauthorized` when the operator's credential was refused, `too-large`.
 */
export const toolResult = async (
  response: Response,
  maxBytes: number,
  output: SchemaCheck | undefined,
): Promise<JsonObject> => {
  const { status } = response;
  if (status >= 200 && status < 300) return success(response, maxBytes, output);
  if (status === 401 || status === 403) {
    await response.body?.cancel();
    throw new UpstreamError('unauthorized', 'The backend refused our credential.');
  }
  if (status >= 400 && status < 500) return refusal(response, maxBytes);
  await response.body?.cancel();
  return errorResult(
    status >= 500
      ? `The server failed with status ${status}.`
      : `The server answered with status ${status}, which is not followed.`,
  );
};
