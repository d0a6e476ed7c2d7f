import { ownServer } from '../../src/gateway/policy-tools.ts';
import type { MetricsEnv } from '../../src/metrics/metrics-env.ts';
import type { DrawbridgeConfig } from '../config.ts';

export interface MeteredProps {
  readonly envName: string;
  readonly config: Pick<DrawbridgeConfig, 'metrics'>;
  /** Deployed servers: they have metrics of their own. @default none */
  readonly upstreams?: readonly { readonly name: string }[];
}

/** Each is five metrics, and an environment has room for 4 KB. */
export const mostServers = 50;

/** What tells a function where its metrics belong: what `src/metrics/metrics-env.ts` parses. */
export const metricsEnvironment = ({ envName, config, upstreams }: MeteredProps): MetricsEnv => {
  if (!config.metrics.enabled) return {};
  if (upstreams === undefined) return { METRICS_ENV: envName };
  return {
    METRICS_ENV: envName,
    METRIC_SERVERS: [ownServer, ...upstreams.map(({ name }) => name)]
      .slice(0, mostServers)
      .join(' '),
  };
};
