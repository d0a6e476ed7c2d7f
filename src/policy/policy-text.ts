/** Where something stands in a text, both from 1. A column counts characters. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** One policy in a text: from its first annotation to its semicolon. */
export interface PolicySegment {
  readonly start: number;
  readonly text: string;
}

/**
 * Bounds within which Cedar's parser and validator stay on their stack. Outside of them WebAssembly traps, and the instance
 * decides nothing more, for no tenant: measured limits are about three times these (docs/adr/0019-cedar.md).
 */
export const textLimits = {
  characters: 100_000,
  policies: 1_000,
  /** Brackets within brackets. */
  nesting: 32,
  /** Of one policy. */
  conditionals: 32,
  /** Characters of operators in one policy. */
  operators: 600,
};

export type ScanResult =
  | { readonly kind: 'scanned'; readonly segments: readonly PolicySegment[] }
  | { readonly kind: 'refused'; readonly offset: number; readonly reason: string };

/** A comment, a string (closed or not), a word, white space, or one other character. */
const token = /\/\/[^\n\r]*|"(?:[^"\\]|\\[^])*"?|[A-Za-z_]\w*|\s+|[^]/gu;

const opening = /^[([{]$/u;
const closing = /^[)\]}]$/u;
const operator = /^[.+\-*&|<>=!:?[]$/u;

const halfCharacter = /\p{Surrogate}/u;

/** Cuts a text into its policies, and refuses what Cedar's own parser could not survive. Knows no grammar beyond that. */
export const scanPolicies = (text: string): ScanResult => {
  const refused = (offset: number, reason: string): ScanResult => ({
    kind: 'refused',
    offset,
    reason,
  });
  if (text.length > textLimits.characters) {
    return refused(0, `the text has more than ${textLimits.characters} characters`);
  }
  if (!text.isWellFormed()) {
    // It reaches Cedar as JSON, whose parser refuses half of a surrogate pair with an error of its own.
    return refused(text.search(halfCharacter), 'the text has half of a character in it');
  }
  const segments: PolicySegment[] = [];
  let start: number | undefined;
  let nesting = 0;
  let conditionals = 0;
  let operators = 0;
  for (const { 0: part, index } of text.matchAll(token)) {
    if (part.startsWith('//') || /^\s/u.test(part)) continue;
    start ??= index;
    if (opening.test(part)) nesting += 1;
    else if (closing.test(part)) nesting -= 1;
    if (part === 'if') conditionals += 1;
    if (operator.test(part)) operators += 1;
    if (nesting > textLimits.nesting) {
      return refused(index, `brackets are nested more than ${textLimits.nesting} deep`);
    }
    if (conditionals > textLimits.conditionals || operators > textLimits.operators) {
      return refused(start, 'the policy has too many operators: make several of it');
    }
    if (part !== ';') continue;
    segments.push({ start, text: text.slice(start, index + 1) });
    if (segments.length > textLimits.policies) {
      return refused(start, `there are more than ${textLimits.policies} policies`);
    }
    start = undefined;
    nesting = conditionals = operators = 0;
  }
  return { kind: 'scanned', segments };
};

export const placeOf = (text: string, offset: number): TextPlace => {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return {
    line: before.split('\n').length,
    column: [...before.slice(lineStart)].length + 1,
  };
};

/** Cedar counts bytes of UTF-8. */
export const offsetOfByte = (text: string, byte: number): number =>
  Buffer.from(text).subarray(0, byte).toString().length;
