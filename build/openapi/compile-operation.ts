import { createHash } from 'node:crypto';
import type { OpenApiTool } from '../../src/upstreams/openapi-tool.ts';
import {
  createSchemaCompiler,
  UnusableSchema,
  type Direction,
  type SchemaCompiler,
} from './compile-schema.ts';
import { findAnswer, findBody, type FoundBody } from './media-types.ts';
import { outputSchemaOf } from './output-schema.ts';
import { findParameters, type FoundParameter } from './parameters.ts';
import type { OpenApiDocument } from './read-document.ts';
import type { JsonObject, References } from './references.ts';

export interface OperationPlace {
  /** Key in `paths`. */
  readonly path: string;
  readonly method: OpenApiTool['method'];
  readonly pathItem: JsonObject;
  readonly operation: JsonObject;
}

export interface CompiledOperation {
  /** Undefined when the operation cannot be a tool; the warnings say why. */
  readonly tool: OpenApiTool | undefined;
  readonly warnings: readonly string[];
  /** Mistakes of the author that stop the compilation. */
  readonly problems: readonly string[];
}

const maxDescription = 2_000;
const toolName = /^[a-zA-Z0-9_-]{1,64}$/u;

/** Letters, digits, `_` and `-`; what is longer than 64 ends in a hash of all of it. */
const asToolName = (text: string): string => {
  const clean = text.replaceAll(/[^a-zA-Z0-9_-]+/gu, '_').replaceAll(/^_+|_+$/gu, '');
  if (clean.length <= 64) return clean;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `${clean.slice(0, 55)}_${hash}`;
};

/** `x-mcp-name`, or the operationId, or else the method and the path: `get_items_by_id`. */
const nameOf = ({ path, method, operation }: OperationPlace): string => {
  const given = operation['x-mcp-name'];
  if (typeof given === 'string') return given;
  const id = operation['operationId'];
  return asToolName(
    typeof id === 'string' && id !== ''
      ? id
      : `${method.toLowerCase()}${path.replaceAll('{', 'by_').replaceAll('}', '')}`,
  );
};

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

const descriptionOf = ({ path, method, operation }: OperationPlace): string => {
  const summary = textOf(operation['summary']);
  const description = textOf(operation['description']);
  const parts = [
    operation['deprecated'] === true ? 'Deprecated: prefer another tool where there is one.' : '',
    summary,
    description === summary ? '' : description,
  ].filter((part) => part !== '');
  if (summary === '' && description === '') parts.push(`${method} ${path}`);
  const text = parts.join('\n\n');
  return text.length <= maxDescription ? text : `${text.slice(0, maxDescription - 1).trimEnd()}…`;
};

/** RFC 9110 §9.2. What is not safe counts as destructive, as MCP has it, unless `x-mcp-destructive` says otherwise. */
const annotationsOf = ({
  method,
  operation,
}: OperationPlace): OpenApiTool['definition']['annotations'] => {
  const isSafe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  return {
    readOnlyHint: isSafe,
    destructiveHint: !isSafe && operation['x-mcp-destructive'] !== false,
    idempotentHint: isSafe || method === 'PUT' || method === 'DELETE',
    openWorldHint: true,
  };
};

/** Literal characters of RFC 3986 §3.3 and templates; a template never holds a slash. */
const pathTemplate = /^(?:\/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2}|\{[^{}/]+\})*)+$/u;
const dotSegment = /\/(?:\.|%2e){1,2}(?:\/|$)/iu;

const isUsablePath = (path: string): boolean => pathTemplate.test(path) && !dotSegment.test(path);

const property = (
  compiled: JsonObject,
  { description, isDeprecated }: FoundParameter,
): JsonObject => ({
  ...compiled,
  ...(description === undefined ? {} : { description }),
  ...(isDeprecated ? { deprecated: true } : {}),
});

interface Found {
  readonly parameters: readonly FoundParameter[];
  readonly body: (FoundBody & { readonly argument: string }) | undefined;
  readonly ignored: readonly string[];
  readonly obstacles: readonly string[];
}

const findInputs = (place: OperationPlace, references: References): Found => {
  const { path, method, pathItem, operation } = place;
  const { parameters, ...found } = findParameters(pathItem, operation, references);
  const ignored = [...found.ignored];
  const obstacles = [...found.obstacles];
  if (!isUsablePath(path)) obstacles.push('its path is not one that a URL can have');
  const body = findBody(operation['requestBody'], references);
  const names = new Set(parameters.map(({ tool }) => tool.argument));
  const argument = ['body', 'request_body'].find((name) => !names.has(name));
  const result = { parameters, ignored, obstacles, body: undefined };
  if (body === undefined) return result;
  if (method === 'GET' || method === 'HEAD') {
    (body.required ? obstacles : ignored).push(`a body is not sent with ${method}`);
    return result;
  }
  if ('unsupported' in body) {
    (body.required ? obstacles : ignored).push(`a body of ${body.unsupported} is not supported`);
    return result;
  }
  if (argument === undefined) {
    obstacles.push('there is no name left for the argument with the body');
    return result;
  }
  return { ...result, body: { ...body, argument } };
};

export interface OperationCompiler {
  compile(place: OperationPlace): CompiledOperation;
}

export const createOperationCompiler = (
  { version }: OpenApiDocument,
  references: References,
): OperationCompiler => {
  /** Written out where that is short enough for a model to read, and otherwise with `$defs`. */
  const withSchemas = <T>(
    direction: Direction,
    use: (compiler: SchemaCompiler) => T,
  ): { readonly value: T; readonly warnings: readonly string[] } => {
    const attempt = (inline: boolean) => {
      const warnings: string[] = [];
      const warn = (message: string) => void warnings.push(message);
      const compiler = createSchemaCompiler({ version, references, direction, inline, warn });
      return { value: use(compiler), warnings };
    };
    try {
      return attempt(true);
    } catch (error) {
      if (!(error instanceof UnusableSchema)) throw error;
      return attempt(false);
    }
  };

  const inputSchema = ({ parameters, body }: Found, compiler: SchemaCompiler): JsonObject => {
    const properties: (readonly [string, JsonObject])[] = parameters.map((parameter) => [
      parameter.tool.argument,
      property(compiler.compile(parameter.schema), parameter),
    ]);
    const required = parameters
      .filter(({ tool }) => tool.required)
      .map(({ tool }) => tool.argument);
    if (body !== undefined) {
      const compiled = compiler.compile(body.schema);
      const { description } = body;
      properties.push([
        body.argument,
        description === undefined ? compiled : { ...compiled, description },
      ]);
      if (body.required) required.push(body.argument);
    }
    const defs = compiler.defs();
    return {
      type: 'object',
      properties: Object.fromEntries(properties),
      ...(required.length === 0 ? {} : { required }),
      additionalProperties: false,
      ...(Object.keys(defs).length === 0 ? {} : { $defs: defs }),
    };
  };

  const outputSchema = (operation: JsonObject, warn: (message: string) => void) => {
    const answer = findAnswer(operation['responses'], references);
    if (answer === undefined) return undefined;
    try {
      const { value, warnings } = withSchemas('output', (compiler) =>
        outputSchemaOf(compiler.compile(answer), compiler.defs()),
      );
      warnings.forEach(warn);
      return value;
    } catch (error) {
      if (!(error instanceof UnusableSchema)) throw error;
      warn(`it gets no output schema: the answer ${error.message}`);
      return undefined;
    }
  };

  const compile = (place: OperationPlace): CompiledOperation => {
    const { operation, path, method } = place;
    const name = nameOf(place);
    const problems = toolName.test(name)
      ? []
      : [`"${name}" is no tool name: set x-mcp-name to 1 to 64 of a-z, A-Z, 0-9, _ and -`];
    const found = findInputs(place, references);
    const warnings = [...found.ignored];
    const leftOut = (obstacles: readonly string[]): CompiledOperation => ({
      tool: undefined,
      warnings: [`left out: ${obstacles.join('; ')}`],
      problems: [],
    });
    if (found.obstacles.length > 0) return leftOut(found.obstacles);

    let input: JsonObject;
    try {
      const compiled = withSchemas('input', (compiler) => inputSchema(found, compiler));
      input = compiled.value;
      warnings.push(...compiled.warnings);
    } catch (error) {
      if (!(error instanceof UnusableSchema)) throw error;
      return leftOut([`its input ${error.message}`]);
    }
    const output = outputSchema(operation, (message) => void warnings.push(message));
    const title = textOf(operation['summary']);
    const { body } = found;
    const tool: OpenApiTool = {
      definition: {
        name,
        ...(title === '' ? {} : { title }),
        description: descriptionOf(place),
        inputSchema: input,
        ...(output === undefined ? {} : { outputSchema: output }),
        annotations: annotationsOf(place),
      },
      method,
      path,
      parameters: found.parameters.map((parameter) => parameter.tool),
      ...(body === undefined
        ? {}
        : {
            body: {
              argument: body.argument,
              required: body.required,
              contentType: body.contentType,
            },
          }),
    };
    return { tool, warnings, problems };
  };

  return { compile };
};
