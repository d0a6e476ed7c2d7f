import { contextVariable, type Variable } from './context-variables.ts';
import { queryParameter } from './proxy-event.ts';

const REFERENCE =
  /\$context((?:\.[A-Za-z](?:[\w-]*\w)?)+)|\$stageVariables\.(\w+)|(?<!\.)\bmethod\.request\.(header|querystring|path)\.([\w-]+)/g;

/** What an access log format may refer to. */
const CONTEXT_ONLY = /\$context((?:\.[A-Za-z](?:[\w-]*\w)?)+)/g;

/** What belongs to Velocity: API Gateway does not run it in gateway responses, and the twin runs it nowhere. */
const VELOCITY =
  /\$(?:input|util)\b|\$\{|\$!|#(?:set|if|elseif|else|end|foreach|define|parse|macro)\b/;

/** One piece of a compiled text. */
export type Piece = string | Variable;

const requestParameter = (kind: string, name: string): Variable => {
  if (kind === 'path') return ({ pathParameters }) => pathParameters?.[name];
  if (kind === 'header') return (exchange) => exchange.header(name.toLowerCase());
  return ({ queryString }) => queryParameter(queryString, name);
};

/**
 * A template of plain text and `$context.x`, `$stageVariables.x` and `method.request.…` references, in pieces.
 * @throws Error naming a variable or a Velocity directive that the twin does not implement.
 */
const compilePieces = (template: string, reference: RegExp): readonly Piece[] => {
  const [velocity] = VELOCITY.exec(template) ?? [];
  if (velocity !== undefined) {
    throw new Error(`The twin does not implement Velocity (${velocity}) in a mapping template.`);
  }
  const pieces: Piece[] = [];
  let at = 0;
  for (const match of template.matchAll(reference)) {
    const [text, contextPath, stageVariable, kind, name] = match as (string | undefined)[];
    if (match.index > at) pieces.push(template.slice(at, match.index));
    at = match.index + (text?.length ?? 0);
    if (contextPath !== undefined) pieces.push(contextVariable(contextPath.slice(1)));
    else if (stageVariable !== undefined) {
      pieces.push(({ api }) => api.stageVariables[stageVariable]);
    } else pieces.push(requestParameter(kind ?? '', name ?? ''));
  }
  if (at < template.length) pieces.push(template.slice(at));
  return pieces;
};

/** An access log format in pieces: `$context.x` only. @throws Error naming a variable that the twin does not know. */
export const compileLogFormat = (format: string): readonly Piece[] =>
  compilePieces(format, CONTEXT_ONLY);

/** Simple substitution ("not processed by the Velocity Template Language engine"); a missing value is empty. */
export const compileText = (template: string): ((...args: Parameters<Variable>) => string) => {
  const pieces = compilePieces(template, REFERENCE);
  const [only] = pieces;
  if (pieces.length === 0) return () => '';
  if (pieces.length === 1 && typeof only === 'string') return () => only;
  return (exchange) => {
    let text = '';
    for (const piece of pieces) text += typeof piece === 'string' ? piece : (piece(exchange) ?? '');
    return text;
  };
};

/** A mapping expression, the right side of a ResponseParameters entry: `'literal'` or one reference. */
export const compileMapping = (
  expression: string,
): string | ((...args: Parameters<Variable>) => string | undefined) => {
  const literal = /^'(.*)'$/s.exec(expression);
  if (literal) return literal[1] ?? '';
  const [, context] = /^context\.(.+)$/.exec(expression) ?? [];
  const [, stageVariable] = /^stageVariables\.(\w+)$/.exec(expression) ?? [];
  const [, kind, name] =
    /^method\.request\.(header|querystring|path)\.([\w-]+)$/.exec(expression) ?? [];
  const variable: Variable | undefined =
    context !== undefined
      ? contextVariable(context)
      : stageVariable !== undefined
        ? ({ api }) => api.stageVariables[stageVariable]
        : kind !== undefined && name !== undefined
          ? requestParameter(kind, name)
          : undefined;
  if (!variable) throw new Error(`The twin does not implement the mapping ${expression}.`);
  return (exchange) => variable(exchange)?.toString();
};
