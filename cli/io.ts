import Table from 'cli-table3';
import type { ErrorReport } from './errors.ts';

/** Where a command's output goes, and how it asks. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** Asks a yes-or-no question; absent when nobody is there to answer. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** Asks for a value that is not shown; absent when nobody is there to answer. */
  readonly askHidden?: (question: string) => Promise<string>;
  /** All of standard input; absent where there is none. */
  readonly readInput?: () => Promise<string>;
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

const plain = {
  chars: noBorders,
  style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
};

const rendered = (table: { toString(): string }): string =>
  table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');

/**
 * Text that a server chose, safe to print: what a terminal would obey, and what nobody would see (controls, direction marks, Unicode
 * tags), is written out.
 */
export const printable = (text: string): string =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );

/** Rows under a head, in aligned columns. */
export const renderTable = (
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string => {
  const table = new Table({ ...plain, head: [...head] });
  table.push(...rows.map((row) => [...row]));
  return rendered(table);
};

/** Names and values, one pair a line; pairs without a value are left out. */
export const renderFields = (fields: Readonly<Record<string, string | undefined>>): string => {
  const table = new Table(plain);
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) table.push([`  ${name}`, value]);
  }
  return rendered(table);
};

export const printResult = <T>(
  terminal: Terminal,
  json: boolean,
  data: T,
  text: (data: T) => string,
): void => {
  terminal.out(`${json ? JSON.stringify(data, null, 2) : text(data)}\n`);
};

export const printError = (terminal: Terminal, json: boolean, report: ErrorReport): void => {
  const { code, message } = report;
  terminal.err(json ? `${JSON.stringify({ error: { code, message } })}\n` : `error: ${message}\n`);
};
