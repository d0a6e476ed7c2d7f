import { figure, noise, percent, table, verdict } from '../table.ts';
import { growthOf, type GrowthChart, type GrowthResult } from './growth.ts';

const chartSection = ({ title, unit, series }: GrowthChart): string => {
  const sizes = series[0]?.points.map(({ size }) => size) ?? [];
  return [
    `### ${title}`,
    table(
      [unit, ...series.map(({ name }) => `${name}, p50 ms`)],
      sizes.map((size) => [
        figure(size),
        ...series.map(({ points }) => {
          const p50 = points.find((point) => point.size === size)?.p50Ms;
          return p50 === undefined ? '–' : `${figure(p50.median)} ±${percent(p50.spread / 2)}`;
        }),
      ]),
    ),
    `${series.map((one) => `${one.name}: ${figure(growthOf(one))} ×`).join('; ')} from the first row to the last.`,
  ].join('\n\n');
};

export const growthReport = ({ rounds, charts, keys, othersShare }: GrowthResult): string =>
  [
    '## Growth',
    `Through a twin with a key, one call at a time: medians of ${rounds} interleaved rounds, and half the distance of the ` +
      'extremes. Each size is a tenant of its own. One upstream shows up to 1,000 tools here, so that 10,000 are ten of them. ' +
      'Bodies are arguments of a tool of an HTTP upstream; larger ones than `waf.maxBodyBytes` were allowed for this.',
    ...charts.map(chartSection),
    '### Keys in the table',
    'The authorizer’s bundle, from the event to its answer with the read of the table, which is dynalite on this disk: AWS ' +
      'documents single-item reads of DynamoDB as independent of the size of a table. Up to 2,000 keys spread over the table were ' +
      'asked for in turn, with nothing cached.',
    table(
      ['keys', 'p50 µs'],
      keys.points.map(({ keys: count, p50Us }) => [
        figure(count),
        `${figure(p50Us.median)} ±${percent(p50Us.spread / 2)}`,
      ]),
    ),
    `Most against fewest: ${figure(keys.ratio)} ×; target: ≤ ${keys.target} ×: ${verdict(keys.ratio <= keys.target)}.`,
    noise(othersShare),
  ].join('\n\n');
