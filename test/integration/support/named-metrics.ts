import * as z from 'zod';
import type { Deployment } from '../../../local/template/deployment.ts';

/** A metric that something of the template reads. */
export interface NamedMetric {
  /** What reads it. */
  readonly by: string;
  readonly namespace: string;
  readonly name: string;
  /** Undefined values: whichever there are. */
  readonly dimensions: Readonly<Record<string, string | undefined>>;
}

const dimensionList = z
  .array(z.object({ Name: z.string(), Value: z.string() }))
  .default([])
  .transform((list) => Object.fromEntries(list.map(({ Name, Value }) => [Name, Value])));

const plainMetric = z.object({
  Namespace: z.string(),
  MetricName: z.string(),
  Dimensions: dimensionList,
});

const alarm = z.object({
  /** Those that stop a deployment have none. */
  AlarmName: z.string().optional(),
  MetricName: z.string().optional(),
  Metrics: z
    .array(
      z.object({
        Expression: z.string().optional(),
        MetricStat: z.object({ Metric: plainMetric }).optional(),
      }),
    )
    .default([]),
});

const ofAlarms = (deployment: Deployment): readonly NamedMetric[] =>
  deployment.ofType('AWS::CloudWatch::Alarm').flatMap(({ properties, displayName }) => {
    const { AlarmName: by = displayName, Metrics, MetricName } = alarm.parse(properties);
    const all = [
      ...(MetricName === undefined ? [] : [plainMetric.parse(properties)]),
      ...Metrics.flatMap(({ MetricStat }) => MetricStat?.Metric ?? []),
    ];
    if (all.length === 0) throw new Error(`the alarm ${by} reads no metric`);
    return all.map(({ Namespace, MetricName, Dimensions }) => ({
      by,
      namespace: Namespace,
      name: MetricName,
      dimensions: Dimensions,
    }));
  });

const widget = z.looseObject({
  type: z.string(),
  properties: z.looseObject({
    title: z.string().optional(),
    metrics: z.array(z.array(z.unknown())).default([]),
  }),
});

const body = z.object({ widgets: z.array(widget) });

/** `SEARCH('{Namespace,dimension,dimension} MetricName="…" dimension="…"', …)`. */
const searchIn = (expression: string, by: string): NamedMetric | undefined => {
  if (!expression.includes('SEARCH(')) return undefined;
  const [, schema = '', terms = ''] = /SEARCH\('\{([^}]+)\}([^']*)'/.exec(expression) ?? [];
  const [namespace = '', ...names] = schema.split(',');
  const given = new Map(
    [...terms.matchAll(/(\w+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  return {
    by,
    namespace,
    name: given.get('MetricName') ?? '',
    dimensions: Object.fromEntries(names.map((name) => [name, given.get(name)])),
  };
};

const ofWidget = (by: string, entry: readonly unknown[]): readonly NamedMetric[] => {
  const texts = entry.filter((part) => typeof part === 'string');
  if (texts.length > 0) {
    const [namespace = '', name = '', ...pairs] = texts;
    const dimensions: Record<string, string | undefined> = {};
    for (let at = 0; at < pairs.length; at += 2) dimensions[pairs[at] ?? ''] = pairs[at + 1];
    return [{ by, namespace, name, dimensions }];
  }
  const { expression = '' } = z.object({ expression: z.string().optional() }).parse(entry[0]);
  return [searchIn(expression, by) ?? []].flat();
};

const ofDashboards = (deployment: Deployment): readonly NamedMetric[] =>
  deployment
    .ofType('AWS::CloudWatch::Dashboard')
    .flatMap(({ properties }) =>
      body
        .parse(JSON.parse(z.string().parse(properties['DashboardBody'])))
        .widgets.flatMap(({ properties: { title, metrics } }) =>
          metrics.flatMap((entry) => ofWidget(`widget ${title ?? '(none)'}`, entry)),
        ),
    );

/** Every metric that an alarm or a widget of the template reads. */
export const namedMetrics = (deployment: Deployment): readonly NamedMetric[] => [
  ...ofAlarms(deployment),
  ...ofDashboards(deployment),
];

/** A metric as CloudWatch has it after it read a line. */
export interface EmittedMetric {
  readonly namespace: string;
  readonly name: string;
  readonly dimensions: Readonly<Record<string, string>>;
  readonly value: number;
}

const embedded = z.looseObject({
  _aws: z.strictObject({
    Timestamp: z.int().positive(),
    CloudWatchMetrics: z.array(
      z.strictObject({
        Namespace: z.string(),
        Dimensions: z.array(z.array(z.string()).min(1).max(30)),
        Metrics: z.array(
          z.strictObject({
            Name: z.string(),
            Unit: z.enum(['Count', 'Milliseconds', 'Percent']),
          }),
        ),
      }),
    ),
  }),
});

/** As CloudWatch reads lines of the embedded metric format. @throws when one is not of it. */
export const emittedIn = (lines: readonly string[]): readonly EmittedMetric[] =>
  lines
    .filter((line) => line.includes('"_aws"'))
    .flatMap((line) => {
      const { _aws, ...root } = embedded.parse(JSON.parse(line));
      return _aws.CloudWatchMetrics.flatMap(({ Namespace: namespace, Dimensions, Metrics }) =>
        Metrics.flatMap(({ Name: name }) =>
          Dimensions.map((set) => ({
            namespace,
            name,
            value: z.number().parse(root[name]),
            dimensions: Object.fromEntries(
              set.map((dimension) => [dimension, z.string().parse(root[dimension])]),
            ),
          })),
        ),
      );
    });

const metricFilter = z.object({
  LogGroupName: z.string(),
  FilterPattern: z.string(),
  MetricTransformations: z.array(
    z.object({
      MetricName: z.string(),
      MetricNamespace: z.string(),
      MetricValue: z.string(),
      Dimensions: z.array(z.object({ Key: z.string(), Value: z.string() })).default([]),
    }),
  ),
});

const selected = (fields: Readonly<Record<string, unknown>>, selector: string): unknown =>
  fields[selector.replace(/^\$\./, '')];

/** `{ ($.field = "text") || … }`, which is as much of the language as the template uses. */
const matcherOf = (pattern: string): ((fields: Readonly<Record<string, unknown>>) => boolean) => {
  const [, inner] = /^\{ (.*) \}$/.exec(pattern) ?? [];
  const tests = (inner ?? '').split(' || ').map((test) => {
    const [, selector, text] = /^\((\$\.\w+) = "([^"]*)"\)$/.exec(test) ?? [];
    if (selector === undefined) throw new Error(`the pattern ${pattern} is not understood`);
    return { selector, text };
  });
  return (fields) => tests.some(({ selector, text }) => selected(fields, selector) === text);
};

/** What the template's metric filters make of the lines of their log groups. */
export const filteredIn = (
  deployment: Deployment,
  linesOf: (logGroup: string) => readonly string[],
): readonly EmittedMetric[] =>
  deployment.ofType('AWS::Logs::MetricFilter').flatMap(({ properties }) => {
    const { LogGroupName, FilterPattern, MetricTransformations } = metricFilter.parse(properties);
    const matches = matcherOf(FilterPattern);
    return linesOf(LogGroupName)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(matches)
      .flatMap((fields) =>
        MetricTransformations.map((one) => ({
          namespace: one.MetricNamespace,
          name: one.MetricName,
          value: Number(one.MetricValue),
          dimensions: Object.fromEntries(
            one.Dimensions.map(({ Key, Value }) => [Key, String(selected(fields, Value))]),
          ),
        })),
      );
  });

/** Whether CloudWatch would find the metric: by its name, and by exactly these dimensions. */
export const isOf = (wanted: NamedMetric, emitted: EmittedMetric): boolean =>
  emitted.namespace === wanted.namespace &&
  emitted.name === wanted.name &&
  Object.keys(emitted.dimensions).sort().join() === Object.keys(wanted.dimensions).sort().join() &&
  Object.entries(wanted.dimensions).every(
    ([name, value]) => value === undefined || emitted.dimensions[name] === value,
  );
