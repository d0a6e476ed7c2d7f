import { Unit } from 'aws-cdk-lib/aws-cloudwatch';
import { FilterPattern, MetricFilter, type ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { metricNamespace } from '../../src/metrics/metric-catalogue.ts';

/** What only API Gateway knows, counted in its access log: lines whose `refusal` is one of these. */
export const accessMetrics = {
  ApiThrottles: ['THROTTLED', 'QUOTA_EXCEEDED'],
  AuthorizerConfigurationErrors: ['AUTHORIZER_CONFIGURATION_ERROR'],
} as const;

export type AccessMetricName = keyof typeof accessMetrics;

export class AccessLogMetrics extends Construct {
  constructor(scope: Construct, id: string, { logGroup }: { readonly logGroup: ILogGroup }) {
    super(scope, id);
    for (const [metricName, refusals] of Object.entries(accessMetrics)) {
      const tests = refusals.map((refusal) => `($.refusal = "${refusal}")`);
      new MetricFilter(this, metricName, {
        logGroup,
        filterPattern: FilterPattern.literal(`{ ${tests.join(' || ')} }`),
        metricNamespace,
        metricName,
        metricValue: '1',
        unit: Unit.COUNT,
        // A filter takes dimensions from the line alone.
        dimensions: { env: '$.env' },
      });
    }
  }
}
