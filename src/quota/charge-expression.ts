import type { Principal } from '../principals/principal.ts';
import { countersOf, type Limit } from './limits.ts';
import { attributes, revokedAttribute, usagePk } from './usage-table.ts';
import { isStale } from './window.ts';

/** DynamoDB's UpdateItem, as in its API reference. */
export interface ChargeInput {
  readonly TableName: string;
  readonly Key: { readonly pk: { readonly S: string } };
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues: Readonly<Record<string, { readonly N: string }>>;
  readonly ReturnValues: 'ALL_NEW';
  readonly ReturnValuesOnConditionCheckFailure: 'ALL_OLD';
}

export interface ShardCharge {
  readonly tableName: string;
  readonly principal: Principal;
  readonly shard: number;
  /** As this shard has them (`limitsOfShard`). */
  readonly limits: readonly Limit[];
  readonly units: number;
  /** Unix seconds. */
  readonly at: number;
  /** Names that were seen in the item and that nobody asks for any more. */
  readonly stale: readonly string[];
}

/** An expression has at most 4 KB and 300 operators; what is left over goes with the next charge. */
const maxRemoved = 20;

/**
 * One write that counts the units if the whole charge is admitted, and otherwise nothing. `refusalOf` explains from the
 * item why it was not.
 */
export const chargeExpression = (charge: ShardCharge): ChargeInput => {
  const { tableName, principal, shard, limits, units, at } = charge;
  const names = new Map<string, string>();
  const values: Record<string, { readonly N: string }> = {
    ':units': { N: String(units) },
    ':now': { N: String(at) },
    ':version': { N: String(principal.policyVersion ?? 0) },
  };
  const named = (attribute: string): string => {
    const known = names.get(attribute);
    if (known !== undefined) return known;
    const placeholder = `#${names.size}`;
    names.set(attribute, placeholder);
    return placeholder;
  };

  const room = (limit: Limit, index: number): string => {
    const counter = named(limit.counter);
    const left = `:left${index}`;
    values[left] = { N: String(limit.limit - units) };
    const within = `${counter} <= ${left}`;
    // More units than the limit: such a counter need not exist, and must not be begun.
    return units > limit.limit ? within : `(attribute_not_exists(${counter}) OR ${within})`;
  };

  const revoked = named(revokedAttribute(principal.subject));
  const version = named(attributes.policyVersion);
  const conditions = [
    `attribute_not_exists(${named(attributes.suspended)})`,
    `(attribute_not_exists(${revoked}) OR ${revoked} > :now)`,
    `(attribute_not_exists(${version}) OR ${version} <= :version)`,
    ...(units === 0 ? [] : limits.map(room)),
  ];

  const counters = countersOf(limits, at);
  // A clock may have been set back: what is stale is asked again, for the moment of this charge.
  const removed = charge.stale
    .filter((name) => isStale(name, at))
    .slice(0, maxRemoved)
    .map(named);
  return {
    TableName: tableName,
    Key: { pk: { S: usagePk(principal.tenant, shard) } },
    // With 0 units too: an update that says nothing would leave open what it answers.
    UpdateExpression: [
      `ADD ${counters.map((counter) => `${named(counter)} :units`).join(', ')}`,
      ...(removed.length === 0 ? [] : [`REMOVE ${removed.join(', ')}`]),
    ].join(' '),
    ConditionExpression: conditions.join(' AND '),
    ExpressionAttributeNames: Object.fromEntries(
      [...names].map(([attribute, placeholder]) => [placeholder, attribute]),
    ),
    ExpressionAttributeValues: values,
    ReturnValues: 'ALL_NEW',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  };
};
