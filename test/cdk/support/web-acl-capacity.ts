import * as z from 'zod';

/**
 * WCU of each statement, as AWS lists them ("Rule statements list", "Baseline rule groups", "IP reputation rule
 * groups"). Where AWS gives a span, or does not say whether the transformation NONE costs, this has the dearer.
 */
const managedGroups: Readonly<Record<string, number>> = {
  AWSManagedRulesAmazonIpReputationList: 25,
  AWSManagedRulesKnownBadInputsRuleSet: 200,
  AWSManagedRulesCommonRuleSet: 700,
};
const perTextTransformation = 10;
const rateBase = 2;
const perRateKey = 30;

const transformations = z.array(z.object({ Type: z.string() })).default([]);
const field = z.object({ TextTransformations: transformations });
const nested = z.object({ Statements: z.array(z.unknown()) });
const negated = z.object({ Statement: z.unknown() });
const ipSet = z.object({
  IPSetForwardedIPConfig: z.object({ Position: z.string() }).optional(),
});
const managed = z.object({ Name: z.string() });
const rate = z.object({
  ScopeDownStatement: z.unknown().optional(),
  CustomKeys: z
    .array(z.record(z.string(), z.object({ TextTransformations: transformations })))
    .default([]),
});

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
const ofField = (base: number) => (input: unknown) =>
  base + perTextTransformation * field.parse(input).TextTransformations.length;
const ofAll = (input: unknown): number => sum(nested.parse(input).Statements.map(capacityOf));

const costs: Readonly<Record<string, (input: unknown) => number>> = {
  AndStatement: ofAll,
  OrStatement: ofAll,
  NotStatement: (input) => capacityOf(negated.parse(input).Statement),
  IPSetReferenceStatement: (input) =>
    ipSet.parse(input).IPSetForwardedIPConfig?.Position === 'ANY' ? 5 : 1,
  LabelMatchStatement: () => 1,
  SizeConstraintStatement: ofField(1),
  RegexMatchStatement: ofField(3),
  // Between 1 and 10, by how it compares.
  ByteMatchStatement: ofField(10),
  ManagedRuleGroupStatement: (input) => {
    const { Name } = managed.parse(input);
    const cost = managedGroups[Name];
    if (cost === undefined) throw new Error(`the WCU of ${Name} is not known`);
    return cost;
  },
  RateBasedStatement: (input) => {
    const { ScopeDownStatement, CustomKeys } = rate.parse(input);
    const keys = CustomKeys.flatMap((entry) => Object.values(entry)).map(
      ({ TextTransformations }) => perRateKey + perTextTransformation * TextTransformations.length,
    );
    return (
      rateBase + sum(keys) + (ScopeDownStatement === undefined ? 0 : capacityOf(ScopeDownStatement))
    );
  },
};

/** @throws Error naming a statement whose cost is not listed here. */
export const capacityOf = (statement: unknown): number => {
  const [[type, input] = ['nothing', undefined]] = Object.entries(
    z.record(z.string(), z.unknown()).parse(statement),
  );
  const cost = costs[type];
  if (cost === undefined) throw new Error(`the WCU of ${type} is not known`);
  return cost(input);
};
