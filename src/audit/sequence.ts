interface Range {
  readonly first: number;
  readonly last: number;
}

/** Numbers that are due and have not come: ranges, in order. */
export class Gaps {
  #ranges: Range[] = [];

  add(first: number, last: number): void {
    if (first <= last) this.#ranges.push({ first, last });
  }

  has(number: number): boolean {
    return this.#ranges.some(({ first, last }) => first <= number && number <= last);
  }

  fill(number: number): void {
    this.#ranges = this.#ranges.flatMap((range) => {
      const { first, last } = range;
      if (number < first || number > last) return [range];
      return [
        { first, last: number - 1 },
        { first: number + 1, last },
      ].filter((part) => part.first <= part.last);
    });
  }

  get ranges(): readonly Range[] {
    return this.#ranges;
  }
}

/** The fewest elements without which the rest ascends: what was moved, whichever way. */
export const outOfOrder = (numbers: readonly number[]): readonly number[] => {
  /** Per length, the index of the smallest end of an ascending row of that length. */
  const ends: number[] = [];
  const before: number[] = [];
  for (const [index, number] of numbers.entries()) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (numbers[ends[middle]!]! < number) low = middle + 1;
      else high = middle;
    }
    before.push(low === 0 ? -1 : ends[low - 1]!);
    ends[low] = index;
  }
  const kept = new Set<number>();
  for (let index = ends.at(-1) ?? -1; index >= 0; index = before[index]!) kept.add(index);
  return numbers.filter((_, index) => !kept.has(index));
};
