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

export const managedRuleGroup = z.strictObject({
  VendorName: z.string(),
  Name: z.string(),
  Version: z.string().optional(),
  RuleActionOverrides: z
    .array(z.strictObject({ Name: z.string(), ActionToUse: z.unknown() }))
    .default([]),
});

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
  OverrideAction: z
    .strictObject({ None: z.strictObject({}).optional(), Count: z.strictObject({}).optional() })
    .optional(),
  RuleLabels: z.array(named).default([]),
});

/** "FieldToProtect": without keys every key of the type is protected. */
export const dataProtection = z.strictObject({
  Field: z.strictObject({
    FieldType: z.enum([
      'SINGLE_HEADER',
      'SINGLE_COOKIE',
      'SINGLE_QUERY_ARGUMENT',
      'QUERY_STRING',
      'BODY',
    ]),
    FieldKeys: z.array(z.string()).optional(),
  }),
  Action: z.enum(['SUBSTITUTION', 'HASH']),
  // The exceptions would bring values back into the log: the twin has none.
  ExcludeRuleMatchDetails: z.literal(false).default(false),
  ExcludeRateBasedDetails: z.literal(false).default(false),
});
export type DataProtection = z.infer<typeof dataProtection>;

const logCondition = z.union([
  z.strictObject({
    ActionCondition: z.strictObject({
      Action: z.enum(['ALLOW', 'BLOCK', 'COUNT', 'CAPTCHA', 'CHALLENGE', 'EXCLUDED_AS_COUNT']),
    }),
  }),
  z.strictObject({ LabelNameCondition: z.strictObject({ LabelName: z.string() }) }),
]);
export type LogCondition = z.infer<typeof logCondition>;

const keepOrDrop = z.enum(['KEEP', 'DROP']);

export const loggingConfiguration = z.strictObject({
  ResourceArn: z.string(),
  LogDestinationConfigs: z.tuple([z.string()]),
  LoggingFilter: z
    .strictObject({
      DefaultBehavior: keepOrDrop,
      Filters: z
        .array(
          z.strictObject({
            Behavior: keepOrDrop,
            Requirement: z.enum(['MEETS_ANY', 'MEETS_ALL']),
            Conditions: z.array(logCondition).min(1),
          }),
        )
        .min(1),
    })
    .optional(),
});
export type LoggingConfiguration = z.infer<typeof loggingConfiguration>;

export const webAclProperties = z.object({
  Name: z.string().optional(),
  DefaultAction: z.unknown(),
  Rules: z.array(rule).default([]),
  CustomResponseBodies: z
    .record(z.string(), z.object({ ContentType: z.string(), Content: z.string() }))
    .default({}),
  DataProtectionConfig: z
    .strictObject({ DataProtections: z.array(dataProtection).min(1) })
    .optional(),
  AssociationConfig: z
    .object({
      RequestBody: z.record(z.string(), z.object({ DefaultSizeInspectionLimit: z.string() })),
    })
    .optional(),
});
export type WebAclProperties = z.infer<typeof webAclProperties>;

export const associationProperties = z.object({ ResourceArn: z.string(), WebACLArn: z.string() });
export const ipSetProperties = z.object({ Addresses: z.array(z.string()) });
