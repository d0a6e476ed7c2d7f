import * as z from 'zod';

const jsonObject = z.record(z.string(), z.unknown());

/**
 * What the mcp function sends to a sandbox function, as the payload of one Invoke. A sandbox serves one at a time. The
 * secrets in `env` were read by the mcp function: the sandbox's role may read nothing.
 */
export const sandboxCall = z.strictObject({
  /** `facts` asks what the server said of itself at initialization. */
  method: z.string(),
  params: jsonObject,
  /** Variables of the child. Another set than before: the child is started anew. */
  env: z.record(z.string(), z.string()),
  /** Milliseconds that the sandbox has for an answer. */
  timeoutMs: z.int().positive(),
  progress: z.boolean(),
  log: z.boolean(),
  /** Absent: the caller cannot be asked. */
  elicitation: z.strictObject({ answers: z.array(jsonObject) }).optional(),
  /** Absent: none. */
  capabilities: jsonObject.optional(),
  trace: z.record(z.string(), z.string()).optional(),
  requestId: z.string(),
});
export type SandboxCall = z.infer<typeof sandboxCall>;

/** What it answers: lines of JSON, notifications as they come and one last line. */
export const sandboxLine = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), params: jsonObject }),
  z.object({ type: z.literal('log'), params: jsonObject }),
  z.object({ type: z.literal('result'), result: jsonObject }),
  z.object({
    type: z.literal('error'),
    failure: z.enum([
      'unreachable',
      'timeout',
      'not-mcp',
      'too-large',
      'needs-input',
      'crashed',
      'misconfigured',
      'rpc',
    ]),
    /** Fixed text. */
    message: z.string(),
    rpc: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }).optional(),
  }),
]);
export type SandboxLine = z.infer<typeof sandboxLine>;
