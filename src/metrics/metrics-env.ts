import * as z from 'zod';
import { embeddedMetrics, noMetrics, type Metrics } from './metrics.ts';

/** Set by `lib/constructs/metrics-environment.ts`; without them there are no metrics. */
export const metricsEnv = z.object({
  METRICS_ENV: z.string().min(1).optional(),
  /** Servers that have metrics of their own, with spaces between. */
  METRIC_SERVERS: z
    .string()
    .default('')
    .transform((list) => new Set(list.split(' ').filter(Boolean))),
});

export type MetricsEnv = Partial<Record<keyof z.input<typeof metricsEnv>, string>>;

/** The metrics of a function, as its environment says. */
export const openMetrics = (
  environment: Readonly<Record<string, string | undefined>>,
  writeLine: (line: string) => void,
  now: () => number,
): Metrics => {
  const { METRICS_ENV, METRIC_SERVERS } = metricsEnv.parse(environment);
  if (METRICS_ENV === undefined) return noMetrics;
  return embeddedMetrics({ writeLine, env: METRICS_ENV, servers: METRIC_SERVERS, now });
};

/**
 * Counts this container. One that was made ahead of time, as provisioned concurrency has it, kept nobody waiting.
 * @param environment - the function's, whose `AWS_LAMBDA_INITIALIZATION_TYPE` Lambda sets.
 */
export const countColdStart = (
  metrics: Metrics,
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): void => {
  const { AWS_LAMBDA_INITIALIZATION_TYPE: type = 'on-demand' } = environment;
  if (type === 'on-demand') metrics.emit({ ColdStarts: 1 }, { function: name });
};
