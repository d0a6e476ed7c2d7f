import type { Deployment } from '../template/deployment.ts';
import { compileProtections, type Protections } from './data-protection.ts';
import type { RateMatch } from './rate-based.ts';
import type { Rule, WafVerdict } from './rules.ts';
import type { WafRequest } from './waf-request.ts';
import {
  loggingConfiguration,
  type LogCondition,
  type LoggingConfiguration,
  type WebAclProperties,
} from './web-acl-schema.ts';

/** What became of one request, and why. */
export interface WafFindings {
  readonly verdict: WafVerdict;
  /** The rule that decided; undefined: the default action did. */
  readonly terminating: Rule | undefined;
  /** Rules that matched and went on. */
  readonly counted: readonly Rule[];
  /** Fully qualified. */
  readonly labels: ReadonlySet<string>;
  readonly request: WafRequest;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface WafLog {
  readonly logGroupName: string;
  /** The line of a request; undefined when the filter drops it. */
  lineOf(findings: WafFindings): string | undefined;
}

const ACTIONS = { allow: 'ALLOW', block: 'BLOCK' } as const;

const meets = (condition: LogCondition, { verdict, counted, labels }: WafFindings): boolean => {
  if ('LabelNameCondition' in condition) return labels.has(condition.LabelNameCondition.LabelName);
  const { Action } = condition.ActionCondition;
  return Action === 'COUNT' ? counted.length > 0 : Action === ACTIONS[verdict.kind];
};

/** The first filter whose conditions are met decides. */
const isKept = (filter: LoggingConfiguration['LoggingFilter'], findings: WafFindings): boolean => {
  if (filter === undefined) return true;
  const met = filter.Filters.find(({ Requirement, Conditions }) =>
    Requirement === 'MEETS_ANY'
      ? Conditions.some((condition) => meets(condition, findings))
      : Conditions.every((condition) => meets(condition, findings)),
  );
  return (met?.Behavior ?? filter.DefaultBehavior) === 'KEEP';
};

const headersOf = ({ rawHeaders }: WafRequest, protections: Protections) => {
  const headers: { name: string; value: string }[] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    headers.push({ name, value: protections.header(name, rawHeaders[index + 1] ?? '') });
  }
  return headers;
};

const customValue = (
  { key, name, value }: RateMatch['customValues'][number],
  protections: Protections,
) => {
  const isQuery = key === 'QUERY_STRING' || key === 'QUERY_ARGUMENT';
  if (key === 'HEADER') return { key, name, value: protections.header(name ?? '', value) };
  if (!isQuery) return { key, value };
  const shown = protections.queryString(name === undefined ? value : `${name}=${value}`);
  return { key, ...(name === undefined ? {} : { name }), value: shown };
};

const rateOf = (rule: Rule, aclArn: string, request: WafRequest, protections: Protections) => {
  const match = rule.rate?.(request);
  if (match === undefined) return [];
  const { customValues, evaluationWindowSec, ...rest } = match;
  return [
    {
      rateBasedRuleId: `${aclArn}/${rule.name}`,
      rateBasedRuleName: rule.name,
      ...rest,
      evaluationWindowSec: String(evaluationWindowSec),
      ...(customValues.length === 0
        ? { limitValue: request.sourceIp }
        : { customValues: customValues.map((value) => customValue(value, protections)) }),
    },
  ];
};

const GROUP_PREFIX = 'aws-waf-logs-';

const groupNameOf = (destination: string, deployment: Deployment): string => {
  const [, name = ''] = /:log-group:([^:]+)$/.exec(destination) ?? [];
  if (!name.startsWith(GROUP_PREFIX)) {
    throw new Error(
      `AWS WAF logs to CloudWatch Logs groups whose names begin with ${GROUP_PREFIX}, by ARNs without :* at the end. This is none: ${destination}`,
    );
  }
  deployment.byPhysicalId('AWS::Logs::LogGroup', name);
  return name;
};

/**
 * The log of a web ACL, as its AWS::WAFv2::LoggingConfiguration says; undefined when it has none.
 * @throws Error when AWS would not log there.
 */
export const compileWafLog = (options: {
  readonly deployment: Deployment;
  readonly aclArn: string;
  readonly acl: WebAclProperties;
  readonly httpSourceId: string;
}): WafLog | undefined => {
  const { deployment, aclArn, acl, httpSourceId } = options;
  const configuration = deployment
    .ofType('AWS::WAFv2::LoggingConfiguration')
    .map(({ properties }) => loggingConfiguration.parse(properties))
    .find(({ ResourceArn }) => ResourceArn === aclArn);
  if (configuration === undefined) return undefined;
  const protections = compileProtections(acl.DataProtectionConfig?.DataProtections ?? []);
  return {
    logGroupName: groupNameOf(configuration.LogDestinationConfigs[0], deployment),
    lineOf: (findings) => {
      if (!isKept(configuration.LoggingFilter, findings)) return undefined;
      const { verdict, terminating, counted, labels, request, now } = findings;
      const matched = terminating ? [...counted, terminating] : counted;
      // "Log fields for web ACL traffic".
      return JSON.stringify({
        timestamp: now,
        formatVersion: 1,
        webaclId: aclArn,
        terminatingRuleId: terminating?.name ?? 'Default_Action',
        terminatingRuleType: terminating?.type ?? 'REGULAR',
        action: ACTIONS[verdict.kind],
        terminatingRuleMatchDetails: [],
        httpSourceName: 'APIGW',
        httpSourceId,
        ruleGroupList: [],
        rateBasedRuleList: matched.flatMap((rule) => rateOf(rule, aclArn, request, protections)),
        nonTerminatingMatchingRules: counted.map(({ name }) => ({
          ruleId: name,
          action: 'COUNT',
          ruleMatchDetails: [],
        })),
        requestHeadersInserted: null,
        responseCodeSent: verdict.kind === 'block' ? (verdict.response?.status ?? null) : null,
        httpRequest: {
          clientIp: request.sourceIp,
          country: '-',
          headers: headersOf(request, protections),
          uri: request.uriPath,
          args: protections.queryString(request.queryString),
          httpVersion: request.httpVersion,
          httpMethod: request.method,
          requestId: request.requestId,
        },
        ...(labels.size === 0 ? {} : { labels: [...labels].map((name) => ({ name })) }),
      });
    },
  };
};
