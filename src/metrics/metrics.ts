/** Counts things. Dimensions are few and of few values: each combination is a metric that is paid for. */
export interface Metrics {
  count(name: string, value: number, dimensions?: Readonly<Record<string, string>>): void;
}

/**
 * Metrics as lines of the log that CloudWatch reads (CloudWatch: "Embedded metric format specification").
 * @param writeLine - takes one line, to standard output.
 */
export const embeddedMetrics = (
  writeLine: (line: string) => void,
  environment: string,
  now: () => number,
): Metrics => ({
  count: (name, value, dimensions = {}) =>
    writeLine(
      JSON.stringify({
        _aws: {
          Timestamp: now(),
          CloudWatchMetrics: [
            {
              Namespace: 'Drawbridge',
              Dimensions: [['env', ...Object.keys(dimensions)]],
              Metrics: [{ Name: name, Unit: 'Count' }],
            },
          ],
        },
        env: environment,
        ...dimensions,
        [name]: value,
      }),
    ),
});
