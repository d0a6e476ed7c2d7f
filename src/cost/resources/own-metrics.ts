import * as z from 'zod';
import { metricCatalogue, type MetricFacts } from '../../metrics/metric-catalogue.ts';
import type { Charge, Environment } from '../charge.ts';
import type { Resource } from '../templates.ts';

/** As `src/metrics/metrics-env.ts` reads it. */
const metered = z.looseObject({
  Environment: z.looseObject({
    Variables: z.looseObject({ METRICS_ENV: z.unknown(), METRIC_SERVERS: z.string().default('') }),
  }),
});

const serversOf = ({ properties }: Resource): readonly string[] | undefined => {
  const parsed = metered.safeParse(properties);
  if (!parsed.success) return undefined;
  const { METRIC_SERVERS } = parsed.data.Environment.Variables;
  return METRIC_SERVERS.split(' ').filter((name) => name !== '');
};

/** Whether a function writes metrics into its log. */
export const isMetered = (resource: Resource): boolean => serversOf(resource) !== undefined;

/**
 * Metrics that the functions write: one for each name and value of its dimension. How many servers and functions there are, the
 * templates say.
 */
export const ownMetricCharges = ({ templates, road, traffic }: Environment): readonly Charge[] => {
  const functions = templates.ofType('AWS::Lambda::Function').filter(isMetered).length;
  if (functions === 0) return [];
  const values: Readonly<Record<MetricFacts['by'][number], number>> = {
    all: 1,
    server: Math.max(1, serversOf(road.mcp)?.length ?? 0),
    reason: traffic.refusalReasons,
    function: functions,
  };
  return [
    {
      service: 'CloudWatch',
      what: 'metrics that the functions write',
      basis: 'inUse',
      quantity: Object.values<MetricFacts>(metricCatalogue)
        .flatMap(({ by }) => by)
        .reduce((sum, dimension) => sum + values[dimension], 0),
      price: 'customMetric',
    },
  ];
};
