import type { ArgumentType } from './argument-types.ts';
import {
  argumentPathOf,
  mapOperands,
  mentionsArguments,
  operationOf,
  type Expr,
  type PolicyJson,
} from './expression.ts';

const literal = (value: boolean): Expr => ({ Value: value });

const both = (left: Expr, right: Expr): Expr => ({ '&&': { left, right } });
const either = (left: Expr, right: Expr): Expr => ({ '||': { left, right } });
const not = (arg: Expr): Expr => ({ '!': { arg } });

/** Always true of a value of the type, and an error of any other. */
const assertion = (access: Expr, type: ArgumentType): Expr | undefined => {
  switch (type.kind) {
    case 'String':
      return { like: { left: access, pattern: ['Wildcard'] } };
    case 'Long':
      return { '<=': { left: access, right: access } };
    case 'Bool':
      return either(access, literal(true));
    case 'decimal':
      return { lessThanOrEqual: [access, access] };
    case 'Set':
      return either({ isEmpty: { arg: access } }, literal(true));
    case 'Record':
    case 'presence':
      return undefined;
  }
};

const typeAt = (args: ArgumentType, path: readonly string[]): ArgumentType | undefined =>
  path.reduce<ArgumentType | undefined>(
    (type, name) => (type?.kind === 'Record' ? type.members.get(name) : undefined),
    args,
  );

/** Operations that fail of themselves when an operand has another type. */
const strict = new Set([
  ...['<', '<=', '>', '>=', '+', '-', '*', 'neg', '&&', '||', '!', 'like'],
  ...['containsAll', 'containsAny', 'isEmpty'],
  ...['lessThan', 'lessThanOrEqual', 'greaterThan', 'greaterThanOrEqual'],
]);

const isStrict = (operator: string, place: string): boolean =>
  strict.has(operator) || (operator === 'contains' && place === 'left');

/**
 * Cedar's `==` is false, and no error, of values of two types: `"7" == 7`, or a list where a policy expects text. Then a
 * caller could pass a `forbid` by sending another type. So arguments are compared only when they are of the type that they are
 * used as; anything else is an error, which denies.
 */
export const assertTypes = (expr: Expr, args: ArgumentType): Expr => {
  const rewritten = (one: Expr, parentIsStrict: boolean): Expr => {
    const argument = argumentPathOf(one);
    if (argument === undefined) {
      const { operator } = operationOf(one);
      return mapOperands(one, (operand, place) => rewritten(operand, isStrict(operator, place)));
    }
    const type = typeAt(args, argument.path);
    if (argument.kind === 'has' || parentIsStrict || type === undefined) return one;
    const check = assertion(one, type);
    return check === undefined ? one : { 'if-then-else': { if: check, then: one, else: one } };
  };
  return rewritten(expr, true);
};

/**
 * A condition without arguments that is true whenever `expr` is true of some arguments (`most`), or only when it is true of
 * all (`least`).
 */
const bound = (expr: Expr, side: 'most' | 'least'): Expr => {
  if (!mentionsArguments(expr)) return expr;
  const other = side === 'most' ? 'least' : 'most';
  const { operator, body } = operationOf(expr);
  const { left, right, arg } = body as Readonly<Record<string, Expr>>;
  if (operator === '&&' && left && right) return both(bound(left, side), bound(right, side));
  if (operator === '||' && left && right) return either(bound(left, side), bound(right, side));
  if (operator === '!' && arg) return not(bound(arg, other));
  if (operator === 'if-then-else') {
    const branches = body as { readonly if: Expr; readonly then: Expr; readonly else: Expr };
    const yes = bound(branches.then, side);
    const no = bound(branches.else, side);
    if (!mentionsArguments(branches.if)) {
      return { 'if-then-else': { if: branches.if, then: yes, else: no } };
    }
    // A branch counts only where the condition can lead to it: it may guard what would fail elsewhere.
    return side === 'most'
      ? either(both(bound(branches.if, 'most'), yes), both(bound(not(branches.if), 'most'), no))
      : both(
          either(bound(not(branches.if), 'least'), yes),
          either(bound(branches.if, 'least'), no),
        );
  }
  return literal(side === 'most');
};

/** What decides whether a tool is listed: a permit as far as it could go, a forbid as far as it must. */
export const withoutArguments = (policy: PolicyJson): PolicyJson => {
  const side = policy.effect === 'permit' ? 'most' : 'least';
  const other = side === 'most' ? 'least' : 'most';
  return {
    ...policy,
    conditions: policy.conditions.map(({ kind, body }) => ({
      kind,
      body: bound(body, kind === 'when' ? side : other),
    })),
  };
};
