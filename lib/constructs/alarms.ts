import { Duration } from 'aws-cdk-lib';
import {
  Alarm,
  AnomalyDetectionAlarm,
  ComparisonOperator,
  TreatMissingData,
  type IMetric,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import type { AlarmsConfig } from '../alarms-config.ts';
import {
  anomalyOf,
  apiMetric,
  concurrencyOf,
  serverErrorPercent,
  sumOf,
  tableThrottles,
  wafMetric,
} from './aws-metrics.ts';
import { ownMetric } from './own-metrics.ts';
import type { WatchedParts } from './watched-parts.ts';

export interface AlarmsProps {
  readonly parts: WatchedParts;
  readonly config: AlarmsConfig;
  /** Whether there are metrics of ours: without them nothing could alarm. */
  readonly hasOwnMetrics: boolean;
  readonly topic: ITopic;
}

interface AlarmFacts {
  /** That of its article in docs/runbooks. */
  readonly name: string;
  /** One sentence: what is wrong. */
  readonly meaning: string;
  readonly metric: IMetric;
  /** Alarms from this on. */
  readonly threshold: number;
  /** Periods that are looked at, and how many of them must be bad. @default one of one */
  readonly periods?: readonly [bad: number, of: number];
  /** @default quiet: no data is no trouble */
  readonly missing?: TreatMissingData;
  readonly isPercentile?: boolean;
}

const apiAlarms = (parts: WatchedParts, config: AlarmsConfig): readonly AlarmFacts[] => [
  {
    name: 'ApiServerErrors',
    meaning: 'The API answers with status 5xx.',
    metric: serverErrorPercent(parts),
    threshold: config.serverErrorPercent,
    periods: [2, 3],
  },
  {
    name: 'LatencyP95',
    meaning: 'Answers are slow.',
    metric: apiMetric(parts, 'Latency', 'p95'),
    threshold: config.latencyP95Ms,
    periods: [3, 3],
    isPercentile: true,
  },
  {
    name: 'WafBlockedSpike',
    meaning: 'The firewall refuses many requests.',
    metric: wafMetric(parts, 'BlockedRequests', 'ALL'),
    threshold: config.wafBlocked,
  },
];

const awsAlarms = (parts: WatchedParts, config: AlarmsConfig): readonly AlarmFacts[] => [
  {
    name: 'LambdaErrors',
    meaning: 'A function of ours ends with an error.',
    metric: sumOf(parts, 'Errors'),
    threshold: 1,
    periods: [2, 3],
  },
  {
    name: 'LambdaThrottles',
    meaning: 'Lambda refuses to run a function of ours.',
    metric: sumOf(parts, 'Throttles'),
    threshold: 1,
  },
  {
    name: 'LambdaConcurrency',
    meaning: 'A function comes near to what the account may run at a time.',
    metric: concurrencyOf(parts),
    threshold: config.concurrency,
  },
  {
    name: 'DynamoDbThrottles',
    meaning: 'DynamoDB throttles a table.',
    metric: tableThrottles(parts),
    threshold: 1,
    periods: [2, 3],
  },
];

const ownAlarms = ({ envName }: WatchedParts, config: AlarmsConfig): readonly AlarmFacts[] => [
  {
    name: 'AuthorizerFailures',
    meaning: 'The authorizer cannot say whether callers may call.',
    metric: ownMetric(envName, 'AuthorizerFailures', 'Sum'),
    threshold: config.authorizerFailures,
  },
  {
    name: 'QuotaNearLimit',
    meaning: 'A tenant or a credential has used 80 % of a limit.',
    metric: ownMetric(envName, 'QuotaNearLimit', 'Sum', Duration.minutes(15)),
    threshold: config.quotaNearLimit,
  },
  {
    name: 'AuditGaps',
    meaning: 'Audit records have no code, or could not be written.',
    metric: ownMetric(envName, 'AuditGaps', 'Sum'),
    threshold: 1,
  },
  {
    name: 'PinDrift',
    meaning: 'A server changed tools that were approved.',
    metric: ownMetric(envName, 'PinDrift', 'Sum'),
    threshold: 1,
  },
  {
    name: 'UpstreamDown',
    meaning: 'An upstream server cannot be asked.',
    metric: ownMetric(envName, 'UpstreamDown', 'Sum'),
    threshold: config.upstreamFailures,
    periods: [2, 3],
  },
];

/** Of the access log: they need no metrics of the functions. */
const accessAlarms = ({ envName }: WatchedParts, config: AlarmsConfig): readonly AlarmFacts[] => [
  {
    name: 'ApiThrottles',
    meaning: 'Plans or rates refuse many requests.',
    metric: ownMetric(envName, 'ApiThrottles', 'Sum'),
    threshold: config.apiThrottles,
  },
  {
    name: 'AuthorizerConfigurationErrors',
    meaning: 'API Gateway cannot ask the authorizer, or does not understand its answer.',
    metric: ownMetric(envName, 'AuthorizerConfigurationErrors', 'Sum'),
    threshold: 1,
  },
];

const anomalyName = 'RequestVolume';

/** One alarm for each article of docs/runbooks, told to the topic when it begins and when it ends. */
export class Alarms extends Construct {
  readonly all: readonly Alarm[];
  readonly #props: AlarmsProps;

  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    this.#props = props;
    const { parts, config, hasOwnMetrics } = props;
    const facts = [
      ...apiAlarms(parts, config),
      ...accessAlarms(parts, config),
      ...(hasOwnMetrics ? ownAlarms(parts, config) : []),
      ...awsAlarms(parts, config),
    ];
    this.all = [...facts.map((one) => this.#alarm(one)), this.#anomaly()];
    const action = new SnsAction(props.topic);
    for (const alarm of this.all) {
      alarm.addAlarmAction(action);
      alarm.addOkAction(action);
    }
  }

  #alarm({ name, meaning, periods = [1, 1], isPercentile = false, ...facts }: AlarmFacts): Alarm {
    const [bad, of] = periods;
    return new Alarm(this, name, {
      ...this.#named(name, meaning),
      metric: facts.metric,
      threshold: facts.threshold,
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      evaluationPeriods: of,
      datapointsToAlarm: bad,
      treatMissingData: facts.missing ?? TreatMissingData.NOT_BREACHING,
      ...(isPercentile ? { evaluateLowSampleCountPercentile: 'ignore' } : {}),
    });
  }

  /** It learns two weeks of an environment's days, and says nothing until it knows them. */
  #anomaly(): Alarm {
    const { parts } = this.#props;
    return new AnomalyDetectionAlarm(this, anomalyName, {
      ...this.#named(anomalyName, 'There are many more or many fewer requests than usual.'),
      metric: anomalyOf(parts),
      stdDevs: 4,
      comparisonOperator: ComparisonOperator.LESS_THAN_LOWER_OR_GREATER_THAN_UPPER_THRESHOLD,
      evaluationPeriods: 3,
      datapointsToAlarm: 3,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
  }

  #named(name: string, meaning: string) {
    const { parts, config } = this.#props;
    return {
      alarmName: `drawbridge-${parts.envName}-${name}`,
      alarmDescription: `${meaning} Runbook: ${config.runbooksUrl ?? 'docs/runbooks'}/${name}.md`,
    };
  }
}
