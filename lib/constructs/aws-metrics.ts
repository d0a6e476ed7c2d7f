import { MathExpression, Metric, type IMetric } from 'aws-cdk-lib/aws-cloudwatch';
import { fiveMinutes } from './own-metrics.ts';
import type { WatchedParts } from './watched-parts.ts';
import { webAclMetricName } from './web-acl.ts';

type ApiMetric = 'Count' | '4XXError' | '5XXError' | 'Latency' | 'IntegrationLatency';

/** A metric of the stage. */
export const apiMetric = (
  { apiName, stageName }: WatchedParts,
  metricName: ApiMetric,
  statistic: string,
): Metric =>
  new Metric({
    namespace: 'AWS/ApiGateway',
    metricName,
    dimensionsMap: { ApiName: apiName, Stage: stageName },
    statistic,
    period: fiveMinutes,
  });

/** Requests below which a share of them says nothing. */
const fewRequests = 20;

/** Of all answers, those with status 5xx. */
export const serverErrorPercent = (parts: WatchedParts): MathExpression =>
  new MathExpression({
    expression: `IF(requests >= ${fewRequests}, 100 * errors / requests, 0)`,
    usingMetrics: {
      errors: apiMetric(parts, '5XXError', 'Sum'),
      requests: apiMetric(parts, 'Count', 'Sum'),
    },
    label: 'answers with status 5xx, %',
    period: fiveMinutes,
  });

export const anomalyOf = (parts: WatchedParts): Metric => apiMetric(parts, 'Count', 'Sum');

/** @param rule - `ALL`, or a rule's name (AWS: "AWS WAF metrics and dimensions"). */
export const wafMetric = (
  { envName, region }: WatchedParts,
  metricName: 'BlockedRequests' | 'AllowedRequests' | 'CountedRequests',
  rule: string,
): Metric =>
  new Metric({
    namespace: 'AWS/WAFV2',
    metricName,
    dimensionsMap: { WebACL: webAclMetricName(envName), Region: region, Rule: rule },
    statistic: 'Sum',
    period: fiveMinutes,
  });

/** As CloudWatch's expressions want them: letters, digits and _, a small letter first. */
const idOf = (name: string): string =>
  name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/gu, '_')
    .replace(/^(?=[^a-z])/u, 'f_');

/** One metric of each function of ours. */
const ofFunctions = (
  { functions }: WatchedParts,
  metricName: string,
  statistic: string,
): Readonly<Record<string, IMetric>> =>
  Object.fromEntries(
    functions
      .filter(({ isOurs }) => isOurs)
      .map(({ name, function: of }) => [
        idOf(`${metricName} ${name}`),
        of.metric(metricName, { statistic, period: fiveMinutes, label: name }),
      ]),
  );

/** A function that did not run has no data: that is none, and does not hide the others'. */
const filled = (metrics: Readonly<Record<string, IMetric>>): string =>
  Object.keys(metrics)
    .map((id) => `FILL(${id}, 0)`)
    .join(', ');

/** Of all functions of ours. What goes wrong in a sandbox is its server's, and counts as `UpstreamDown`. */
export const sumOf = (parts: WatchedParts, metricName: 'Errors' | 'Throttles'): MathExpression => {
  const usingMetrics = ofFunctions(parts, metricName, 'Sum');
  return new MathExpression({
    expression: `SUM([${filled(usingMetrics)}])`,
    usingMetrics,
    label: metricName.toLowerCase(),
    period: fiveMinutes,
  });
};

/** Of the function that has the most. */
export const concurrencyOf = (parts: WatchedParts): MathExpression => {
  const usingMetrics = ofFunctions(parts, 'ConcurrentExecutions', 'Maximum');
  return new MathExpression({
    expression: `MAX([${filled(usingMetrics)}])`,
    usingMetrics,
    label: 'executions at a time',
    period: fiveMinutes,
  });
};

export const tableThrottles = ({ tables }: WatchedParts): MathExpression => {
  const usingMetrics = Object.fromEntries(
    tables.flatMap(({ name, table }) =>
      (['ReadThrottleEvents', 'WriteThrottleEvents'] as const).map((metricName) => [
        idOf(`${name} ${metricName}`),
        table.metric(metricName, { statistic: 'Sum', period: fiveMinutes }),
      ]),
    ),
  );
  return new MathExpression({
    expression: `SUM([${filled(usingMetrics)}])`,
    usingMetrics,
    label: 'throttled reads and writes',
    period: fiveMinutes,
  });
};
