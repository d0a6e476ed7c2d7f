import type { AuditReport, StoredRecord } from '../src/audit/audit-log.ts';
import type { ChainProblem } from '../src/audit/chain-problem.ts';
import { printable, renderTable } from './io.ts';

const head = [
  'TIME',
  'TENANT',
  'SUBJECT',
  'METHOD',
  'TOOL',
  'OUTCOME',
  'STATUS',
  'UNITS',
  'MS',
  'REQUEST',
];
const fields = [
  'ts',
  'tenant',
  'subject',
  'method',
  'tool',
  'outcome',
  'httpStatus',
  'units',
  'ms',
  'requestId',
];

const cell = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' ? printable(String(value)) : '-';

const row = (record: StoredRecord): readonly string[] => fields.map((name) => cell(record[name]));

export const recordsText = (records: readonly StoredRecord[]): string =>
  records.length === 0 ? 'No records.' : renderTable(head, records.map(row));

/** One record as it comes. */
export const recordLine = (record: StoredRecord): string => row(record).join('  ');

const maxShown = 100;

const seqText = ({ seq, lastSeq }: ChainProblem): string =>
  seq === null ? '-' : lastSeq === undefined ? String(seq) : `${seq}-${lastSeq}`;

const problemRow = (problem: ChainProblem): readonly string[] => [
  problem.kind,
  problem.chain ?? '-',
  seqText(problem),
  problem.requestId ?? '-',
  problem.ts ?? '-',
  problem.where,
];

const problemsText = (problems: readonly ChainProblem[]): string => {
  if (problems.length === 0) return 'No problem found.';
  const rows = problems.slice(0, maxShown).map((problem) => problemRow(problem).map(printable));
  const more = problems.length - rows.length;
  return [
    renderTable(['PROBLEM', 'CHAIN', 'SEQ', 'REQUEST', 'TIME', 'WHERE'], rows),
    ...(more > 0 ? [`and ${more} more: --json has all of them`] : []),
  ].join('\n');
};

const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

export const reportText = (report: AuditReport): string => {
  const { from, to, records, checkpoints, chains, requests, problems, openTails } = report;
  const open = openTails.length;
  return [
    `${from} to ${to}: ${counted(records, 'record')} and ${counted(checkpoints, 'checkpoint')} in ${counted(chains, 'chain')}.`,
    requests === null
      ? 'The access log was not asked: records cut off the end of a chain are not found.'
      : `${counted(requests, 'request')} of the access log looked up.`,
    ...(open === 0
      ? []
      : [
          `${open} ${open === 1 ? 'chain ends' : 'chains end'} without a checkpoint: what was cut off there, only the access log tells.`,
        ]),
    '',
    problemsText(problems),
  ].join('\n');
};
