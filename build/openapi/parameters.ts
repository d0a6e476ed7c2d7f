import * as z from 'zod';
import type { OpenApiTool } from '../../src/upstreams/openapi-tool.ts';
import { isRefusedHeader } from '../../src/upstreams/openapi-headers.ts';
import type { JsonObject, References } from './references.ts';

export type ToolParameter = OpenApiTool['parameters'][number];

const parameterObject = z.looseObject({
  name: z.string(),
  in: z.enum(['path', 'query', 'header', 'cookie']),
  required: z.boolean().default(false),
  description: z.string().optional(),
  deprecated: z.boolean().optional(),
  style: z.string().optional(),
  explode: z.boolean().optional(),
  schema: z.unknown().optional(),
  content: z.unknown().optional(),
});
type ParameterObject = z.infer<typeof parameterObject>;

export interface FoundParameter {
  readonly tool: ToolParameter;
  readonly schema: unknown;
  readonly description: string | undefined;
  readonly isDeprecated: boolean;
}

export interface FoundParameters {
  readonly parameters: readonly FoundParameter[];
  /** What is not sent, and why. */
  readonly ignored: readonly string[];
  /** Why the operation cannot be a tool. */
  readonly obstacles: readonly string[];
}

/** OpenAPI 3.1, "Style Values". */
const styles: Readonly<Record<ToolParameter['in'], readonly string[]>> = {
  path: ['simple'],
  query: ['form', 'spaceDelimited', 'pipeDelimited', 'deepObject'],
  header: ['simple'],
};

/** As the Claude API takes the names of properties: others make it refuse the whole request. */
export const argumentName = (name: string): string =>
  name
    .replaceAll(/[^a-zA-Z0-9_.-]+/gu, '_')
    .replaceAll(/^_+|_+$/gu, '')
    .slice(0, 64);

/** Those of the path item, with those of the operation in their place. */
const mergedParameters = (
  lists: readonly unknown[],
  references: References,
): readonly ParameterObject[] => {
  const found = new Map<string, ParameterObject>();
  for (const node of lists.flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))) {
    const { data } = parameterObject.safeParse(references.resolve(node));
    if (data !== undefined) found.set(`${data.in} ${data.name}`, data);
  }
  return [...found.values()];
};

const whyNotSent = (parameter: ParameterObject): string | undefined => {
  if (parameter.in === 'cookie') return 'cookies are not supported';
  if (parameter.in === 'header' && isRefusedHeader(parameter.name)) {
    return 'no argument sets this header';
  }
  if (parameter.content !== undefined) return '"content" of a parameter is not supported';
  const style = parameter.style ?? styles[parameter.in][0] ?? '';
  return styles[parameter.in].includes(style) ? undefined : `the style ${style} is not supported`;
};

export const findParameters = (
  pathItem: JsonObject,
  operation: JsonObject,
  references: References,
): FoundParameters => {
  const declared = mergedParameters([pathItem['parameters'], operation['parameters']], references);
  const parameters: FoundParameter[] = [];
  const ignored: string[] = [];
  const obstacles: string[] = [];
  const taken = new Set<string>();
  // Those of the path keep their names when others are called the same.
  const order = ['path', 'query', 'header', 'cookie'];
  for (const parameter of declared.toSorted((a, b) => order.indexOf(a.in) - order.indexOf(b.in))) {
    const what = `${parameter.in} parameter ${parameter.name}`;
    const reason = whyNotSent(parameter);
    // Both are described by the specification as not being parameters at all (OpenAPI 3.1, "Parameter Object").
    const isPlainHeader =
      parameter.in === 'header' && /^(?:accept|content-type|authorization)$/iu.test(parameter.name);
    if (parameter.in === 'cookie' || reason !== undefined) {
      const list = parameter.required && !isPlainHeader ? obstacles : ignored;
      if (!isPlainHeader) list.push(`${what} is not sent: ${reason ?? ''}`);
      continue;
    }
    const plain = argumentName(parameter.name);
    const argument = taken.has(plain) ? argumentName(`${plain}_${parameter.in}`) : plain;
    if (argument === '' || taken.has(argument)) {
      obstacles.push(`${what} is not sent: there is no name left for its argument`);
      continue;
    }
    taken.add(argument);
    const style = (parameter.style ?? styles[parameter.in][0]) as ToolParameter['style'];
    parameters.push({
      tool: {
        argument,
        name: parameter.name,
        in: parameter.in,
        required: parameter.required || parameter.in === 'path',
        style,
        explode: parameter.explode ?? style === 'form',
      },
      schema: parameter.schema ?? {},
      description: parameter.description,
      isDeprecated: parameter.deprecated === true,
    });
  }
  return { parameters, ignored, obstacles };
};
