import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { format } from 'prettier';
import { table } from '../../bench/table.ts';
import { speedSection } from './speed.ts';
import { suiteResult, type SuiteResult } from './result.ts';

/** In the order of the page. */
const order = ['conformance', 'interop', 'attack', 'fuzz', 'chaos', 'soak'] as const;

const head = [
  '# Proof',
  '',
  'What independent suites say of Drawbridge: each section is the latest whole run of one command, written by that command. All of it ran',
  "against the twin, which runs the synthesized template and the deployed bundles under Lambda's runtime client; nothing ran at AWS.",
  '`npm test` runs the short form of every suite.',
].join('\n');

const section = (result: SuiteResult): string => {
  const { title, about, command, date, seconds, node, versions, columns, rows, summary } = result;
  const list = Object.entries({ node, ...versions }).map(([name, version]) => `${name} ${version}`);
  const failed = rows.filter(({ ok }) => !ok).length;
  return [
    `## ${title}`,
    about,
    `${date}, ${seconds} s, ${list.join(', ')}:`,
    ['```sh', command, '```'].join('\n'),
    table(
      columns,
      rows.map(({ cells }) => cells),
    ),
    `${rows.length - failed} passed, ${failed} failed. ${summary}`,
  ].join('\n\n');
};

/** Writes `docs/proof.md` from `proof/results`. */
export const renderProof = async (projectDirectory: string): Promise<void> => {
  const sections = order.flatMap((name) => {
    const file = join(projectDirectory, 'proof', 'results', `${name}.json`);
    if (!existsSync(file)) return [];
    return [section(suiteResult.parse(JSON.parse(readFileSync(file, 'utf8'))))];
  });
  const speed = speedSection(projectDirectory);
  const text = await format(
    [head, ...sections, ...(speed === undefined ? [] : [speed])].join('\n\n'),
    { parser: 'markdown' },
  );
  writeFileSync(join(projectDirectory, 'docs', 'proof.md'), text);
};
