/** Edits of a JSON file that people keep: every byte outside the member that changes stays as it is. */

interface Member {
  readonly key: string;
  /** From the key's first quote to behind the value. */
  readonly start: number;
  readonly end: number;
  readonly valueStart: number;
}

interface JsonObjectSpan {
  readonly open: number;
  readonly close: number;
  readonly members: readonly Member[];
}

const skip = (text: string, at: number): number => {
  let index = at;
  while (/[\s,:]/u.test(text[index] ?? '')) index += 1;
  return index;
};

const stringEnd = (text: string, at: number): number => {
  let index = at + 1;
  while (text[index] !== '"') index += text[index] === '\\' ? 2 : 1;
  return index + 1;
};

/** Where the value that begins at `at` ends. The text was parsed before, so it is JSON. */
const valueEnd = (text: string, at: number): number => {
  const first = text[at];
  if (first === '"') return stringEnd(text, at);
  if (first !== '{' && first !== '[') {
    let index = at;
    while (/[^\s,\]}]/u.test(text[index] ?? ' ')) index += 1;
    return index;
  }
  let depth = 0;
  let index = at;
  do {
    const character = text[index];
    if (character === '"') {
      index = stringEnd(text, index);
      continue;
    }
    if (character === '{' || character === '[') depth += 1;
    if (character === '}' || character === ']') depth -= 1;
    index += 1;
  } while (depth > 0);
  return index;
};

const objectAt = (text: string, open: number): JsonObjectSpan => {
  const members: Member[] = [];
  let index = skip(text, open + 1);
  while (text[index] !== '}') {
    const start = index;
    const key = JSON.parse(text.slice(start, stringEnd(text, start))) as string;
    const valueStart = skip(text, stringEnd(text, start));
    const end = valueEnd(text, valueStart);
    members.push({ key, start, end, valueStart });
    index = skip(text, end);
  }
  return { open, close: index, members };
};

/** The object that is the member `key` of the whole text's object. */
const memberObject = (text: string, key: string): JsonObjectSpan => {
  const root = objectAt(text, skip(text, 0));
  const member = root.members.find((each) => each.key === key);
  if (member === undefined || text[member.valueStart] !== '{') {
    throw new Error(`the file has no object "${key}"`);
  }
  return objectAt(text, member.valueStart);
};

const width = 100;

/**
 * JSON as prettier writes it: objects over lines, arrays of plain values in one line where they fit.
 * @param column - where the value begins in its line.
 */
export const formatJson = (value: unknown, indent = '', column = indent.length): string => {
  const inner = `${indent}  `;
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    const line = `[${items.map((item) => JSON.stringify(item)).join(', ')}]`;
    const isPlain = items.every((item) => typeof item !== 'object' || item === null);
    // A comma follows.
    if (items.length === 0 || (isPlain && column + line.length < width)) return line;
    return `[\n${items.map((item) => `${inner}${formatJson(item, inner)}`).join(',\n')}\n${indent}]`;
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([key, member]) => {
    const lead = `${inner}${JSON.stringify(key)}: `;
    return lead + formatJson(member, inner, lead.length);
  });
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${indent}}`;
};

/** The text with `parent.key` set, in its old place or behind the last member. */
export const setMember = (text: string, parent: string, key: string, value: unknown): string => {
  const { open, close, members } = memberObject(text, parent);
  const indent = '    ';
  const written = `${JSON.stringify(key)}: ${formatJson(value, indent)}`;
  const old = members.find((member) => member.key === key);
  if (old !== undefined) return text.slice(0, old.start) + written + text.slice(old.end);
  const last = members.at(-1);
  return last === undefined
    ? `${text.slice(0, open + 1)}\n${indent}${written}\n  ${text.slice(close)}`
    : `${text.slice(0, last.end)},\n${indent}${written}${text.slice(last.end)}`;
};

/** The text without `parent.key`; as it is when there is no such member. */
export const removeMember = (text: string, parent: string, key: string): string => {
  const { open, close, members } = memberObject(text, parent);
  const index = members.findIndex((member) => member.key === key);
  const member = members[index];
  if (member === undefined) return text;
  const before = members[index - 1];
  const after = members[index + 1];
  if (before !== undefined) return text.slice(0, before.end) + text.slice(member.end);
  if (after !== undefined) return text.slice(0, member.start) + text.slice(after.start);
  return `${text.slice(0, open + 1)}${text.slice(close)}`;
};
