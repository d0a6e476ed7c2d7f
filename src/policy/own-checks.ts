import * as z from 'zod';
import { tenantId } from '../principals/principal.ts';
import { closedValues, typeName } from './cedar-schema.ts';
import {
  entitiesOf,
  operandsOf,
  operationOf,
  variableAccessOf,
  variableOf,
  type EntityRef,
  type Expr,
  type PolicyJson,
} from './expression.ts';

/** What is wrong with a policy, beside what Cedar's validator tells; `near` is a text that stands where it is. */
export interface Finding {
  readonly reason: string;
  readonly near?: string;
}

const annotations = ['id', 'message', 'description'];

/** Those that the audit has for what is no policy. */
const reservedIds = ['none', 'arguments'];

export const policyId = z
  .string()
  .regex(/^[A-Za-z0-9_.:-]{1,64}$/u, { error: 'an @id is 1 to 64 of A-Z, a-z, 0-9, _ . : and -' })
  .refine((id) => !reservedIds.includes(id), { error: `${reservedIds.join(' and ')} are no @id` });

/** For callers: no control characters, nothing that turns the direction of writing. */
const message = z.string().regex(/^[\p{L}\p{M}\p{N}\p{P}\p{S} ]{1,200}$/u, {
  error: 'a @message is 1 to 200 printable characters',
});

const quoted = (id: string): string => `::${JSON.stringify(id)}`;

const refused = (schema: z.ZodType, value: unknown, near: string): readonly Finding[] => {
  const problem = schema.safeParse(value).error?.issues[0]?.message;
  return problem === undefined ? [] : [{ reason: problem, near }];
};

const ofAnnotations = ({ annotations: given = {} }: PolicyJson): readonly Finding[] => [
  ...Object.keys(given)
    .filter((name) => !annotations.includes(name))
    .map((name) => ({
      reason: `unknown annotation @${name}: there are @${annotations.join(', @')}`,
      near: `@${name}`,
    })),
  ...('id' in given ? refused(policyId, given['id'], '@id') : []),
  ...('message' in given ? refused(message, given['message'], '@message') : []),
];

/** Entities that can never be, which would make a policy match nothing without a word. */
const ofEntity = ({ type, id }: EntityRef, tenant: string | undefined): string | undefined => {
  if (type !== typeName('Tenant') && type !== typeName('Caller')) return undefined;
  const [owner = '', ...subject] = type === typeName('Tenant') ? [id] : id.split('/');
  if (type === typeName('Caller') && subject.join('/') === '') {
    return `a caller is "<tenant>/<subject>", not ${JSON.stringify(id)}`;
  }
  if (!tenantId.safeParse(owner).success) return `no tenant can be ${JSON.stringify(owner)}`;
  return tenant === undefined || owner === tenant
    ? undefined
    : `these policies are of tenant ${tenant} only, and never see ${JSON.stringify(owner)}`;
};

const literalsIn = (expr: Expr): readonly string[] => {
  const { operator, body } = operationOf(expr);
  if (operator === 'Value') return typeof body === 'string' ? [body] : [];
  return operator === 'Set' ? operandsOf(expr).flatMap(literalsIn) : [];
};

/** `principal.lane == "kye"`: the other side of a comparison with one of few values. */
const ofClosedValues = (expr: Expr): readonly Finding[] => {
  const { operator } = operationOf(expr);
  if (!['==', '!=', 'contains'].includes(operator)) return [];
  const operands = operandsOf(expr);
  return operands.flatMap((operand) => {
    const access = variableAccessOf(operand);
    const name = access === undefined ? '' : `${access.variable}.${access.path.join('.')}`;
    const known = Object.hasOwn(closedValues, name) ? closedValues[name] : undefined;
    if (known === undefined) return [];
    return operands
      .flatMap(literalsIn)
      .filter((literal) => !known.includes(literal))
      .map((literal) => ({
        reason: `${name} is never ${JSON.stringify(literal)}: it is ${known.join(', ')}`,
        near: JSON.stringify(literal),
      }));
  });
};

/** JSON, by which Cedar and we talk, holds no others exactly. */
const ofNumbers = (expr: Expr): readonly Finding[] => {
  const { operator, body } = operationOf(expr);
  if (operator !== 'Value' || (typeof body !== 'number' && typeof body !== 'bigint')) return [];
  if (Number.isSafeInteger(Number(body))) return [];
  return [{ reason: `numbers are at most ${Number.MAX_SAFE_INTEGER}, and at least its negative` }];
};

/** `context` where no member of it is asked for: then nobody could tell which arguments are looked at. */
const ofContext = (expr: Expr): readonly Finding[] => {
  if (variableOf(expr) === 'context') {
    return [{ reason: 'context cannot be used as a whole: use its members', near: 'context' }];
  }
  if (variableAccessOf(expr) !== undefined) return [];
  return [...ofClosedValues(expr), ...ofNumbers(expr), ...operandsOf(expr).flatMap(ofContext)];
};

/** @param tenant whose own policies these are; undefined for those of the deployment. */
export const checkPolicy = (policy: PolicyJson, tenant: string | undefined): readonly Finding[] => [
  ...ofAnnotations(policy),
  ...entitiesOf(policy).flatMap((entity) => {
    const reason = ofEntity(entity, tenant);
    return reason === undefined ? [] : [{ reason, near: quoted(entity.id) }];
  }),
  ...policy.conditions.flatMap(({ body }) => ofContext(body)),
];
