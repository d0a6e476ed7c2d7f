import type { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { decimalGreaterThan } from '../decimal-greater-than.ts';
import type { WafConfig } from '../waf-config.ts';
import type { EdgeMark } from './edge-distribution.ts';
import { refuse, refuseLarge, refuseMany } from './web-acl-responses.ts';
import {
  allOf,
  anyOf,
  bodyLongerThan,
  byEdge,
  calledFrom,
  comesFrom,
  credentialKey,
  hasHeader,
  headerBegins,
  headerMatches,
  not,
  pathIs,
  type Rule,
  type Statement,
} from './web-acl-statements.ts';

/** ARNs of the sets that the configuration asks for, one for each version of IP. */
export type IpSetArns = Readonly<Record<keyof WafConfig['ipSets'], readonly string[]>>;

export interface RuleContext {
  readonly waf: WafConfig;
  readonly ipSets: IpSetArns;
  /** Where requests may come by CloudFront: else an edge location would be taken for one caller. */
  readonly edgeMark: EdgeMark | undefined;
}

/** Somebody has named these addresses, so they are refused in every mode. */
export const deniedAddresses = ({ ipSets, edgeMark }: RuleContext): readonly Rule[] =>
  ipSets.deny.length === 0
    ? []
    : [
        {
          name: 'DeniedAddresses',
          action: refuse('denied'),
          statement: comesFrom(ipSets.deny, edgeMark, 'MATCH'),
        },
      ];

/**
 * A body is as long as its Content-Length says (API Gateway holds a client to it). One without is measured, as far as
 * WAF sees it; what goes beyond counts as too long. Part of the API and no guess, so it holds in every mode.
 */
export const bodySize = ({ waf }: RuleContext): Rule => ({
  name: 'BodySize',
  action: refuseLarge,
  statement: anyOf([
    headerMatches('content-length', decimalGreaterThan(waf.maxBodyBytes)),
    allOf([
      not(hasHeader('content-length')),
      bodyLongerThan(Math.min(waf.maxBodyBytes, waf.bodyInspectionKb * 1024 - 1)),
    ]),
  ]),
});

/**
 * The lane of signed requests, where it is for some addresses only. Signatures are of API Gateway's host, so nothing
 * that is right comes here by CloudFront: it is the address that calls API Gateway which counts. Holds in every mode.
 */
export const ciAddresses = ({ ipSets }: RuleContext): readonly Rule[] =>
  ipSets.ci.length === 0
    ? []
    : [
        {
          name: 'CiAddresses',
          action: refuse('notForCi'),
          statement: allOf([pathIs('ci(/.*)?', 'decoded'), not(calledFrom(ipSets.ci))]),
        },
      ];

interface Rate {
  readonly limit: number;
  readonly answer: Parameters<typeof refuseMany>[0];
  /** Which requests are counted. @default all */
  readonly counted?: readonly Statement[];
}

/** Counts requests, except those of the addresses that no rate holds. */
const rateRule = (
  name: string,
  { waf, ipSets, edgeMark }: RuleContext,
  { limit, answer, counted = [] }: Rate,
  key: Partial<CfnWebACL.RateBasedStatementProperty>,
): Rule => {
  const scope = [
    ...counted,
    ...(ipSets.allow.length === 0 ? [] : [not(comesFrom(ipSets.allow, edgeMark, 'NO_MATCH'))]),
  ];
  return {
    name,
    action: waf.mode === 'count' ? { count: {} } : refuseMany(answer, waf.windowSeconds),
    statement: {
      rateBasedStatement: {
        aggregateKeyType: 'IP',
        limit,
        evaluationWindowSec: waf.windowSeconds,
        ...key,
        ...(scope.length === 0 ? {} : { scopeDownStatement: allOf(scope) }),
      },
    },
  };
};

/** A limit for each address. By CloudFront it is the viewer's, as CloudFront's function tells it. */
const ratePerAddress = (name: string, context: RuleContext, rate: Rate): readonly Rule[] => {
  const { edgeMark } = context;
  if (edgeMark === undefined) return [rateRule(`${name}PerIp`, context, rate, {})];
  const { counted = [] } = rate;
  return [
    rateRule(
      `${name}PerIp`,
      context,
      { ...rate, counted: [...counted, not(byEdge(edgeMark))] },
      {},
    ),
    rateRule(
      `${name}PerViewer`,
      context,
      { ...rate, counted: [...counted, byEdge(edgeMark)] },
      {
        aggregateKeyType: 'FORWARDED_IP',
        // An address that WAF cannot read is refused.
        forwardedIpConfig: { headerName: edgeMark.viewerHeader, fallbackBehavior: 'MATCH' },
      },
    ),
  ];
};

export const requestRate = (context: RuleContext): readonly Rule[] =>
  ratePerAddress('Requests', context, { limit: context.waf.requestsPerIp, answer: 'tooMany' });

/** Discovery, registration and sign-in, and guesses of who has no credential: nobody needs many of these. */
export const openRequestRate = (context: RuleContext): readonly Rule[] =>
  ratePerAddress('OpenRequests', context, {
    limit: context.waf.openRequestsPerIp,
    answer: 'tooManyOpen',
    counted: [not(hasHeader('authorization'))],
  });

/**
 * One credential from many addresses. Requests without the header lack the key and are not counted; a signed request
 * has a header of its own, and would only push others out of what WAF keeps.
 */
export const credentialRate = (context: RuleContext): Rule =>
  rateRule(
    'RequestsPerCredential',
    context,
    {
      limit: context.waf.requestsPerCredential,
      answer: 'tooManyOfCredential',
      counted: [not(headerBegins('authorization', 'AWS4-HMAC-SHA256'))],
    },
    { aggregateKeyType: 'CUSTOM_KEYS', customKeys: [credentialKey] },
  );
