import * as z from 'zod';
import type { JsonObject, UpstreamMethod } from '../upstreams/upstream.ts';
import { isObject } from './definitions.ts';

const text = z.looseObject({ type: z.literal('text'), text: z.string() });
const blob = z.looseObject({ data: z.base64(), mimeType: z.string() });
const resource = z.looseObject({
  resource: z.looseObject({ uri: z.string() }),
});
const link = z.looseObject({ uri: z.string(), name: z.string() });

/** The parts of a result that every revision knows (MCP 2026-07-28, server/tools, "Tool Result"). */
const partsByType: Readonly<Record<string, z.ZodType>> = {
  text,
  image: blob,
  audio: blob,
  resource,
  resource_link: link,
};

/** A part that clients of today would refuse the whole result for, as a note; nothing for one that is no part at all. */
const shownPart = (part: unknown): JsonObject | undefined => {
  if (!isObject(part) || typeof part['type'] !== 'string') return undefined;
  const schema = Object.hasOwn(partsByType, part['type']) ? partsByType[part['type']] : undefined;
  if (schema !== undefined) return schema.safeParse(part).success ? part : undefined;
  return { type: 'text', text: '[A part of this result is of a type that is not supported.]' };
};

const shownCallResult = (result: JsonObject): JsonObject | undefined => {
  const { content, structuredContent, isError } = result;
  if (isError !== undefined && typeof isError !== 'boolean') return undefined;
  if (content === undefined)
    return structuredContent === undefined ? undefined : { ...result, content: [] };
  if (!Array.isArray(content)) return undefined;
  const parts = content.map(shownPart);
  return parts.includes(undefined) ? undefined : { ...result, content: parts };
};

/** Arrays that a result of these methods has. */
const arrayOf = { 'prompts/get': 'messages', 'resources/read': 'contents' } as const;

/** An upstream's result as it may be passed on; nothing when it is not what the method answers. */
export const shownResult = (method: UpstreamMethod, result: JsonObject): JsonObject | undefined => {
  switch (method) {
    case 'tools/call':
      return shownCallResult(result);
    case 'prompts/get':
    case 'resources/read':
      return Array.isArray(result[arrayOf[method]]) ? result : undefined;
    case 'completion/complete': {
      const { completion } = result;
      return isObject(completion) && Array.isArray(completion['values']) ? result : undefined;
    }
    default:
      return result;
  }
};
