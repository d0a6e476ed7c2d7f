import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { suiteOptions } from '../support/options.ts';
import { projectDirectory } from '../support/project-copy.ts';
import { runAsCommand } from '../support/suite.ts';
import { attackSuite, type Judged } from './suite.ts';

suiteOptions({
  usage: 'Usage: npm run attack\n\nIt is always whole, in about three minutes.\n',
  options: {},
  schema: z.strictObject({}),
});

const list = join(projectDirectory, 'proof', 'results', 'attack-list.json');

/** The table has families; every single attack is in a file of its own. */
const writeList = (judged: readonly Judged[]): void => {
  const attacks = judged.map(({ attack: { id, category, family, attack, rule }, why, ms }) => ({
    ...{ id, category, family, attack, rule },
    stopped: why === undefined,
    ...(why === undefined ? {} : { why }),
    ms,
  }));
  writeFileSync(list, `${JSON.stringify(attacks, null, 2)}\n`);
};

await runAsCommand(attackSuite({ samples: 2_000, onJudged: writeList }), { record: true });
