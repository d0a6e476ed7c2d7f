import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import * as z from 'zod';
import { configJsonSchema } from '../lib/config.ts';

/** Writes the table of settings into `content/configuration.md`, between its markers. */
export const configReferenceFile = join(import.meta.dirname, '..', 'content', 'configuration.md');

const markers = {
  begin: '<!-- config-reference:begin -->',
  end: '<!-- config-reference:end -->',
} as const;

interface Node {
  readonly type?: string | undefined;
  readonly description?: string | undefined;
  readonly default?: unknown;
  readonly enum?: readonly unknown[] | undefined;
  readonly minimum?: number | undefined;
  readonly maximum?: number | undefined;
  readonly exclusiveMinimum?: number | undefined;
  readonly properties?: Readonly<Record<string, Node>> | undefined;
  readonly required?: readonly string[] | undefined;
  readonly additionalProperties?: Node | boolean | undefined;
  readonly items?: Node | undefined;
  readonly anyOf?: readonly Node[] | undefined;
}

/** What of JSON Schema the configuration uses. */
const node: z.ZodType<Node> = z.lazy(() =>
  z.object({
    type: z.string().optional(),
    description: z.string().optional(),
    default: z.unknown().optional(),
    enum: z.array(z.unknown()).optional(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    exclusiveMinimum: z.number().optional(),
    properties: z.record(z.string(), node).optional(),
    required: z.array(z.string()).optional(),
    additionalProperties: z.union([z.boolean(), node]).optional(),
    items: node.optional(),
    anyOf: z.array(node).optional(),
  }),
);

const number = (value: number): string => value.toLocaleString('en-US');

const range = ({ minimum, maximum, exclusiveMinimum }: Node): string => {
  const above = exclusiveMinimum === undefined ? '' : `above ${number(exclusiveMinimum)}`;
  const low = minimum === undefined ? above : number(minimum);
  const high =
    maximum === undefined || maximum === Number.MAX_SAFE_INTEGER ? '' : `to ${number(maximum)}`;
  const bounds = [low, high].filter((bound) => bound !== '').join(' ');
  return bounds === '' ? '' : `, ${bounds}`;
};

const typeOf = (schema: Node): string => {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  if (schema.enum !== undefined) return schema.enum.map(String).join(', ');
  if (schema.type === 'array') return `list of ${schema.items?.type ?? 'values'}`;
  return `${schema.type ?? 'any'}${range(schema)}`;
};

const code = (value: unknown): string => `\`${JSON.stringify(value)}\``;

interface Row {
  readonly path: string;
  readonly type: string;
  readonly fallback: string;
  readonly meaning: string;
}

/** A group has a row only if it must be given though nothing in it must; its description also serves its settings. */
const rowsOf = (schema: Node, path: string, inherited: string, optional: boolean): readonly Row[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, child]): readonly Row[] => {
    if (name === '$schema') return [];
    const here = path === '' ? name : `${path}.${name}`;
    const meaning = child.description ?? inherited;
    const given = schema.required?.includes(name) === true;
    if (child.properties !== undefined) {
      const rows = rowsOf(child, here, meaning, optional || !given);
      return given && child.required === undefined
        ? [{ path: here, type: 'object', fallback: 'must be given', meaning }, ...rows]
        : rows;
    }
    if (typeof child.additionalProperties === 'object') {
      return rowsOf(child.additionalProperties, `${here}.<name>`, meaning, optional);
    }
    const fallback =
      child.default !== undefined
        ? code(child.default)
        : given && !optional
          ? 'must be given'
          : given
            ? 'must be given in its group'
            : 'optional';
    return [{ path: here, type: typeOf(child), fallback, meaning }];
  });

/** The table of settings as Markdown, as prettier formats it. */
export const configReference = async (): Promise<string> => {
  const rows = rowsOf(node.parse(configJsonSchema()), '', '', false);
  const lines = rows.map(
    ({ path, type, fallback, meaning }) => `| \`${path}\` | ${type} | ${fallback} | ${meaning} |`,
  );
  const table = ['| setting | type | default | meaning |', '|-|-|-|-|', ...lines].join('\n');
  const options = await resolveConfig(configReferenceFile);
  return (await format(table, { ...options, parser: 'markdown' })).trim();
};

const places = (text: string): readonly [number, number] => {
  const begin = text.indexOf(markers.begin);
  const end = text.indexOf(markers.end);
  if (begin < 0 || end < begin) throw new Error(`${configReferenceFile} has lost its markers`);
  return [begin + markers.begin.length, end];
};

/** What stands between the markers. @throws Error when they are not there. */
export const writtenReference = (text: string): string => text.slice(...places(text)).trim();

if (import.meta.main) {
  const text = readFileSync(configReferenceFile, 'utf8');
  const [begin, end] = places(text);
  const reference = await configReference();
  writeFileSync(
    configReferenceFile,
    `${text.slice(0, begin)}\n\n${reference}\n\n${text.slice(end)}`,
  );
}
