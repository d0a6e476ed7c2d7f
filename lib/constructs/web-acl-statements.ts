import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import type { EdgeMark } from './edge-distribution.ts';
import { stageName } from './mcp-api.ts';

export type Statement = CfnWebACL.StatementProperty;

/** Rules stand in the order in which WAF evaluates them: their priority is their place. */
export type Rule = Omit<CfnWebACL.RuleProperty, 'priority' | 'visibilityConfig'>;

/** Which of AWS's text transformations come before a comparison, the first one first. */
const transformed = (...types: readonly string[]) =>
  (types.length === 0 ? ['NONE'] : types).map((type, priority) => ({ priority, type }));

export const not = (statement: Statement): Statement => ({ notStatement: { statement } });

/** WAF wants two statements or more to combine. */
const combined =
  (combine: (statements: Statement[]) => Statement) =>
  (statements: readonly Statement[]): Statement => {
    const [only, ...others] = statements;
    if (only === undefined) throw new Error('nothing to combine');
    return others.length === 0 ? only : combine([...statements]);
  };
export const anyOf = combined((statements) => ({ orStatement: { statements } }));
export const allOf = combined((statements) => ({ andStatement: { statements } }));

/** The L1 passes `singleHeader` on as it is, so it is spelled as CloudFormation spells it. */
const header = (name: string) => ({ singleHeader: { Name: name } });

/** A header that is there and not empty: what is not there has no size that compares. */
export const hasHeader = (name: string): Statement => ({
  sizeConstraintStatement: {
    comparisonOperator: 'GE',
    size: 1,
    fieldToMatch: header(name),
    textTransformations: transformed(),
  },
});

export const headerMatches = (name: string, regexString: string): Statement => ({
  regexMatchStatement: {
    regexString,
    fieldToMatch: header(name),
    textTransformations: transformed(),
  },
});

export const headerBegins = (name: string, searchString: string): Statement => ({
  byteMatchStatement: {
    searchString,
    positionalConstraint: 'STARTS_WITH',
    fieldToMatch: header(name),
    textTransformations: transformed(),
  },
});

export const bodyLongerThan = (size: number): Statement => ({
  sizeConstraintStatement: {
    comparisonOperator: 'GT',
    size,
    // A body that goes on beyond what WAF sees is longer.
    fieldToMatch: { body: { oversizeHandling: 'MATCH' } },
    textTransformations: transformed(),
  },
});

/**
 * A path of the API, as an expression without anchors. WAF sees the stage's name in it, except on a custom domain.
 * @param spelling - `as sent` where a match spares a request, `decoded` where it holds one: no spelling of a path may
 * get around a rule.
 */
export const pathIs = (expression: string, spelling: 'as sent' | 'decoded'): Statement => ({
  regexMatchStatement: {
    regexString: `^(/${stageName})?/(${expression})$`,
    fieldToMatch: { uriPath: {} },
    textTransformations:
      spelling === 'decoded' ? transformed('URL_DECODE', 'NORMALIZE_PATH') : transformed(),
  },
});

export const hasLabel = (key: string): Statement => ({
  labelMatchStatement: { scope: 'LABEL', key },
});

/** Requests that come by CloudFront: nobody else knows the secret. */
export const byEdge = ({ secretHeader, secret }: EdgeMark): Statement => ({
  byteMatchStatement: {
    fieldToMatch: header(secretHeader),
    positionalConstraint: 'EXACTLY',
    searchString: secret,
    textTransformations: transformed(),
  },
});

/** The address that API Gateway was called from is one of these. */
export const calledFrom = (ipSetArns: readonly string[]): Statement =>
  anyOf(ipSetArns.map((arn) => ({ ipSetReferenceStatement: { arn } })));

/**
 * The caller's address is one of these: for a request that comes by CloudFront the viewer's, which CloudFront puts into
 * a header. The same header of anybody else counts for nothing.
 * @param unreadable - what a viewer's address counts as that WAF cannot read.
 */
export const comesFrom = (
  ipSetArns: readonly string[],
  edgeMark: EdgeMark | undefined,
  unreadable: 'MATCH' | 'NO_MATCH',
): Statement => {
  if (edgeMark === undefined) return calledFrom(ipSetArns);
  const viewer = ipSetArns.map((arn) => ({
    ipSetReferenceStatement: {
      arn,
      ipSetForwardedIpConfig: {
        headerName: edgeMark.viewerHeader,
        fallbackBehavior: unreadable,
        position: 'FIRST',
      },
    },
  }));
  return anyOf([
    allOf([byEdge(edgeMark), anyOf(viewer)]),
    allOf([not(byEdge(edgeMark)), calledFrom(ipSetArns)]),
  ]);
};

/** One credential is one key, however its header is written: schemes are compared without case (RFC 9110 §11.1). */
export const credentialKey: CfnWebACL.RateBasedStatementCustomKeyProperty = {
  header: {
    name: 'authorization',
    textTransformations: transformed('COMPRESS_WHITE_SPACE', 'LOWERCASE'),
  },
};
