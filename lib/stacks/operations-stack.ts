import { CrossStackReferences, ReferenceStrength, Stack, type Environment } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DrawbridgeConfig } from '../config.ts';
import { AccessLogMetrics } from '../constructs/access-log-metrics.ts';
import { AlarmTopic } from '../constructs/alarm-topic.ts';
import { Alarms } from '../constructs/alarms.ts';
import { Dashboard } from '../constructs/dashboard.ts';
import { RequestSampling } from '../constructs/request-sampling.ts';
import { SavedQueries } from '../constructs/saved-queries.ts';
import { watchedParts } from '../constructs/watched-parts.ts';

export interface OperationsStackProps {
  readonly env: Environment;
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  /** The stacks that are watched. */
  readonly stacks: readonly Stack[];
}

/** What tells operators how an environment is. It changes nothing of it, and can be deleted and made anew. */
export class OperationsStack extends Stack {
  constructor(scope: Construct, id: string, props: OperationsStackProps) {
    const { env, envName, config, stacks } = props;
    super(scope, id, { env, description: `Drawbridge ${envName}: alarms, dashboard and queries` });
    // What is watched may go: an export that this stack reads would hold a stdio server's function fast.
    CrossStackReferences.of(this).consume(ReferenceStrength.WEAK);
    const parts = watchedParts(envName, stacks);
    const hasOwnMetrics = config.metrics.enabled;
    new AccessLogMetrics(this, 'AccessLogMetrics', { logGroup: parts.accessLog });
    const alarms = config.alarms.enabled
      ? new Alarms(this, 'Alarms', {
          parts,
          config: config.alarms,
          hasOwnMetrics,
          topic: new AlarmTopic(this, 'AlarmTopic', { emails: config.alarms.emails }).topic,
        })
      : undefined;
    if (config.metrics.dashboard) {
      new Dashboard(this, 'Dashboard', { parts, alarms: alarms?.all ?? [], hasOwnMetrics });
    }
    new SavedQueries(this, 'Queries', { parts });
    if (config.tracing.enabled) {
      new RequestSampling(this, 'Sampling', {
        envName,
        service: `${parts.apiName}/${parts.stageName}`,
        percent: config.tracing.sampledPercent,
      });
    }
  }
}
