import * as z from 'zod';
import { apiKeyMaxLength, parseApiKey } from '../../credentials/api-key.ts';
import { parseInput, parseKeyId } from '../input.ts';
import { parsePrincipalArn } from '../principals.ts';
import { AdminError } from '../admin-error.ts';

export const explainInput = z
  .strictObject({
    /** A key's id, or the whole key: then its secret is looked at too. */
    key: z.string().min(1).max(1_000).optional(),
    /** ARN of an IAM role or user. */
    principal: z.string().min(1).max(1_000).optional(),
    /** As clients call it. */
    tool: z.string().min(1).max(256),
    args: z.record(z.string(), z.unknown()).optional(),
    /** Where the call comes from. */
    ip: z.union([z.ipv4(), z.ipv6()], { error: 'is not an IP address' }).optional(),
    /** Instead of what the tool costs. */
    units: z.int().min(0).max(1_000_000).optional(),
    /** Connects to the tool's server. */
    probe: z.boolean().default(false),
  })
  .refine(({ key, principal }) => (key === undefined) !== (principal === undefined), {
    error: 'give a key or a principal, and not both',
  });
export type ExplainInput = z.input<typeof explainInput>;

/** Whose call it is. */
export type AskedCaller =
  | { readonly kind: 'key'; readonly keyId: string; readonly whole?: string; readonly of?: string }
  /** A key by its beginning, of which no reader could make one. */
  | { readonly kind: 'no-key'; readonly why: string }
  | { readonly kind: 'principal'; readonly arn: string };

export interface Question extends Omit<z.output<typeof explainInput>, 'key' | 'principal'> {
  readonly caller: AskedCaller;
}

const callerOfKey = (text: string): AskedCaller => {
  if (!text.startsWith('smcp_')) return { kind: 'key', keyId: parseKeyId(text) };
  const parts = parseApiKey(text);
  if (parts !== undefined) {
    return { kind: 'key', keyId: parts.keyId, whole: text, of: parts.tenant };
  }
  const why =
    text.length > apiKeyMaxLength ? 'it is too long' : 'its form or its checksum is wrong';
  return { kind: 'no-key', why };
};

/** @throws AdminError INVALID_INPUT, which repeats no key. */
export const questionOf = (input: unknown): Question => {
  const { key, principal, ...asked } = parseInput(explainInput, input);
  if (key !== undefined) return { ...asked, caller: callerOfKey(key.trim()) };
  if (principal === undefined) throw new AdminError('INVALID_INPUT', 'give a key or a principal');
  return { ...asked, caller: { kind: 'principal', arn: parsePrincipalArn(principal) } };
};

/** The caller as audits and answers name it: never a whole key. */
export const callerName = (caller: AskedCaller): string | null => {
  if (caller.kind === 'no-key') return null;
  return caller.kind === 'key' ? caller.keyId : caller.arn;
};
