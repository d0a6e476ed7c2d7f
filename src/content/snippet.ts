/** Whether `at` lies between the two halves of one character. */
const splitsPair = (text: string, at: number): boolean =>
  at > 0 && /^[\uD800-\uDBFF][\uDC00-\uDFFF]$/.test(text.slice(at - 1, at + 1));

/** A text on one line, and the same in lower case: made once for a document, since every search needs both. */
export interface SearchedText {
  readonly line: string;
  readonly lower: string;
}

export const searchedText = (text: string): SearchedText => {
  const line = text.replace(/\s+/gu, ' ').trim();
  return { line, lower: line.toLowerCase() };
};

/** About `length` characters of a text around the first of `terms`; its beginning when none occurs. */
export const snippetOf = (
  { line, lower }: SearchedText,
  terms: readonly string[],
  length = 240,
): string => {
  const at = terms
    .map((term) => lower.indexOf(term.toLowerCase()))
    .filter((position) => position >= 0)
    .reduce((first, position) => Math.min(first, position), Number.POSITIVE_INFINITY);
  const centre = Number.isFinite(at) ? at : 0;
  const from = Math.max(0, Math.min(centre - Math.floor(length / 3), line.length - length));
  const start = from - (splitsPair(line, from) ? 1 : 0);
  const to = Math.min(line.length, from + length);
  const end = to + (splitsPair(line, to) ? 1 : 0);
  const cut = line.slice(start, end).toWellFormed();
  return `${start > 0 ? '…' : ''}${cut}${end < line.length ? '…' : ''}`;
};
