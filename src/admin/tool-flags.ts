import { ownServer } from '../gateway/policy-tools.ts';
import type { PolicyTool } from '../policy/policy-decider.ts';

const letters = {
  readOnly: 'r',
  destructive: 'd',
  idempotent: 'i',
  openWorld: 'o',
} as const satisfies Partial<Record<keyof PolicyTool, string>>;

/** What is true of a tool, a letter each: the document that it stands in has to be short. */
export const toolFlags = (tool: PolicyTool): string =>
  Object.entries(letters)
    .filter(([fact]) => tool[fact as keyof typeof letters])
    .map(([, letter]) => letter)
    .join('');

/** One of our own tools, by what `toolFlags` wrote. */
export const ownToolOf = (name: string, flags: string): PolicyTool => ({
  name,
  server: ownServer,
  readOnly: flags.includes(letters.readOnly),
  destructive: flags.includes(letters.destructive),
  idempotent: flags.includes(letters.idempotent),
  openWorld: flags.includes(letters.openWorld),
});
