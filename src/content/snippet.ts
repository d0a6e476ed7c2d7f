/** About `length` characters of `text` around the first of `terms`, on one line; the beginning when none occurs. */
export const snippetOf = (text: string, terms: readonly string[], length = 240): string => {
  const line = text.replace(/\s+/gu, ' ').trim();
  const lower = line.toLowerCase();
  const at = terms
    .map((term) => lower.indexOf(term.toLowerCase()))
    .filter((position) => position >= 0)
    .reduce((first, position) => Math.min(first, position), Number.POSITIVE_INFINITY);
  const centre = Number.isFinite(at) ? at : 0;
  const start = Math.max(0, Math.min(centre - Math.floor(length / 3), line.length - length));
  const end = Math.min(line.length, start + length);
  const cut = line.slice(start, end).toWellFormed();
  return `${start > 0 ? '…' : ''}${cut}${end < line.length ? '…' : ''}`;
};
