import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import { toolJsonSchemas } from '../src/tools/json-schema.ts';
import type { Tool } from '../src/tools/tool.ts';
import type { ToolFactory } from '../src/tools/tool-deps.ts';
import { toolFiles } from './esbuild-plugins.ts';

/** Letters, digits, _ and -, at most 64: Claude Desktop and OpenAI refuse others (content/tools.md). */
const acceptedName = /^[a-zA-Z0-9_-]{1,64}$/;

const jsonSchema = z.looseObject({ type: z.unknown().optional() });

/** What is wrong with a schema for clients of today, by where in the schema it is. */
export const schemaProblems = (schema: unknown, path = '$'): readonly string[] => {
  const node = jsonSchema.safeParse(schema);
  if (!node.success) return [];
  const { type, properties, items, anyOf, oneOf, allOf, additionalProperties } = node.data;
  const here: string[] = [];
  if (path === '$') {
    if (type !== 'object')
      here.push(
        `${path}: the root must be of type object (Claude Code drops every tool of the server)`,
      );
    if (typeof properties !== 'object')
      here.push(`${path}: the root must have properties (OpenAI refuses the request)`);
    for (const key of ['anyOf', 'oneOf', 'allOf'] as const) {
      if (key in node.data)
        here.push(`${path}: no ${key} at the root (Claude Code drops every tool of the server)`);
    }
  }
  if (type === 'array' && items === undefined)
    here.push(`${path}: an array must say what its items are (OpenAI refuses the request)`);
  if (typeof node.data['$ref'] === 'string' && !node.data['$ref'].startsWith('#')) {
    here.push(`${path}: a remote $ref is never followed`);
  }
  const below = [
    ...Object.entries((properties as Record<string, unknown> | undefined) ?? {}).map(
      ([name, child]) => [`${path}.${name}`, child] as const,
    ),
    ...[items, additionalProperties].map((child) => [`${path}[]`, child] as const),
    ...[anyOf, oneOf, allOf].flatMap((list) =>
      Array.isArray(list) ? list.map((child, index) => [`${path}|${index}`, child] as const) : [],
    ),
  ];
  return [...here, ...below.flatMap(([where, child]) => schemaProblems(child, where))];
};

/** What is wrong with a tool for clients of today. */
export const toolProblems = (tool: Tool): readonly string[] => {
  const { inputSchema, outputSchema } = toolJsonSchemas(tool);
  return [
    ...(acceptedName.test(tool.name)
      ? []
      : [
          `name ${JSON.stringify(tool.name)}: 1 to 64 of a-z, A-Z, 0-9, _ and - (clients refuse others)`,
        ]),
    ...(tool.description.trim().length > 0
      ? []
      : ['description: models choose tools by it; write one']),
    ...(typeof tool.annotations.readOnlyHint === 'boolean'
      ? []
      : [
          'annotations.readOnlyHint: say true or false; clients and the readonly role decide by it',
        ]),
    ...schemaProblems(inputSchema).map((problem) => `input ${problem}`),
    ...schemaProblems(outputSchema).map((problem) => `output ${problem}`),
  ];
};

/**
 * Refuses tools that real clients drop, or that make clients drop all others.
 * @returns the tools.
 * @throws Error that lists every problem by file.
 */
export const lintTools = async (directory: string): Promise<readonly Tool[]> => {
  const problems: string[] = [];
  const tools: Tool[] = [];
  const names = new Map<string, string>();
  for (const file of toolFiles(directory)) {
    const module = (await import(pathToFileURL(file).href)) as { createTool?: ToolFactory };
    if (typeof module.createTool !== 'function') {
      problems.push(`${file}: exports no createTool function`);
      continue;
    }
    try {
      const tool = module.createTool({
        documents: () => Promise.reject(new Error('not at build time')),
      });
      problems.push(...toolProblems(tool).map((problem) => `${file}: ${problem}`));
      const other = names.get(tool.name);
      if (other !== undefined) problems.push(`${file}: the name ${tool.name} is taken by ${other}`);
      names.set(tool.name, file);
      tools.push(tool);
    } catch (error) {
      problems.push(`${file}: cannot be described to clients: ${(error as Error).message}`);
    }
  }
  if (problems.length > 0)
    throw new Error(`Tools that clients would refuse:\n  ${problems.join('\n  ')}`);
  return tools;
};
