import { AwsError, notImplemented } from '../aws-error.ts';

/** Whether a message matches. */
export type MessageTest = (message: string) => boolean;

type FieldsTest = (fields: unknown) => boolean;

const invalid = (detail: string): AwsError =>
  new AwsError('InvalidParameterException', `Invalid filter pattern: ${detail}`);

const token =
  /\s*(\$(?:\.[\w-]+|\[\d+\]|\['[^']*'\])+|&&|\|\||!=|>=|<=|=|<|>|\(|\)|"(?:[^"\\]|\\.)*"|[\w.*:/+-]+)/y;

const tokensOf = (text: string): readonly string[] => {
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < text.trimEnd().length) {
    const at = token.lastIndex;
    const [, found] = token.exec(text) ?? [];
    if (found === undefined) throw invalid(`at ${at} of ${text}`);
    tokens.push(found);
  }
  return tokens;
};

const selected = (fields: unknown, selector: string): unknown => {
  let value = fields;
  for (const [, name, index, quoted] of selector.matchAll(/\.([\w-]+)|\[(\d+)\]|\['([^']*)'\]/g)) {
    if (typeof value !== 'object' || value === null) return undefined;
    const key = name ?? index ?? quoted ?? '';
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
};

const number = /^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i;

/** A string with `*` for any characters (CloudWatch Logs: "Filter pattern syntax", JSON). */
const wildcard = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replaceAll(/[$()+.?[\\\]^{|}]/g, '\\$&'))
      .join('.*')}$`,
    's',
  );

const comparison = (selector: string, operator: string, operand: string): FieldsTest => {
  const isQuoted = operand.startsWith('"');
  if (!isQuoted && number.test(operand)) {
    const wanted = Number(operand);
    const compare: Readonly<Record<string, (value: number) => boolean>> = {
      '=': (value) => value === wanted,
      '!=': (value) => value !== wanted,
      '<': (value) => value < wanted,
      '<=': (value) => value <= wanted,
      '>': (value) => value > wanted,
      '>=': (value) => value >= wanted,
    };
    return (fields) => {
      const value = selected(fields, selector);
      return typeof value === 'number' && (compare[operator]?.(value) ?? false);
    };
  }
  const text = isQuoted ? operand.slice(1, -1).replaceAll(/\\(.)/g, '$1') : operand;
  const wanted = wildcard(text);
  if (operator !== '=' && operator !== '!=') throw invalid(`${operator} takes a number`);
  return (fields) => {
    const value = selected(fields, selector);
    if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') {
      return false;
    }
    return wanted.test(String(value)) === (operator === '=');
  };
};

/** `{ $.a = "x" && ($.b > 1 || $.c IS NULL) }` by recursive descent: && binds tighter than ||. */
class JsonPattern {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): FieldsTest {
    const test = this.#any();
    if (this.#at < this.#tokens.length) throw invalid(`${this.#tokens[this.#at]} is not expected`);
    return test;
  }

  #any(): FieldsTest {
    const tests = [this.#all()];
    while (this.#take('||')) tests.push(this.#all());
    return (fields) => tests.some((test) => test(fields));
  }

  #all(): FieldsTest {
    const tests = [this.#one()];
    while (this.#take('&&')) tests.push(this.#one());
    return (fields) => tests.every((test) => test(fields));
  }

  #one(): FieldsTest {
    if (this.#take('(')) {
      const test = this.#any();
      if (!this.#take(')')) throw invalid('a ) is missing');
      return test;
    }
    const selector = this.#next();
    if (!selector.startsWith('$')) throw invalid(`${selector} is no selector`);
    if (this.#take('IS')) return this.#is(selector);
    if (this.#take('NOT')) {
      if (!this.#take('EXISTS')) throw invalid('NOT goes with EXISTS');
      return (fields) => selected(fields, selector) === undefined;
    }
    const operator = this.#next();
    if (!/^[!<=>]+$/.test(operator)) throw invalid(`${operator} is no operator`);
    return comparison(selector, operator, this.#next());
  }

  #is(selector: string): FieldsTest {
    const values = { NULL: null, TRUE: true, FALSE: false } as const;
    const name = this.#next().toUpperCase();
    if (!(name in values)) throw invalid(`IS ${name}`);
    const wanted = values[name as keyof typeof values];
    return (fields) => selected(fields, selector) === wanted;
  }

  #next(): string {
    const next = this.#tokens[this.#at++];
    if (next === undefined) throw invalid('it ends too early');
    return next;
  }

  #take(expected: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== expected) return false;
    this.#at++;
    return true;
  }
}

const parseJson = (message: string): unknown => {
  try {
    return JSON.parse(message);
  } catch {
    return undefined;
  }
};

const jsonTest = (text: string): MessageTest => {
  const test = new JsonPattern(text).parse();
  return (message) => {
    if (!message.startsWith('{')) return false;
    const fields = parseJson(message);
    return fields !== undefined && test(fields);
  };
};

/** `ERROR "two words" -INFO ?one ?other`: all plain terms, none with a minus, one of those with a question mark. */
const termTest = (text: string): MessageTest => {
  const terms = [...text.matchAll(/([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))/g)].map(
    ([, sign = '', quoted, plain = '']) => ({
      sign,
      term: quoted?.replaceAll(/\\(.)/g, '$1') ?? plain,
    }),
  );
  const of = (wanted: string) =>
    terms.filter(({ sign }) => sign === wanted).map(({ term }) => term);
  const [all, none, some] = [of(''), of('-'), of('?')];
  return (message) =>
    all.every((term) => message.includes(term)) &&
    !none.some((term) => message.includes(term)) &&
    (some.length === 0 || all.length > 0 || some.some((term) => message.includes(term)));
};

/**
 * A filter pattern as FilterLogEvents takes it.
 * @throws AwsError InvalidParameterException, or UnknownOperationException for forms that the twin does not have.
 */
export const compileFilterPattern = (pattern: string): MessageTest => {
  const text = pattern.trim();
  if (text === '') return () => true;
  if (text.startsWith('{') && text.endsWith('}')) return jsonTest(text.slice(1, -1));
  if (text.startsWith('[')) throw notImplemented('logs: filter patterns of columns');
  if (text.includes('%')) throw notImplemented('logs: regular expressions in filter patterns');
  return termTest(text);
};
