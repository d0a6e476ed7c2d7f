import {
  metricCatalogue,
  metricNamespace,
  type DimensionName,
  type MetricFacts,
  type MetricName,
  type MetricUnit,
} from './metric-catalogue.ts';

export type MetricValues = Readonly<Partial<Record<MetricName, number>>>;
export type Dimensions = Readonly<Partial<Record<DimensionName, string>>>;

/** Takes what was measured. What belongs together is handed over at once: it costs one line. */
export interface Metrics {
  emit(values: MetricValues, dimensions?: Dimensions): void;
}

export const noMetrics: Metrics = { emit: () => undefined };

export interface EmbeddedMetricsOptions {
  /** Takes one line, to standard output. */
  readonly writeLine: (line: string) => void;
  readonly env: string;
  /** Servers that have metrics of their own. All else is `other`: live records must not make metrics without end. */
  readonly servers: ReadonlySet<string>;
  readonly now: () => number;
}

interface Directive {
  readonly Namespace: string;
  readonly Dimensions: readonly (readonly string[])[];
  readonly Metrics: { readonly Name: MetricName; readonly Unit: MetricUnit }[];
}

const setsOf = (name: MetricName, dimensions: Dimensions): readonly (readonly string[])[] =>
  (metricCatalogue[name] as MetricFacts).by.flatMap((by) => {
    if (by === 'all') return [['env']];
    return dimensions[by] === undefined ? [] : [['env', by]];
  });

/** Metrics as lines of the log that CloudWatch reads (CloudWatch: "Embedded metric format specification"). */
export const embeddedMetrics = ({
  writeLine,
  env,
  servers,
  now,
}: EmbeddedMetricsOptions): Metrics => ({
  emit: (values, dimensions = {}) => {
    const { server } = dimensions;
    const bounded =
      server === undefined || servers.has(server) ? dimensions : { ...dimensions, server: 'other' };
    const directives = new Map<string, Directive>();
    const shown: Record<string, string | number> = {};
    for (const [name, value] of Object.entries(values) as [MetricName, number | undefined][]) {
      const sets = setsOf(name, bounded);
      if (value === undefined || sets.length === 0) continue;
      const key = sets.join(' ');
      const directive = directives.get(key) ?? {
        Namespace: metricNamespace,
        Dimensions: sets,
        Metrics: [],
      };
      directive.Metrics.push({ Name: name, Unit: metricCatalogue[name].unit });
      directives.set(key, directive);
      shown[name] = value;
    }
    if (directives.size === 0) return;
    writeLine(
      JSON.stringify({
        _aws: { Timestamp: now(), CloudWatchMetrics: [...directives.values()] },
        env,
        ...bounded,
        ...shown,
      }),
    );
  },
});
