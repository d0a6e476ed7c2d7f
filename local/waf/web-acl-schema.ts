import * as z from 'zod';

/** The properties that the twin reads of AWS::WAFv2::*. Statements stay open here: `statements.ts` refuses by name. */
const named = z.object({ Name: z.string() });
const prioritized = z.object({ Priority: z.coerce.number(), Type: z.string() });

export const fieldToMatch = z.strictObject({
  AllQueryArguments: z.looseObject({}).optional(),
  Body: z.strictObject({ OversizeHandling: z.string().optional() }).optional(),
  Method: z.looseObject({}).optional(),
  QueryString: z.looseObject({}).optional(),
  SingleHeader: named.optional(),
  SingleQueryArgument: named.optional(),
  UriPath: z.looseObject({}).optional(),
});

const matched = {
  FieldToMatch: z.looseObject({}),
  TextTransformations: z.array(prioritized).default([]),
};

export const sizeConstraint = z.object({
  ...matched,
  ComparisonOperator: z.enum(['EQ', 'NE', 'LE', 'LT', 'GE', 'GT']),
  Size: z.coerce.number(),
});

export const byteMatch = z.object({
  ...matched,
  PositionalConstraint: z.enum([
    'EXACTLY',
    'STARTS_WITH',
    'ENDS_WITH',
    'CONTAINS',
    'CONTAINS_WORD',
  ]),
  SearchString: z.string().optional(),
  SearchStringBase64: z.string().optional(),
});

export const regexMatch = z.object({ ...matched, RegexString: z.string() });

export const ipSetReference = z.strictObject({ Arn: z.string() });
export const labelMatch = z.strictObject({
  Scope: z.enum(['LABEL', 'NAMESPACE']),
  Key: z.string(),
});
export const statementList = z.strictObject({ Statements: z.array(z.unknown()).min(1) });
export const negated = z.strictObject({ Statement: z.unknown() });

export const rateBased = z.object({
  AggregateKeyType: z.string(),
  Limit: z.coerce.number().int().min(1),
  EvaluationWindowSec: z.coerce.number().int().default(300),
  ScopeDownStatement: z.unknown().optional(),
  CustomKeys: z.array(z.record(z.string(), z.unknown())).default([]),
});

export const managedRuleGroup = z.looseObject({ VendorName: z.string(), Name: z.string() });

const customResponse = z.object({
  ResponseCode: z.coerce.number().int().min(200).max(600),
  CustomResponseBodyKey: z.string().optional(),
  ResponseHeaders: z.array(z.object({ Name: z.string(), Value: z.string() })).default([]),
});

/** Strict, so that an action with request handling, a captcha or a challenge is not silently taken for less. */
export const ruleAction = z.strictObject({
  Allow: z.strictObject({}).optional(),
  Block: z.strictObject({ CustomResponse: customResponse.optional() }).optional(),
  Count: z.strictObject({}).optional(),
});
export type RuleAction = z.infer<typeof ruleAction>;

export const rule = z.object({
  Name: z.string(),
  Priority: z.coerce.number(),
  Statement: z.record(z.string(), z.unknown()),
  Action: z.unknown().optional(),
  OverrideAction: z.unknown().optional(),
  RuleLabels: z.array(named).default([]),
});

export const webAclProperties = z.object({
  Name: z.string().optional(),
  DefaultAction: z.unknown(),
  Rules: z.array(rule).default([]),
  CustomResponseBodies: z
    .record(z.string(), z.object({ ContentType: z.string(), Content: z.string() }))
    .default({}),
  AssociationConfig: z
    .object({
      RequestBody: z.record(z.string(), z.object({ DefaultSizeInspectionLimit: z.string() })),
    })
    .optional(),
});
export type WebAclProperties = z.infer<typeof webAclProperties>;

export const associationProperties = z.object({ ResourceArn: z.string(), WebACLArn: z.string() });
export const ipSetProperties = z.object({ Addresses: z.array(z.string()) });
