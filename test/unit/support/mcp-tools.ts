import * as z from 'zod';
import { defineTool, ToolError, type Tool } from '../../../src/tools/tool.ts';

/** What a leaking tool would leak. */
export const toolCanary = 'canary-tool-4b1d';

const nothing = z.object({});
const done = z.object({ done: z.boolean() });
const readOnly = { readOnlyHint: true } as const;

export interface ToolWorld {
  /** Names of the tools that ran, in order. */
  readonly ran: string[];
  readonly at: { now: number };
  /** Called when `stuck` has begun. */
  readonly onStuck: () => void;
}

/** Tools of every kind that the server has to deal with. */
export const testTools = ({ ran, at, onStuck }: ToolWorld): readonly Tool[] => [
  defineTool({
    name: 'echo',
    title: 'Echo',
    description: 'Says the same.',
    input: z.strictObject({ text: z.string(), times: z.int().min(1).max(9).optional() }),
    output: z.object({ text: z.string() }),
    annotations: readOnly,
    run: async ({ text, times = 1 }) => {
      ran.push('echo');
      at.now += 7;
      return { text: text.repeat(times) };
    },
  }),
  defineTool({
    name: 'erase',
    title: 'Erase',
    description: 'Erases everything.',
    input: nothing,
    output: done,
    annotations: { readOnlyHint: false, destructiveHint: true },
    run: async () => {
      ran.push('erase');
      return { done: true };
    },
  }),
  defineTool({
    name: 'steps',
    title: 'Steps',
    description: 'Works in two steps.',
    input: nothing,
    output: done,
    annotations: readOnly,
    run: async (_, { reportProgress }) => {
      await reportProgress({ progress: 1, total: 2, message: 'half' });
      await reportProgress({ progress: 2, total: 2 });
      return { done: true };
    },
  }),
  defineTool({
    name: 'broken',
    title: 'Broken',
    description: 'Throws.',
    input: nothing,
    output: done,
    annotations: readOnly,
    run: async () => {
      throw new Error(`no route to ${toolCanary}`, { cause: new Error(toolCanary) });
    },
  }),
  defineTool({
    name: 'picky',
    title: 'Picky',
    description: 'Refuses with advice.',
    input: nothing,
    output: done,
    annotations: readOnly,
    run: async () => {
      throw new ToolError('Ask for a smaller page.');
    },
  }),
  defineTool({
    name: 'stuck',
    title: 'Stuck',
    description: 'Never ends by itself.',
    input: nothing,
    output: done,
    annotations: readOnly,
    run: (_, { signal }) => {
      ran.push('stuck');
      onStuck();
      signal.addEventListener('abort', () => ran.push('stuck aborted'));
      return new Promise(() => undefined);
    },
  }),
  defineTool({
    name: 'large',
    title: 'Large',
    description: 'Answers with as many bytes as asked.',
    input: z.object({ bytes: z.int() }),
    output: z.object({ text: z.string() }),
    annotations: readOnly,
    // {"text":""} takes 11.
    run: async ({ bytes }) => ({ text: 'x'.repeat(bytes - 11) }),
  }),
  defineTool({
    name: 'untrue',
    title: 'Untrue',
    description: 'Answers something else than it promised.',
    input: nothing,
    output: done,
    annotations: readOnly,
    run: async () => ({ done: toolCanary }) as never,
  }),
];
