/** Beyond this many pairs of lines, the whole of both texts is shown. */
const maxPairs = 4_000_000;

const marked = (mark: string, lines: readonly string[]): readonly string[] =>
  lines.map((line) => `${mark} ${line}`);

/** Lines of `after` beside those of `before`: `-` gone, `+` new, both in order (longest common subsequence). */
const compare = (before: readonly string[], after: readonly string[]): readonly string[] => {
  if (before.length * after.length > maxPairs) {
    return [...marked('-', before), ...marked('+', after)];
  }
  const width = after.length + 1;
  const common = new Uint32Array((before.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      common[i * width + j] =
        before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: string[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push(`  ${before[i] ?? ''}`);
      i += 1;
      j += 1;
    } else if (i < before.length && (j === after.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push(`- ${before[i] ?? ''}`);
      i += 1;
    } else {
      lines.push(`+ ${after[j] ?? ''}`);
      j += 1;
    }
  }
  return lines;
};

const context = 3;

/** The lines that differ, with three around them; `…` stands for those left out. */
export const diffLines = (
  before: readonly string[],
  after: readonly string[],
): readonly string[] => {
  const lines = compare(before, after);
  const isNear = lines.map((_, index) =>
    lines
      .slice(Math.max(0, index - context), index + context + 1)
      .some((line) => !line.startsWith('  ')),
  );
  return lines.flatMap((line, index) => {
    if (isNear[index] === true) return [line];
    return isNear[index - 1] === true || index === 0 ? ['  …'] : [];
  });
};
