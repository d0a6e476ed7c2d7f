import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { PinnedTools } from './directory.ts';
import type { JsonObject } from './upstream.ts';

/** What a model is told of a tool. Whatever else a server sends along (`_meta`, icons) may change freely. */
export const pinnedFields = [
  'name',
  'title',
  'description',
  'inputSchema',
  'outputSchema',
  'annotations',
] as const;

/**
 * The pinned fields of a definition as canonical JSON (RFC 8785), so that the order of keys does not matter.
 * @throws RangeError when it is nested too deeply to be walked.
 */
export const canonicalDefinition = (tool: JsonObject): string => {
  const present = pinnedFields.filter((field) => tool[field] !== undefined);
  return canonicalize(Object.fromEntries(present.map((field) => [field, tool[field]]))) ?? '';
};

/** SHA-256 of a canonical definition, base64url: 43 characters. */
export const hashOf = (definition: string): string => hash('sha256', definition, 'base64url');

/** @throws RangeError when it is nested too deeply to be walked. */
export const definitionHash = (tool: JsonObject): string => hashOf(canonicalDefinition(tool));

export interface ChangedTool {
  readonly name: string;
  /** The pinned hash. */
  readonly before: string;
  /** The hash of what the server lists now. */
  readonly after: string;
}

export interface PinComparison {
  readonly unchanged: readonly string[];
  readonly changed: readonly ChangedTool[];
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Tools that cannot be pinned, so nobody may see them: without a name, listed twice, or beyond hashing. */
  readonly invalid: readonly string[];
}

/** The hash of each tool, by name, and the names of those that have none that can be relied on. */
export const hashTools = (
  tools: readonly JsonObject[],
): { readonly hashes: PinnedTools; readonly invalid: readonly string[] } => {
  const hashes = new Map<string, string>();
  const invalid = new Set<string>();
  for (const tool of tools) {
    const { name } = tool;
    // JSON objects keyed by tool name are read by zod, which drops `__proto__`.
    if (typeof name !== 'string' || name === '' || name === '__proto__') {
      invalid.add(typeof name === 'string' ? name : '');
      continue;
    }
    if (hashes.has(name)) invalid.add(name);
    try {
      hashes.set(name, definitionHash(tool));
    } catch {
      invalid.add(name);
    }
  }
  for (const name of invalid) hashes.delete(name);
  return { hashes, invalid: [...invalid] };
};

/** Names in the order of the list, removed ones in the order of the pins. */
export const comparePins = (pinned: PinnedTools, tools: readonly JsonObject[]): PinComparison => {
  const { hashes, invalid } = hashTools(tools);
  const unchanged: string[] = [];
  const changed: ChangedTool[] = [];
  const added: string[] = [];
  for (const [name, after] of hashes) {
    const before = pinned.get(name);
    if (before === undefined) added.push(name);
    else if (before === after) unchanged.push(name);
    else changed.push({ name, before, after });
  }
  const isListed = (name: string) => hashes.has(name) || invalid.includes(name);
  const removed = [...pinned.keys()].filter((name) => !isListed(name));
  return { unchanged, changed, added, removed, invalid };
};
