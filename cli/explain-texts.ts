import type { Explanation, Step } from '../src/admin/explain/explanation.ts';
import { printable, renderTable } from './io.ts';

const verdicts: Readonly<Record<Step['verdict'], string>> = {
  pass: 'pass',
  refuse: 'REFUSE',
  'not-known': 'not known',
};

const outcomes: Readonly<Record<Explanation['outcome'], string>> = {
  served: 'It would be served.',
  refused: 'It would be refused',
  'not-known': 'Whether it would be served is not known',
};

/** What a person reads of an explanation. */
export const explanationText = ({
  caller,
  tenant,
  tool,
  outcome,
  decidedBy,
  steps,
}: Explanation): string => {
  const whose = tenant === undefined ? '' : ` of tenant ${tenant}`;
  const rows = steps.flatMap(({ step, verdict, reason, notes = [] }) => [
    [step, verdicts[verdict], printable(reason)],
    ...notes.map((note) => ['', '', printable(note)]),
  ]);
  return [
    `${caller ?? 'A key that is none'}${whose} calls ${printable(tool)}:`,
    '',
    renderTable(['STEP', 'VERDICT', 'WHY'], rows),
    '',
    decidedBy === undefined ? outcomes[outcome] : `${outcomes[outcome]}: ${decidedBy} decides.`,
  ].join('\n');
};
