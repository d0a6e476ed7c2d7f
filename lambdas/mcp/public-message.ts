import * as z from 'zod';

/** Texts that we write ourselves, or that the SDK fixes: they quote nothing of what the caller sent. */
const fixedTexts: ReadonlySet<string> = new Set([
  'Unknown tool',
  'Unknown prompt',
  'Resource not found',
  'Unknown reference',
  'Invalid or expired requestState',
  'Unknown cursor',
  'Method not found',
  'Unsupported protocol version',
  'The body is not a JSON-RPC 2.0 message',
]);

const textByCode: Readonly<Record<number, string>> = {
  [-32700]: 'Parse error: the body is not JSON',
  [-32600]: 'Invalid request: the body is not a JSON-RPC 2.0 message',
  [-32601]: 'Method not found',
  [-32602]: 'Invalid params: they are not what this method takes',
  [-32603]: 'Internal error',
  [-32020]:
    'Header mismatch: MCP-Protocol-Version, Mcp-Method, Mcp-Name and Mcp-Param-* must say what the body says',
  [-32021]: 'Missing required client capability',
  [-32022]: 'Unsupported protocol version',
};

const invalidParamsByMethod: Readonly<Record<string, string>> = {
  'tools/call': 'Invalid params: name must be a string and arguments an object',
  'tools/list': 'Invalid params: cursor must be a string',
  'prompts/list': 'Invalid params: cursor must be a string',
  'prompts/get': 'Invalid params: name must be a string and arguments an object of strings',
  'resources/list': 'Invalid params: cursor must be a string',
  'resources/templates/list': 'Invalid params: cursor must be a string',
  'resources/read': 'Invalid params: uri must be a string',
  'completion/complete': 'Invalid params: ref and argument are needed',
  'logging/setLevel': 'Invalid params: level must be one of RFC 5424',
  initialize: 'Invalid params: protocolVersion, capabilities and clientInfo are needed',
};

/** The parts of `error.data` that clients negotiate by, and no others. */
const negotiationData = z.object({
  supported: z.array(z.string()).optional(),
  requested: z
    .string()
    // A date as MCP's are, or a number of parts; words are not repeated.
    .regex(/^(\d{4}-\d{2}-\d{2}|v?\d{1,6}(\.\d{1,6}){0,3})$/)
    .optional()
    .catch(undefined),
  requiredCapabilities: z.record(z.string(), z.unknown()).optional(),
});

const noTexts: ReadonlySet<string> = new Set();

interface RpcMessage {
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/**
 * The message with an error that says nothing of our inside and nothing of what the caller sent: the SDK's own
 * texts quote headers and values.
 * @param upstreamTexts - texts that an upstream gave to this very request.
 */
export const publicMessage = <M extends object>(
  message: M,
  method: string | undefined,
  upstreamTexts: ReadonlySet<string> = noTexts,
): M => {
  const { error } = message as RpcMessage;
  if (error === undefined) return message;
  const { code, message: text } = error;
  const fixed =
    fixedTexts.has(text) || upstreamTexts.has(text)
      ? text
      : code === -32602
        ? (invalidParamsByMethod[method ?? ''] ?? textByCode[code])
        : (textByCode[code] ?? (code < -32768 || code > -32000 ? text : 'Request refused'));
  const data = negotiationData.safeParse(error.data ?? {}).data ?? {};
  return {
    ...message,
    error: { code, message: fixed, ...(Object.keys(data).length === 0 ? {} : { data }) },
  };
};
