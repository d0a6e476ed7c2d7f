import { Duration } from 'aws-cdk-lib';
import { MathExpression, Metric } from 'aws-cdk-lib/aws-cloudwatch';
import {
  metricNamespace,
  type DimensionName,
  type MetricName,
} from '../../src/metrics/metric-catalogue.ts';
import type { AccessMetricName } from './access-log-metrics.ts';

export const fiveMinutes = Duration.minutes(5);

/** A metric of ours for the whole environment. */
export const ownMetric = (
  envName: string,
  metricName: MetricName | AccessMetricName,
  statistic: string,
  period = fiveMinutes,
): Metric =>
  new Metric({
    namespace: metricNamespace,
    metricName,
    dimensionsMap: { env: envName },
    statistic,
    period,
  });

/** The same by each value of a dimension that there is: which those are, only CloudWatch knows. */
export const ownMetricBy = (
  envName: string,
  metricName: MetricName,
  by: DimensionName,
  statistic: string,
): MathExpression =>
  new MathExpression({
    expression: `SEARCH('{${metricNamespace},env,${by}} MetricName="${metricName}" env="${envName}"', '${statistic}', ${fiveMinutes.toSeconds()})`,
    usingMetrics: {},
    label: `\${PROP('Dim.${by}')}`,
    period: fiveMinutes,
  });
