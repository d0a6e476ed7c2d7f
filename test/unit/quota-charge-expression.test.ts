import { describe, expect, it } from 'vitest';
import { chargeExpression } from '../../src/quota/charge-expression.ts';
import { limitsOf } from '../../src/quota/limits.ts';
import { planTable } from '../../src/quota/plan-limits.ts';
import type { Principal } from '../../src/principals/principal.ts';

/** 2026-11-28T12:00:00Z */
const at = Date.UTC(2026, 10, 28, 12) / 1000;
const principal: Principal = {
  tenant: 'acme',
  subject: 'key:AAAAAAAA',
  role: 'user',
  lane: 'key',
  plan: 'plan',
  policyVersion: 3,
};

const expression = (
  plan: object,
  units: number,
  stale: readonly string[] = [],
  who: Principal = principal,
) =>
  chargeExpression({
    tableName: 'Usage',
    principal: who,
    shard: 2,
    limits: limitsOf(planTable.parse({ plan })['plan']!, who.subject, at),
    units,
    at,
    stale,
  });

describe('the write of a charge', () => {
  it('adds to every counter, under every condition, and removes what is stale', () => {
    const plan = {
      units: { perMinute: 50, perMonth: 1_000 },
      unitsPerCredential: { perDay: 20 },
    };
    expect(expression(plan, 5, ['m29931118', 'd20785', 'd20700'])).toEqual({
      TableName: 'Usage',
      Key: { pk: { S: 'TENANT#acme#2' } },
      UpdateExpression: 'ADD #3 :units, #4 :units, #5 :units, #8 :units REMOVE #6, #7',
      ConditionExpression:
        'attribute_not_exists(#2) AND (attribute_not_exists(#0) OR #0 > :now) AND ' +
        '(attribute_not_exists(#1) OR #1 <= :version) AND ' +
        '(attribute_not_exists(#3) OR #3 <= :left0) AND ' +
        '(attribute_not_exists(#4) OR #4 <= :left1) AND ' +
        '(attribute_not_exists(#5) OR #5 <= :left2)',
      ExpressionAttributeNames: {
        '#0': 'xkey:AAAAAAAA',
        '#1': 'p',
        '#2': 's',
        '#3': 'm29931120',
        '#4': 'o202611',
        '#5': 'cd20785#key:AAAAAAAA',
        '#6': 'm29931118',
        '#7': 'd20700',
        '#8': 'd20785',
      },
      ExpressionAttributeValues: {
        ':units': { N: '5' },
        ':now': { N: '1795867200' },
        ':version': { N: '3' },
        ':left0': { N: '45' },
        ':left1': { N: '995' },
        ':left2': { N: '15' },
      },
      ReturnValues: 'ALL_NEW',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it('of 0 units asks for the standing alone', () => {
    const { policyVersion: _, ...unversioned } = principal;
    expect(expression({ units: { perDay: 50 } }, 0, [], unversioned)).toMatchObject({
      UpdateExpression: 'ADD #3 :units, #4 :units',
      ConditionExpression:
        'attribute_not_exists(#2) AND (attribute_not_exists(#0) OR #0 > :now) AND ' +
        '(attribute_not_exists(#1) OR #1 <= :version)',
      ExpressionAttributeValues: {
        ':units': { N: '0' },
        ':now': { N: '1795867200' },
        ':version': { N: '0' },
      },
    });
  });

  it('of more units than the limit cannot be admitted where the counter is not there', () => {
    expect(expression({ units: { perDay: 4 } }, 5).ConditionExpression).toMatch(
      / AND #3 <= :left0$/,
    );
  });

  it('has only values that it names, and names only what it uses', () => {
    const input = expression({ units: { perMinute: 5 } }, 1, ['d20000']);
    const text = `${input.UpdateExpression} ${input.ConditionExpression}`;
    const used = (pattern: RegExp) => [...new Set(text.match(pattern))].sort();
    expect(used(/:\w+/g)).toEqual(Object.keys(input.ExpressionAttributeValues).sort());
    expect(used(/#\w+/g)).toEqual(Object.keys(input.ExpressionAttributeNames).sort());
  });

  it('stays below what DynamoDB takes, with every limit and the longest subject', () => {
    const limits = { perMinute: 1e12, perDay: 1e12, perMonth: 1e12 };
    const who = { ...principal, subject: `jwt:${'é'.repeat(252)}` };
    const stale = Array.from({ length: 40 }, (_, index) => `cd${index}#${who.subject}`);
    const input = expression({ units: limits, unitsPerCredential: limits }, 1, stale, who);
    expect(input.UpdateExpression.match(/#\d+/g)).toHaveLength(26);
    expect(input.UpdateExpression.length + input.ConditionExpression.length).toBeLessThan(4_096);
  });
});
