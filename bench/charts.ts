import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { BenchResults } from './report.ts';

/** Of echarts, which has a folder of its own with the peers: what is used of it. */
interface Echarts {
  init(
    dom: null,
    theme: null,
    options: { renderer: 'svg'; ssr: true; width: number; height: number },
  ): { setOption(option: object): void; renderToSVGString(): string; dispose(): void };
}

interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

interface Chart {
  readonly file: string;
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly lines: readonly Line[];
}

const size = { width: 720, height: 400 } as const;

const svgOf = (echarts: Echarts, { title, x, y, lines }: Chart): string => {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: { text: title, left: 'center' },
    legend: { bottom: 0 },
    grid: { left: 70, right: 30, top: 50, bottom: 80 },
    xAxis: { type: 'log', name: x, nameLocation: 'middle', nameGap: 28 },
    yAxis: { type: 'log', name: y },
    series: lines.map(({ name, points }) => ({ type: 'line', name, data: points, symbolSize: 7 })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
};

const chartsOf = ({ growth, throughput }: BenchResults): readonly Chart[] => [
  ...(growth === undefined
    ? []
    : [
        ...growth.charts.map(({ id, title, unit, series }) => ({
          file: `growth-${id}.svg`,
          title,
          x: unit,
          y: 'p50 ms',
          lines: series.map(({ name, points }) => ({
            name,
            points: points.map((point) => [point.size, point.p50Ms.median] as const),
          })),
        })),
        {
          file: 'growth-keys.svg',
          title: 'Keys in the table',
          x: 'keys',
          y: 'p50 µs',
          lines: [
            {
              name: 'authorizer, key not cached',
              points: growth.keys.points.map(({ keys, p50Us }) => [keys, p50Us.median] as const),
            },
          ],
        },
      ]),
  ...(throughput === undefined
    ? []
    : [
        {
          file: 'throughput.svg',
          title: 'Requests per second',
          x: 'connections',
          y: 'requests/s',
          lines: [...new Set(throughput.rows.map(({ target }) => target))].map((name) => ({
            name,
            points: throughput.rows
              .filter(({ target }) => target === name)
              .map(({ connections, figures }) => [connections, figures.rps.median] as const),
          })),
        },
      ]),
];

/** Draws a whole run into `docs/charts`. */
export const drawCharts = (results: BenchResults, projectDirectory: string): void => {
  const load = createRequire(join(projectDirectory, 'bench', 'peers', 'package.json'));
  const echarts = load('echarts') as Echarts;
  const directory = join(projectDirectory, 'docs', 'charts');
  mkdirSync(directory, { recursive: true });
  for (const chart of chartsOf(results)) {
    writeFileSync(join(directory, chart.file), svgOf(echarts, chart));
  }
};
