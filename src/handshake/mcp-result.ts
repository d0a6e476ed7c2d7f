import * as z from 'zod';
import type { McpAnswer } from './mcp-requests.ts';

/** An answer is not what it should be. The message is ours, and quotes nothing of the answer but codes. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
}

const message = z.object({
  jsonrpc: z.literal('2.0'),
  /** Notifications have none. */
  id: z.unknown().optional(),
  method: z.string().optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ code: z.number() }).optional(),
});
export type RpcMessage = z.infer<typeof message>;

/** The data of each event (HTML, "Server-sent events"). */
const eventData = (text: string): readonly string[] =>
  text
    .split(/\r?\n\r?\n/u)
    .map((event) =>
      event
        .split(/\r?\n/u)
        .filter((line) => line.startsWith('data:'))
        .map((line) => line.slice('data:'.length).trimStart())
        .join('\n'),
    )
    .filter((data) => data !== '');

export const isEventStream = ({ headers }: McpAnswer): boolean =>
  headers['content-type']?.startsWith('text/event-stream') === true;

/** The JSON-RPC messages of an answer, in their order. @throws HandshakeError */
export const messagesIn = (answer: McpAnswer): readonly RpcMessage[] => {
  const texts = isEventStream(answer) ? eventData(answer.body) : [answer.body];
  return texts.map((text) => {
    let parsed: unknown;
    try {
      parsed = JSON.parse(text);
    } catch {
      throw new HandshakeError('the answer is not JSON');
    }
    const read = message.safeParse(parsed);
    if (!read.success) throw new HandshakeError('the answer is no JSON-RPC message');
    return read.data;
  });
};

/** The result that answers a request. @throws HandshakeError when there is none. */
export const resultOf = (answer: McpAnswer): Readonly<Record<string, unknown>> => {
  if (answer.status !== 200) throw new HandshakeError(`status ${answer.status}`);
  const last = messagesIn(answer).at(-1);
  if (last?.error !== undefined) throw new HandshakeError(`JSON-RPC error ${last.error.code}`);
  if (last?.result === undefined) throw new HandshakeError('there is no result');
  return last.result;
};
