import type { Expr, PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';

export type { Expr, PolicyJson };

export interface EntityRef {
  readonly type: string;
  readonly id: string;
}

/** An operator of Cedar's JSON form with what it is applied to; `operator` is also the name of a function (`decimal`). */
export interface Operation {
  readonly operator: string;
  readonly body: unknown;
}

/** Cedar's JSON form is an object with one key: the operator. */
export const operationOf = (expr: Expr): Operation => {
  const [entry] = Object.entries(expr);
  if (entry === undefined) throw new Error('an expression of Cedar has no operator');
  return { operator: entry[0], body: entry[1] };
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What an operation is applied to, in order: every place where an expression stands in one. */
export const operandsOf = (expr: Expr): readonly Expr[] => {
  const { operator, body } = operationOf(expr);
  if (operator === 'Value' || operator === 'Var' || operator === 'Slot') return [];
  if (Array.isArray(body)) return body as Expr[];
  if (!isObject(body)) return [];
  if (operator === 'Record') return Object.values(body) as Expr[];
  const places = ['left', 'right', 'arg', 'if', 'then', 'else', 'in'];
  return places.filter((place) => isObject(body[place])).map((place) => body[place] as Expr);
};

/** The same operation applied to others. */
export const mapOperands = (expr: Expr, map: (operand: Expr, place: string) => Expr): Expr => {
  const { operator, body } = operationOf(expr);
  if (operator === 'Value' || operator === 'Var' || operator === 'Slot') return expr;
  const rebuilt = (value: unknown): Expr => ({ [operator]: value }) as Expr;
  if (Array.isArray(body)) return rebuilt((body as Expr[]).map((one) => map(one, 'element')));
  if (!isObject(body)) return expr;
  const isPlace = (name: string): boolean =>
    operator === 'Record' || ['left', 'right', 'arg', 'if', 'then', 'else', 'in'].includes(name);
  return rebuilt(
    Object.fromEntries(
      Object.entries(body).map(([name, value]) => [
        name,
        isPlace(name) && isObject(value) ? map(value as Expr, name) : value,
      ]),
    ),
  );
};

export const variableOf = (expr: Expr): string | undefined => {
  const { operator, body } = operationOf(expr);
  return operator === 'Var' ? String(body) : undefined;
};

/** `left.a` or `left has a.b`, with what stands before the attributes. */
export interface Access {
  readonly kind: 'get' | 'has';
  readonly left: Expr;
  readonly attributes: readonly string[];
}

const accessOf = (expr: Expr): Access | undefined => {
  const { operator, body } = operationOf(expr);
  if ((operator !== '.' && operator !== 'has') || !isObject(body)) return undefined;
  const attr = body['attr'] as string | readonly string[];
  return {
    kind: operator === '.' ? 'get' : 'has',
    left: body['left'] as Expr,
    attributes: typeof attr === 'string' ? [attr] : attr,
  };
};

/** An access that begins at a variable: `context.args.a.b`, `principal has keyId`. */
export interface VariableAccess {
  readonly kind: 'get' | 'has';
  readonly variable: string;
  readonly path: readonly string[];
}

export const variableAccessOf = (expr: Expr): VariableAccess | undefined => {
  const access = accessOf(expr);
  if (access === undefined) return undefined;
  const { kind, left, attributes } = access;
  const variable = variableOf(left);
  if (variable !== undefined) return { kind, variable, path: attributes };
  const inner = variableAccessOf(left);
  return inner?.kind === 'get'
    ? { kind, variable: inner.variable, path: [...inner.path, ...attributes] }
    : undefined;
};

/** The path below `context.args`, when it is one. */
export const argumentPathOf = (
  expr: Expr,
): { readonly kind: 'get' | 'has'; readonly path: readonly string[] } | undefined => {
  const access = variableAccessOf(expr);
  if (access?.variable !== 'context' || access.path[0] !== 'args') return undefined;
  return { kind: access.kind, path: access.path.slice(1) };
};

/** Whether an expression looks at arguments anywhere. */
export const mentionsArguments = (expr: Expr): boolean =>
  argumentPathOf(expr) !== undefined || operandsOf(expr).some(mentionsArguments);

/** Entities that an expression or a scope names. */
export const entitiesIn = (value: unknown): readonly EntityRef[] => {
  if (Array.isArray(value)) return value.flatMap(entitiesIn);
  if (!isObject(value)) return [];
  const { __entity: entity } = value;
  return isObject(entity) ? [asEntity(entity)] : Object.values(value).flatMap(entitiesIn);
};

const asEntity = ({ type, id }: Readonly<Record<string, unknown>>): EntityRef => ({
  type: String(type),
  id: String(id),
});

interface Scope {
  readonly op: string;
  readonly entity?: unknown;
  readonly entities?: unknown;
  readonly in?: { readonly entity?: unknown };
}

/** The entities of `principal == …`, `in …`, `is … in …`. */
const scopeEntities = (scope: PolicyJson['principal' | 'action' | 'resource']) => {
  const { entity, entities = [], in: inside } = scope as Scope;
  return [entity, ...(entities as readonly unknown[]), inside?.entity]
    .filter(isObject)
    .map((one) => entitiesIn(one)[0] ?? asEntity(one));
};

/** Every entity that a policy names. */
export const entitiesOf = ({
  principal,
  action,
  resource,
  conditions,
}: PolicyJson): readonly EntityRef[] => [
  ...[principal, action, resource].flatMap(scopeEntities),
  ...conditions.flatMap(({ body }) => entitiesIn(body)),
];

/** Where a policy's resource stands: one tool, the tools of one server, or any. */
export const resourceScopeOf = ({ resource }: PolicyJson): EntityRef | undefined =>
  scopeEntities(resource)[0];

/** How deep an expression is in JSON: what the WebAssembly reads has a limit there. */
export const depthOf = (value: unknown): number => {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
};
