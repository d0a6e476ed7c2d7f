/** A Markdown table that also reads well as plain text: columns padded, all but the first to the right. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((width, column) => {
      const cell = cells[column] ?? '';
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = widths.map((width, column) =>
    column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head), line(rule), ...rows.map(line)].join('\n');
};

/** Three significant digits, thousands apart; `–` for what is not known. */
export const figure = (value: number | undefined): string => {
  if (value === undefined || Number.isNaN(value)) return '–';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.max(Math.abs(value), 1e-9))));
  const [whole = '', fraction] = value.toFixed(Math.min(digits, 3)).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/gu, ' ');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
};

export const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

export const verdict = (met: boolean): string => (met ? 'met' : 'MISSED');

/** Above it figures are not fit to be quoted. */
const quietShare = 0.1;

/** What is said of the programs that the bench did not start. */
export const noise = (highest: number | undefined, median = highest): string => {
  if (highest === undefined || median === undefined)
    return 'This system does not tell what else ran.';
  const worst = highest === median ? '' : `, ${percent(highest)} at worst`;
  const advice = highest > quietShare ? ' Run it again on a quiet machine before quoting it.' : '';
  return `Other programs took ${percent(median)} of the machine${worst}.${advice}`;
};
