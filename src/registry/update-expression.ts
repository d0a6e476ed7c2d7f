import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { PrincipalRecord } from './records.ts';
import type { ExpectedKey, KeyChanges, TenantChanges } from './registry.ts';

export type ItemUpdate = Pick<
  UpdateItemCommandInput,
  | 'ConditionExpression'
  | 'ExpressionAttributeNames'
  | 'ExpressionAttributeValues'
  | 'UpdateExpression'
>;

/** An expression in the making: names and values get placeholders, since many names are reserved words. */
class Expression {
  readonly conditions: string[] = ['attribute_exists(pk)'];
  readonly #names: Record<string, string> = {};
  readonly #values: Record<string, unknown> = {};

  name(attribute: string): string {
    this.#names[`#${attribute}`] = attribute;
    return `#${attribute}`;
  }

  value(placeholder: string, value: unknown): string {
    this.#values[`:${placeholder}`] = value;
    return `:${placeholder}`;
  }

  /** Null means that there is no such attribute. */
  expect(attribute: string, value: unknown): void {
    const name = this.name(attribute);
    this.conditions.push(
      value === null
        ? `attribute_not_exists(${name})`
        : `${name} = ${this.value(`expected${attribute}`, value)}`,
    );
  }

  /** Undefined leaves an attribute as it is, null takes it away. */
  update(changes: object): ItemUpdate {
    const given = Object.entries(changes).filter(([, value]) => value !== undefined);
    const set = given
      .filter(([, value]) => value !== null)
      .map(([attribute, value]) => `${this.name(attribute)} = ${this.value(attribute, value)}`);
    const removed = given
      .filter(([, value]) => value === null)
      .map(([attribute]) => this.name(attribute));
    const clauses = [
      ...(set.length === 0 ? [] : [`SET ${set.join(', ')}`]),
      ...(removed.length === 0 ? [] : [`REMOVE ${removed.join(', ')}`]),
    ];
    return {
      ConditionExpression: this.conditions.join(' AND '),
      ...(clauses.length === 0 ? {} : { UpdateExpression: clauses.join(' ') }),
      ExpressionAttributeNames: this.#names,
      ExpressionAttributeValues: marshall(this.#values),
    };
  }
}

export const tenantUpdate = (changes: TenantChanges, expectedRevision: number): ItemUpdate => {
  const expression = new Expression();
  const name = expression.name('revision');
  const value = expression.value('expectedRevision', expectedRevision);
  // Records from before there were revisions have none, and count as 1.
  expression.conditions.push(
    expectedRevision === 1
      ? `(attribute_not_exists(${name}) OR ${name} = ${value})`
      : `${name} = ${value}`,
  );
  return expression.update({ ...changes, revision: expectedRevision + 1 });
};

export const keyUpdate = (changes: KeyChanges, expected: ExpectedKey): ItemUpdate => {
  const expression = new Expression();
  expression.conditions.push(
    `${expression.name('status')} <> ${expression.value('final', 'revoked')}`,
  );
  if (changes.replacedBy !== undefined) expression.expect('replacedBy', null);
  for (const [attribute, value] of Object.entries(expected)) {
    if (value !== undefined) expression.expect(attribute, value);
  }
  return expression.update(changes);
};

export const principalUpdate = (
  expected: PrincipalRecord,
  changes: Pick<PrincipalRecord, 'role'>,
): ItemUpdate => {
  const expression = new Expression();
  for (const attribute of ['tenant', 'role', 'createdAt'] as const) {
    expression.expect(attribute, expected[attribute]);
  }
  return expression.update(changes);
};
