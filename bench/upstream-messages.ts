import * as z from 'zod';
import { upstreamSpec } from '../src/upstreams/upstream-spec.ts';

/** What the part `upstreams` and its processes say to each other (messages.ts). */

const command = z.object({ file: z.string(), args: z.array(z.string()), cwd: z.string() });
export type Command = z.infer<typeof command>;

/** A `tools/call`, and the text that it must be answered with. */
const toolCall = z.object({
  name: z.string(),
  arguments: z.record(z.string(), z.unknown()),
  text: z.string(),
  /** Characters of one more argument, `padding`. @default none */
  padding: z.int().optional(),
});
export type ToolCall = z.infer<typeof toolCall>;

const server = z.object({ url: z.string(), headers: z.record(z.string(), z.string()) });

/** Whom a caller calls, and how. */
export const callerOptions = z.discriminatedUnion('kind', [
  /** A stdio server that is kept running, by the SDK's client. */
  z.object({ kind: z.literal('stdio'), command, call: toolCall }),
  /** A stdio server behind the handler of AWS's adapter, in the caller's own process. */
  z.object({ kind: z.literal('adapter'), command, call: toolCall, module: z.string() }),
  /** A sandbox function, as the mcp function calls it. */
  z.object({
    kind: z.literal('sandbox'),
    spec: upstreamSpec.options[1],
    functionName: z.string(),
    tenant: z.string(),
    call: toolCall,
  }),
  /** A server over Streamable HTTP, by the SDK's client. */
  z.object({
    kind: z.literal('http'),
    ...server.shape,
    era: z.enum(['legacy', 'modern']),
    call: toolCall,
  }),
  /** `tools/list`: one page of so many tools, or page after page. */
  z.object({
    kind: z.literal('list'),
    ...server.shape,
    pages: z.enum(['first', 'all']),
    tools: z.int().positive(),
  }),
]);
export type CallerOptions = z.infer<typeof callerOptions>;

/** How long a caller makes its calls, one after the other, and how many at least. */
export const callRequest = z.object({ seconds: z.number().positive(), least: z.int().positive() });
export type CallRequest = z.infer<typeof callRequest>;

export const callSample = z.object({ calls: z.int(), p50Ms: z.number(), p99Ms: z.number() });
export type CallSample = z.infer<typeof callSample>;

/** It has had one right answer. */
export const callerReady = z.object({});

/** It was started. */
export const peerReady = z.object({ pid: z.int() });

export const peerOptions = command;

export const httpUpstreamsOptions = z.object({ manyTools: z.int().positive() });
export type HttpUpstreamsOptions = z.infer<typeof httpUpstreamsOptions>;

/** URLs of the fixtures. */
export const httpUpstreamsReady = z.object({
  legacy: z.string(),
  modern: z.string(),
  many: z.string(),
});
export type HttpUpstreamsReady = z.infer<typeof httpUpstreamsReady>;
