import * as z from 'zod';
import {
  bytesPerGb,
  secondsPerMonth,
  type Charge,
  type Environment,
  type Pricer,
  type Pricers,
} from '../charge.ts';
import type { Resource } from '../templates.ts';
import { isMetered } from './own-metrics.ts';

const service = 'CloudWatch';

/** Bytes that the requests of a month write to a log group, and who writes them. */
interface Written {
  readonly what: string;
  readonly bytes: number;
  /** Of them: the audit’s. */
  readonly auditBytes?: number;
}

const stageLog = z.looseObject({
  AccessLogSetting: z.looseObject({ DestinationArn: z.unknown().optional() }),
});
const functionLog = z.looseObject({ LoggingConfig: z.looseObject({ LogGroup: z.unknown() }) });

const writtenTo = (group: Resource, environment: Environment): readonly Written[] => {
  const { templates, road, traffic, requests } = environment;
  const goesHere = (stack: string, destination: unknown): boolean =>
    templates.referredTo(stack, destination).includes(group);
  const written: Written[] = [];
  const access = stageLog.safeParse(road.stage.properties).data?.AccessLogSetting.DestinationArn;
  if (goesHere(road.stage.stack, access)) {
    written.push({ what: 'access log', bytes: requests * traffic.accessLogBytes });
  }
  const logOfMcp = functionLog.safeParse(road.mcp.properties).data?.LoggingConfig.LogGroup;
  if (goesHere(road.mcp.stack, logOfMcp)) {
    const auditBytes = requests * traffic.auditBytes;
    const metricBytes = isMetered(road.mcp) ? requests * traffic.metricBytes : 0;
    written.push({ what: 'audit and metrics', bytes: auditBytes + metricBytes, auditBytes });
  }
  for (const { stack, properties } of templates.ofType('AWS::WAFv2::LoggingConfiguration')) {
    if (!goesHere(stack, properties['LogDestinationConfigs'])) continue;
    // Without a filter, WAF logs what it lets pass, too.
    const share = properties['LoggingFilter'] === undefined ? 1 : traffic.wafLogShare;
    written.push({ what: 'WAF log', bytes: requests * share * traffic.wafLogBytes });
  }
  return written;
};

const logGroupShape = z.looseObject({
  RetentionInDays: z.coerce.number().optional(),
  LogGroupClass: z.string().default('STANDARD'),
  DataProtectionPolicy: z.unknown().optional(),
});

/** How long a group without retention is taken to have been filling. */
const daysWithoutRetention = 365;
const daysPerMonth = 365 / 12;

const logGroup: Pricer = (resource, environment) => {
  const shape = logGroupShape.parse(resource.properties);
  return writtenTo(resource, environment).flatMap(({ what, bytes }) => {
    const gb = bytes / bytesPerGb;
    const line = (of: string, quantity: number, price: Charge['price']): Charge => ({
      service,
      what: `${what}, ${of}`,
      basis: 'requests',
      quantity,
      price,
    });
    const days = shape.RetentionInDays ?? daysWithoutRetention;
    return [
      line(
        'ingested',
        gb,
        shape.LogGroupClass === 'INFREQUENT_ACCESS' ? 'logsIngestedInfrequent' : 'logsIngested',
      ),
      // Once as many days have passed as it is kept.
      line(
        `kept ${days} days`,
        (gb * environment.traffic.logCompression * days) / daysPerMonth,
        'logsStored',
      ),
      ...(shape.DataProtectionPolicy === undefined ? [] : [line('masked', gb, 'logsMasked')]),
    ];
  });
};

const metricStat = z.looseObject({
  MetricStat: z.looseObject({ Period: z.coerce.number().optional() }),
});

const alarmShape = z.looseObject({
  Period: z.coerce.number().optional(),
  ThresholdMetricId: z.string().optional(),
  Metrics: z.array(z.unknown()).default([]),
});

/** An alarm on a band watches the metric and the band’s two edges. */
const metricsOfBand = 3;

const alarm: Pricer = ({ properties }) => {
  const { Period, ThresholdMetricId, Metrics } = alarmShape.parse(properties);
  const read = Metrics.flatMap((metric) => {
    const parsed = metricStat.safeParse(metric);
    return parsed.success ? [parsed.data.MetricStat] : [];
  });
  const periods = [Period, ...read.map((stat) => stat.Period)].filter((each) => each !== undefined);
  const isFast = periods.some((period) => period < 60);
  const isBand = ThresholdMetricId !== undefined;
  return [
    {
      service,
      what: `alarms${isBand ? ' on anomalies' : ''}${isFast ? ' of less than a minute' : ''}`,
      basis: 'idle',
      quantity: Math.max(1, read.length) * (isBand ? metricsOfBand : 1),
      price: isFast ? 'fastAlarm' : 'alarm',
    },
  ];
};

const idle =
  (what: string, price: Charge['price']): Pricer =>
  () => [{ service, what, basis: 'idle', quantity: 1, price }];

/** A filter makes a metric of what is logged; it is charged in the hours in which it has a value. */
const metricFilter: Pricer = () => [
  {
    service,
    what: 'metrics of log filters',
    basis: 'inUse',
    quantity: 1,
    price: 'customMetric',
  },
];

const subscriptionShape = z.looseObject({
  DestinationArn: z.unknown().optional(),
  LogGroupName: z.unknown().optional(),
  FilterPattern: z.string().default(''),
});

/** What goes through a Firehose, and stays in the archive behind it. A filter takes the audit’s lines alone. */
const firehose: Pricer = (resource, environment) => {
  const { templates, traffic } = environment;
  const bytes = templates
    .ofType('AWS::Logs::SubscriptionFilter')
    .flatMap(({ stack, properties }) => {
      const subscription = subscriptionShape.parse(properties);
      if (!templates.referredTo(stack, subscription.DestinationArn).includes(resource)) return [];
      return templates
        .referredTo(stack, subscription.LogGroupName)
        .flatMap((group) => writtenTo(group, environment))
        .map((written) =>
          subscription.FilterPattern === '' ? written.bytes : (written.auditBytes ?? written.bytes),
        );
    })
    .reduce((sum, each) => sum + each, 0);
  const gb = bytes / bytesPerGb;
  return [
    {
      service: 'Firehose',
      what: 'archived logs',
      basis: 'requests',
      quantity: gb,
      price: 'firehose',
    },
    {
      service: 'S3',
      what: `archive, kept ${traffic.archiveMonths} months`,
      basis: 'requests',
      quantity: gb * traffic.logCompression * traffic.archiveMonths,
      price: 's3Storage',
    },
  ];
};

const samplingRule = z.looseObject({
  SamplingRule: z.looseObject({
    FixedRate: z.coerce.number(),
    ReservoirSize: z.coerce.number(),
  }),
});

/** X-Ray’s own rule, where an environment has none: the first request of each second, and one of twenty besides. */
const defaultRule = { FixedRate: 0.05, ReservoirSize: 1 };

const traced = z.union([
  z.looseObject({ TracingEnabled: z.literal(true) }),
  z.looseObject({ TracingConfig: z.looseObject({ Mode: z.literal('Active') }) }),
]);

/**
 * Traces of the road, where it is traced. The reservoir counts as if requests came evenly: few requests are all traced.
 */
export const traceCharges = ({ templates, road, requests }: Environment): readonly Charge[] => {
  if (![road.stage, road.mcp].some(({ properties }) => traced.safeParse(properties).success)) {
    return [];
  }
  const rules = templates
    .ofType('AWS::XRay::SamplingRule')
    .flatMap(({ properties }) => samplingRule.safeParse(properties).data?.SamplingRule ?? []);
  const { FixedRate, ReservoirSize } = rules[0] ?? defaultRule;
  const first = Math.min(requests, ReservoirSize * secondsPerMonth);
  return [
    {
      service: 'X-Ray',
      what: `traces, ${ReservoirSize} a second and ${FixedRate * 100} % of the rest`,
      basis: 'requests',
      quantity: first + (requests - first) * FixedRate,
      price: 'trace',
    },
  ];
};

export const observabilityPricers: Pricers = {
  'AWS::Logs::LogGroup': logGroup,
  'AWS::Logs::MetricFilter': metricFilter,
  'AWS::KinesisFirehose::DeliveryStream': firehose,
  'AWS::CloudWatch::Alarm': alarm,
  'AWS::CloudWatch::CompositeAlarm': idle('composite alarms', 'compositeAlarm'),
  'AWS::CloudWatch::Dashboard': idle('dashboards', 'dashboard'),
  'AWS::CloudWatch::InsightRule': idle('rules of Contributor Insights', 'contributorRule'),
};
