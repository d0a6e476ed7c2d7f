import * as z from 'zod';
import { HandshakeError } from './mcp-result.ts';
import type { McpAnswer } from './mcp-requests.ts';

/** AWS: "Response streaming for Lambda proxy integrations": the head as JSON, eight NUL bytes, the body. */
const delimiter = Buffer.alloc(8);

const head = z.object({
  statusCode: z.number().int(),
  headers: z.record(z.string(), z.string()).default({}),
});

/** Above what any answer to a handshake has. */
const maxBytes = 6 * 1024 * 1024;

/** The HTTP answer in the bytes that a streaming function writes. @throws HandshakeError when there is none. */
export const readStreamedAnswer = async (chunks: AsyncIterable<Uint8Array>): Promise<McpAnswer> => {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of chunks) {
    size += chunk.byteLength;
    if (size > maxBytes) throw new HandshakeError('the answer is too large');
    parts.push(chunk);
  }
  const bytes = Buffer.concat(parts);
  const end = bytes.indexOf(delimiter);
  if (end < 0) throw new HandshakeError('the answer has no head');
  let parsed: unknown;
  try {
    parsed = JSON.parse(bytes.toString('utf8', 0, end));
  } catch {
    throw new HandshakeError('the head of the answer is not JSON');
  }
  const read = head.safeParse(parsed);
  if (!read.success) throw new HandshakeError('the head of the answer is no HTTP head');
  const { statusCode, headers } = read.data;
  return {
    status: statusCode,
    headers: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    ),
    body: bytes.toString('utf8', end + delimiter.length),
  };
};
