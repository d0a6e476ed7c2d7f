import { readFileSync, rmSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { readAssembly } from '../cli/project/read-stacks.ts';
import { runSynth } from '../local/synthesize.ts';
import type { Basis } from '../src/cost/charge.ts';
import { estimateCost, type CostEstimate } from '../src/cost/estimate.ts';
import type { StackTemplate } from '../src/cost/templates.ts';
import {
  assumptions,
  trafficProfileNames,
  trafficProfiles,
  type AssumptionName,
} from '../src/cost/traffic.ts';

/** Writes what `config/prod.json` costs into the documents, between their markers. */
const projectDirectory = dirname(import.meta.dirname);

const requests = 1_000_000;

const usd = (value: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** What each service has of a sum, the largest first. Cents that make no difference are left out. */
const servicesOf = ({ lines }: CostEstimate, basis: Basis): string =>
  [...Map.groupBy(lines, ({ service }) => service)]
    .map(([service, own]) => ({
      service,
      sum: own.reduce((sum, line) => sum + (line.basis === basis ? line.usd : 0), 0),
    }))
    .filter(({ sum }) => sum >= 0.005)
    .toSorted((a, b) => b.sum - a.sum)
    .map(({ service, sum }) => `${service} ${usd(sum)}`)
    .join(', ');

const estimates = (stacks: readonly StackTemplate[]) =>
  trafficProfileNames.map((name) => ({
    name,
    estimate: estimateCost({ stacks, traffic: trafficProfiles[name], requests }),
  }));

/** The table of README.md: typical traffic. */
const summary = (stacks: readonly StackTemplate[]): string => {
  const estimate = estimateCost({ stacks, traffic: trafficProfiles.typical, requests });
  return [
    `\`config/prod.json\` by list prices of ${estimate.region}, ${estimate.date}, not by a bill:`,
    '',
    table(
      ['', 'USD', 'for'],
      [
        ['fixed, per month', usd(estimate.usd.idle), servicesOf(estimate, 'idle')],
        ['more in a month with requests', usd(estimate.usd.inUse), servicesOf(estimate, 'inUse')],
        [
          'per million MCP requests',
          usd(estimate.usd.perMillionRequests),
          servicesOf(estimate, 'requests'),
        ],
      ],
    ),
  ].join('\n');
};

/** The tables of content/costs.md: every kind of traffic, and what it assumes. */
const byTraffic = (stacks: readonly StackTemplate[]): string => {
  const all = estimates(stacks);
  const row = (what: string, value: (estimate: CostEstimate) => number): readonly string[] => [
    what,
    ...all.map(({ estimate }) => usd(value(estimate))),
  ];
  return [
    table(
      ['USD', ...trafficProfileNames],
      [
        row('fixed, per month', (estimate) => estimate.usd.idle),
        row('more in a month with requests', (estimate) => estimate.usd.inUse),
        row('per million requests', (estimate) => estimate.usd.perMillionRequests),
      ],
    ),
    '',
    table(
      ['assumed', 'option', ...trafficProfileNames],
      (Object.keys(assumptions) as AssumptionName[]).map((name) => {
        const { meaning, unit } = assumptions[name];
        const flag = `--${name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;
        return [
          unit === 'share' || unit === 'number' ? meaning : `${meaning}, ${unit}`,
          `\`${flag}\``,
          ...trafficProfileNames.map((profile) =>
            trafficProfiles[profile][name].toLocaleString('en-US'),
          ),
        ];
      }),
    ),
  ].join('\n');
};

export const costTables = {
  'README.md': { marker: 'cost-summary', write: summary },
  'content/costs.md': { marker: 'cost-by-traffic', write: byTraffic },
} as const;

export type CostDocument = keyof typeof costTables;

/** Where in a document the made part stands. @throws Error without its markers */
const placeIn = (document: CostDocument, text: string): readonly [number, number] => {
  const { marker } = costTables[document];
  const begin = `<!-- ${marker}:begin -->`;
  const [from, to] = [text.indexOf(begin), text.indexOf(`<!-- ${marker}:end -->`)];
  if (from < 0 || to < from) throw new Error(`${document} has lost its markers, ${marker}`);
  return [from + begin.length, to];
};

const textOf = (document: CostDocument): string =>
  readFileSync(join(projectDirectory, document), 'utf8');

/** The part of a document that is made here. */
export const writtenCosts = (document: CostDocument): string => {
  const text = textOf(document);
  return text.slice(...placeIn(document, text)).trim();
};

/** What that part has to be, as prettier has it. */
export const madeCosts = async (
  document: CostDocument,
  stacks: readonly StackTemplate[],
): Promise<string> => {
  const file = join(projectDirectory, document);
  const options = { ...(await resolveConfig(file)), filepath: file };
  return (await format(costTables[document].write(stacks), options)).trim();
};

const main = async (): Promise<void> => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-synth-'));
  try {
    await runSynth({ projectDirectory, env: 'prod', directory });
    const stacks = await readAssembly(directory);
    for (const document of Object.keys(costTables) as CostDocument[]) {
      const text = textOf(document);
      const [from, to] = placeIn(document, text);
      const made = await madeCosts(document, stacks);
      writeFileSync(
        join(projectDirectory, document),
        `${text.slice(0, from)}\n\n${made}\n\n${text.slice(to)}`,
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
};

if (import.meta.main) await main();
