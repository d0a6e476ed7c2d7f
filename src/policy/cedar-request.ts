import type { CedarValueJson, EntityJson, TypeAndId } from '@cedar-policy/cedar-wasm/nodejs';
import { typeName } from './cedar-schema.ts';
import {
  entitiesIn,
  operandsOf,
  operationOf,
  variableAccessOf,
  variableOf,
  type Expr,
  type PolicyJson,
} from './expression.ts';
import type { PolicyCaller, PolicyTool } from './policy-decider.ts';

/** What of a caller, a tool and the context some policies look at. What none looks at need not be made. */
export interface Mentions {
  readonly principal: ReadonlySet<string>;
  readonly resource: ReadonlySet<string>;
  readonly context: ReadonlySet<string>;
}

type Variable = keyof Mentions;

/** Stands in `Mentions` for the entity itself: which one it is. */
export const itself = '';

/** Stands there for what it is in: the caller's role and tenant, the tool's server. */
const parents = '^';

/** Every attribute: for an entity that is handed around, where nobody sees what becomes of it. */
const allOf: Readonly<Record<Variable, readonly string[]>> = {
  principal: ['tenant', 'role', 'lane', 'subject', 'plan', 'keyId', itself, parents],
  resource: [
    'name',
    'server',
    'readOnly',
    'destructive',
    'idempotent',
    'openWorld',
    itself,
    parents,
  ],
  context: ['source', 'lane', 'args'],
};

const isVariable = (name: string): name is Variable => Object.hasOwn(allOf, name);

type Found = Readonly<Record<Variable, Set<string>>>;

/** `resource in Drawbridge::Server::"a"`: which tool it is makes no difference, only whose. */
const asksForServer = (expr: Expr): boolean => {
  const { operator } = operationOf(expr);
  const [left, right] = operandsOf(expr);
  return (
    operator === 'in' &&
    left !== undefined &&
    variableOf(left) === 'resource' &&
    right !== undefined &&
    ['Value', 'Set'].includes(operationOf(right).operator) &&
    operandsOf(right).every((one) => operationOf(one).operator === 'Value') &&
    entitiesIn(right).every(({ type }) => type === typeName('Server'))
  );
};

const collect = (expr: Expr, found: Found): void => {
  const bare = variableOf(expr);
  if (bare !== undefined) {
    if (isVariable(bare)) for (const name of allOf[bare]) found[bare].add(name);
    return;
  }
  const access = variableAccessOf(expr);
  if (access !== undefined) {
    if (isVariable(access.variable)) found[access.variable].add(access.path[0] ?? itself);
    return;
  }
  if (asksForServer(expr)) {
    found.resource.add('server').add(parents);
    return;
  }
  const { operator } = operationOf(expr);
  for (const [at, operand] of operandsOf(expr).entries()) {
    const compared = at === 0 && ['==', '!=', 'in', 'is'].includes(operator);
    const name = compared ? variableOf(operand) : undefined;
    if (name === undefined || !isVariable(name) || name === 'context') collect(operand, found);
    else if (operator === 'in' || operator === 'is') found[name].add(itself).add(parents);
    else found[name].add(itself);
  }
};

const hasScope = ({ op }: PolicyJson['principal' | 'resource']): boolean => op !== 'All';

export const mentionsOf = (policies: readonly PolicyJson[]): Mentions => {
  const found: Found = { principal: new Set(), resource: new Set(), context: new Set() };
  for (const { principal, resource, conditions } of policies) {
    if (hasScope(principal)) found.principal.add(parents);
    if (hasScope(resource)) found.resource.add(parents);
    for (const { body } of conditions) collect(body, found);
  }
  return found;
};

const uid = (type: Parameters<typeof typeName>[0], id: string): TypeAndId => ({
  type: typeName(type),
  id,
});

const callAction = uid('Action', 'call');

/** A caller's id holds its tenant's: two tenants may have callers of one name. */
const callerUid = ({ principal: { tenant, subject } }: PolicyCaller): TypeAndId =>
  uid('Caller', `${tenant}/${subject}`);

const attributes = (
  all: Readonly<Record<string, CedarValueJson | undefined>>,
  mentioned: ReadonlySet<string>,
): Record<string, CedarValueJson> => {
  const picked: Record<string, CedarValueJson> = {};
  for (const name of mentioned) {
    const value = Object.hasOwn(all, name) ? all[name] : undefined;
    if (value !== undefined) picked[name] = value;
  }
  return picked;
};

const callerEntity = (caller: PolicyCaller, { principal: seen }: Mentions): EntityJson => {
  const { tenant, role, lane, subject, plan, keyId } = caller.principal;
  return {
    uid: callerUid(caller),
    attrs: attributes({ tenant, role, lane, subject, plan, keyId }, seen),
    parents: seen.has(parents) ? [uid('Role', role), uid('Tenant', tenant)] : [],
  };
};

const toolEntity = (tool: PolicyTool, { resource: seen }: Mentions): EntityJson => {
  const { name, server, readOnly, destructive, idempotent, openWorld } = tool;
  return {
    uid: uid('Tool', name),
    attrs: attributes({ name, server, readOnly, destructive, idempotent, openWorld }, seen),
    parents: seen.has(parents) ? [uid('Server', server)] : [],
  };
};

/** Whether more is asked of an entity than which one it is. */
const isLookedInto = (seen: ReadonlySet<string>): boolean => seen.size > (seen.has(itself) ? 1 : 0);

/** A request without a context. Reading entities is half of what a decision costs, so there are those that are looked into. */
export const requestOf = (caller: PolicyCaller, tool: PolicyTool, mentions: Mentions) => ({
  principal: callerUid(caller),
  action: callAction,
  resource: uid('Tool', tool.name),
  entities: [
    ...(isLookedInto(mentions.principal) ? [callerEntity(caller, mentions)] : []),
    ...(isLookedInto(mentions.resource) ? [toolEntity(tool, mentions)] : []),
  ],
});

/** The context without arguments. An address that is none makes the request fail, and so denies. */
export const contextOf = (
  { principal: { lane }, sourceIp }: PolicyCaller,
  { context: seen }: Mentions,
): Record<string, CedarValueJson> =>
  attributes({ source: { __extn: { fn: 'ip', arg: sourceIp } }, lane }, seen);
