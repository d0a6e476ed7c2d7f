import { UpstreamConfigError, type ConfigProblem } from '../../src/upstreams/mcp-servers.ts';
import type { OpenApiTool } from '../../src/upstreams/openapi-tool.ts';
import { createOperationCompiler, type OperationPlace } from './compile-operation.ts';
import { readDocument } from './read-document.ts';
import { createReferences, isObject, type References } from './references.ts';

/** The field of a path item, and the method that it stands for. TRACE gives a backend's headers away. */
const methods = {
  get: 'GET',
  put: 'PUT',
  post: 'POST',
  delete: 'DELETE',
  patch: 'PATCH',
  head: 'HEAD',
  options: 'OPTIONS',
} as const satisfies Record<string, OpenApiTool['method']>;

const maxOperations = 500;

export interface CompiledOpenApi {
  /** In the order of the document. */
  readonly tools: OpenApiTool[];
  /** What the document describes and the tools do not have. */
  readonly warnings: string[];
}

const placesOf = (
  paths: unknown,
  references: References,
): readonly (OperationPlace & { readonly at: string })[] =>
  Object.entries(isObject(paths) ? paths : {}).flatMap(([path, node]) => {
    const target = references.resolve(node);
    if (!isObject(node) || !isObject(target) || path.startsWith('x-')) return [];
    // What stands beside a reference to a path item counts as well (OpenAPI 3.1, "Path Item Object").
    const pathItem = { ...target, ...node };
    return Object.entries(methods).flatMap(([field, method]) => {
      const operation = pathItem[field];
      if (!isObject(operation)) return [];
      const isHidden = pathItem['x-mcp-hidden'] === true || operation['x-mcp-hidden'] === true;
      return isHidden ? [] : [{ at: `paths.${path}.${field}`, path, method, pathItem, operation }];
    });
  });

/**
 * Makes the operations of an OpenAPI 3.0 or 3.1 document into tools, those with `x-mcp-hidden` excepted. An operation
 * that is not supported is left out, with a warning; a document that is wrong is refused.
 *
 * @param file - JSON or YAML; it may refer to files in its folder and below.
 * @throws UpstreamConfigError with every problem and its place.
 */
export const compileOpenApi = async (file: string): Promise<CompiledOpenApi> => {
  const document = await readDocument(file);
  const references = createReferences(document);
  const compiler = createOperationCompiler(document, references);
  const places = placesOf(document.root['paths'], references);
  const problems: ConfigProblem[] = [];
  if (places.length > maxOperations) {
    const message = `has ${places.length} operations; ${maxOperations} is the limit: hide some with x-mcp-hidden`;
    throw new UpstreamConfigError(file, [{ path: 'paths', message }]);
  }
  const tools: OpenApiTool[] = [];
  const warnings: string[] = [];
  const firstPlaces = new Map<string, string>();
  for (const { at, ...place } of places) {
    const compiled = compiler.compile(place);
    warnings.push(...compiled.warnings.map((warning) => `${at}: ${warning}`));
    problems.push(...compiled.problems.map((message) => ({ path: at, message })));
    const { tool } = compiled;
    if (tool === undefined) continue;
    const { name } = tool.definition;
    const first = firstPlaces.get(name);
    if (first === undefined) {
      firstPlaces.set(name, at);
      tools.push(tool);
    } else {
      const message = `the tool name "${name}" is that of ${first} already: set x-mcp-name in one of them`;
      problems.push({ path: at, message });
    }
  }
  if (problems.length > 0) throw new UpstreamConfigError(file, problems);
  return { tools, warnings };
};
