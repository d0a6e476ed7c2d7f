import { Duration } from 'aws-cdk-lib';
import {
  AlarmStatusWidget,
  Dashboard as CloudWatchDashboard,
  GraphWidget,
  Metric,
  TextWidget,
  type IAlarm,
  type IMetric,
  type IWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { Construct } from 'constructs';
import { apiMetric, concurrencyOf, sumOf, tableThrottles, wafMetric } from './aws-metrics.ts';
import { fiveMinutes, ownMetric, ownMetricBy } from './own-metrics.ts';
import type { WatchedParts } from './watched-parts.ts';

export interface DashboardProps {
  readonly parts: WatchedParts;
  readonly alarms: readonly IAlarm[];
  readonly hasOwnMetrics: boolean;
}

const widgetsInARow = 3;
const widthOfAll = 24;
const height = 6;

const graph = (title: string, left: readonly IMetric[], unit: string): GraphWidget =>
  new GraphWidget({
    title,
    left: [...left],
    leftYAxis: { label: unit, showUnits: false, min: 0 },
    width: widthOfAll / widgetsInARow,
    height,
  });

const heading = (text: string): TextWidget =>
  new TextWidget({ markdown: `## ${text}`, width: widthOfAll, height: 1 });

const labelled = (metric: Metric, label: string): Metric => metric.with({ label });

interface Row {
  readonly title: string;
  readonly widgets: readonly IWidget[];
}

const apiRows = (parts: WatchedParts): readonly Row[] => [
  {
    title: 'Traffic',
    widgets: [
      graph(
        'HTTP requests and errors',
        [
          labelled(apiMetric(parts, 'Count', 'Sum'), 'requests'),
          labelled(apiMetric(parts, '4XXError', 'Sum'), '4xx'),
          labelled(apiMetric(parts, '5XXError', 'Sum'), '5xx'),
        ],
        'per 5 minutes',
      ),
      graph(
        'Errors and throttles of functions',
        [sumOf(parts, 'Errors'), sumOf(parts, 'Throttles')],
        'per 5 minutes',
      ),
      graph('Executions at a time', [concurrencyOf(parts)], 'most'),
    ],
  },
  {
    title: 'Latency',
    widgets: [
      graph(
        'Of the API',
        ['p50', 'p95', 'p99'].map((each) => labelled(apiMetric(parts, 'Latency', each), each)),
        'ms',
      ),
      graph(
        'Of functions behind the API',
        ['p50', 'p95'].map((each) => labelled(apiMetric(parts, 'IntegrationLatency', each), each)),
        'ms',
      ),
    ],
  },
];

const ownRows = ({ envName }: WatchedParts): readonly Row[] => {
  const own = (name: Parameters<typeof ownMetric>[1], statistic: string, label: string) =>
    labelled(ownMetric(envName, name, statistic), label);
  return [
    {
      title: 'MCP messages',
      widgets: [
        graph(
          'Messages and errors',
          [own('Calls', 'Sum', 'messages'), own('CallErrors', 'Sum', 'errors')],
          'per 5 minutes',
        ),
        graph(
          'Errors by server',
          [ownMetricBy(envName, 'CallErrors', 'server', 'Sum')],
          'per 5 minutes',
        ),
        graph(
          'Refusals by reason',
          [ownMetricBy(envName, 'Refusals', 'reason', 'Sum')],
          'per 5 minutes',
        ),
      ],
    },
    {
      title: 'Upstreams',
      widgets: [
        graph(
          'Latency of calls by server, p95',
          [ownMetricBy(envName, 'Latency', 'server', 'p95')],
          'ms',
        ),
        graph(
          'Of it, the upstream, p95',
          [ownMetricBy(envName, 'UpstreamLatency', 'server', 'p95')],
          'ms',
        ),
        graph(
          'Down: 0 never, 1 always',
          [ownMetricBy(envName, 'UpstreamDown', 'server', 'Average')],
          'share',
        ),
      ],
    },
    {
      title: 'Quotas and pins',
      widgets: [
        graph('Fullest limit of any tenant', [own('QuotaUse', 'Maximum', 'used')], '%'),
        graph(
          'Calls near a limit',
          [own('QuotaNearLimit', 'Sum', '80 % or more')],
          'per 5 minutes',
        ),
        graph(
          'Changed tools and gaps in the audit',
          [own('PinDrift', 'Sum', 'changed tools'), own('AuditGaps', 'Sum', 'gaps')],
          'per 5 minutes',
        ),
      ],
    },
    {
      title: 'Authorizer',
      widgets: [
        graph(
          'Refused by reason',
          [ownMetricBy(envName, 'AuthorizerRefusals', 'reason', 'Sum')],
          'per 5 minutes',
        ),
        graph('Could not decide', [own('AuthorizerFailures', 'Sum', 'failures')], 'per 5 minutes'),
        graph(
          'Cold starts',
          [ownMetricBy(envName, 'ColdStarts', 'function', 'Sum')],
          'per 5 minutes',
        ),
      ],
    },
  ];
};

const firewallRow = (parts: WatchedParts): Row => ({
  title: 'Firewall and throttles',
  widgets: [
    graph(
      'Requests at the firewall',
      [
        labelled(wafMetric(parts, 'AllowedRequests', 'ALL'), 'allowed'),
        labelled(wafMetric(parts, 'BlockedRequests', 'ALL'), 'refused'),
        labelled(wafMetric(parts, 'CountedRequests', 'ALL'), 'counted'),
      ],
      'per 5 minutes',
    ),
    graph(
      'Refused by plans and rates',
      [labelled(ownMetric(parts.envName, 'ApiThrottles', 'Sum'), 'throttled')],
      'per 5 minutes',
    ),
    graph('Throttles of tables', [tableThrottles(parts)], 'per 5 minutes'),
  ],
});

/** What is paid by use. */
const costRow = ({ functions, tables, accessLog }: WatchedParts): Row => ({
  title: 'What is paid by use',
  widgets: [
    graph(
      'Time of functions',
      functions.map(({ name, function: of }) =>
        of.metricDuration({ statistic: 'Sum', period: fiveMinutes, label: name }),
      ),
      'ms, by 5 minutes',
    ),
    graph(
      'Bytes of logs',
      [
        ...functions.map(({ name, function: of }) => ({ name, group: of.logGroup })),
        { name: 'access log', group: accessLog },
      ].map(
        ({ name, group }) =>
          new Metric({
            namespace: 'AWS/Logs',
            metricName: 'IncomingBytes',
            dimensionsMap: { LogGroupName: group.logGroupRef.logGroupName },
            statistic: 'Sum',
            period: fiveMinutes,
            label: name,
          }),
      ),
      'bytes, by 5 minutes',
    ),
    graph(
      'Units of tables',
      tables.flatMap(({ name, table }) =>
        (['ConsumedReadCapacityUnits', 'ConsumedWriteCapacityUnits'] as const).map((metricName) =>
          table.metric(metricName, {
            statistic: 'Sum',
            period: fiveMinutes,
            label: `${name} ${metricName.includes('Read') ? 'read' : 'written'}`,
          }),
        ),
      ),
      'units, by 5 minutes',
    ),
  ],
});

/** The environment on one page (content/monitoring.md). */
export class Dashboard extends Construct {
  constructor(scope: Construct, id: string, { parts, alarms, hasOwnMetrics }: DashboardProps) {
    super(scope, id);
    const rows = [
      ...apiRows(parts),
      ...(hasOwnMetrics ? ownRows(parts) : []),
      firewallRow(parts),
      costRow(parts),
    ];
    new CloudWatchDashboard(this, 'Dashboard', {
      dashboardName: `drawbridge-${parts.envName}`,
      defaultInterval: Duration.hours(3),
      widgets: [
        ...(alarms.length === 0
          ? []
          : [
              [
                new AlarmStatusWidget({
                  title: 'Alarms',
                  alarms: [...alarms],
                  width: widthOfAll,
                  height: 4,
                }),
              ],
            ]),
        ...rows.flatMap(({ title, widgets }) => [[heading(title)], [...widgets]]),
      ],
    });
  }
}
