import { AwsError, notImplemented } from '../aws-error.ts';

export type Value = string | number | null;
export type Row = Readonly<Record<string, Value>>;
export type Condition = (row: Row) => boolean;

export interface Aggregate {
  readonly function: 'count' | 'sum' | 'avg' | 'min' | 'max' | 'pct';
  /** Undefined: of rows, as in `count(*)`. */
  readonly field: string | undefined;
  readonly percentile: number;
  readonly name: string;
}

export interface Grouping {
  readonly name: string;
  readonly field: string;
  /** Of `bin(1d)`. */
  readonly binMs: number | undefined;
}

export type Command =
  | { readonly kind: 'fields'; readonly columns: readonly { name: string; field: string }[] }
  | { readonly kind: 'filter'; readonly test: Condition }
  | {
      readonly kind: 'stats';
      readonly aggregates: readonly Aggregate[];
      readonly by: readonly Grouping[];
    }
  | { readonly kind: 'sort'; readonly keys: readonly { field: string; descending: boolean }[] }
  | { readonly kind: 'limit'; readonly count: number };

const malformed = (detail: string): AwsError => new AwsError('MalformedQueryException', detail);

const token =
  /\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]+`|!=|<=|>=|[=<>()[\],|*]|-?\d+(?:\.\d+)?(?![\w.])|[\w@.]+|\/)/y;

const tokensOf = (text: string): readonly string[] => {
  const query = text.trimEnd();
  const tokens: string[] = [];
  token.lastIndex = 0;
  while (token.lastIndex < query.length) {
    const at = token.lastIndex;
    const [, found] = token.exec(query) ?? [];
    if (found === undefined)
      throw malformed(`unexpected symbol at ${at}: ${query.slice(at, at + 20)}`);
    tokens.push(found);
  }
  return tokens;
};

const unquoted = (text: string): string => text.slice(1, -1).replaceAll(/\\(.)/g, '$1');

const isText = (text: string): boolean => /^["']/.test(text);
const isNumber = (text: string): boolean => /^-?\d/.test(text);

const unitMs: Readonly<Record<string, number>> = { s: 1e3, m: 6e4, h: 36e5, d: 864e5 };
const aggregateNames = ['count', 'sum', 'avg', 'min', 'max', 'pct'] as const;
const operators = new Set(['=', '!=', '<', '<=', '>', '>=']);

const compare = (left: Value, operator: string, right: string | number): boolean => {
  if (left === null) return operator === '!=';
  const both: readonly [Value, Value] =
    typeof right === 'number' ? [Number(left), right] : [String(left), right];
  const [one, other] = both as readonly [number, number];
  switch (operator) {
    case '=':
      return one === other;
    case '!=':
      return one !== other;
    case '<':
      return one < other;
    case '<=':
      return one <= other;
    case '>':
      return one > other;
    default:
      return one >= other;
  }
};

/** The part of CloudWatch Logs Insights' language that the twin runs. The rest is refused by name. */
class QueryParser {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  parse(): readonly Command[] {
    const commands = [this.#command()];
    while (this.#take('|')) commands.push(this.#command());
    if (this.#peek !== undefined) throw malformed(`unexpected ${this.#peek}`);
    return commands;
  }

  #command(): Command {
    const name = this.#next().toLowerCase();
    switch (name) {
      case 'fields':
        return { kind: 'fields', columns: this.#list(() => this.#column()) };
      case 'filter':
        return { kind: 'filter', test: this.#any() };
      case 'stats': {
        const aggregates = this.#list(() => this.#aggregate());
        const by = this.#take('by') ? this.#list(() => this.#grouping()) : [];
        return { kind: 'stats', aggregates, by };
      }
      case 'sort':
        return { kind: 'sort', keys: this.#list(() => this.#sortKey()) };
      case 'limit':
        return { kind: 'limit', count: this.#number() };
      default:
        throw notImplemented(`logs: the Insights command ${name}`);
    }
  }

  #list<T>(read: () => T): readonly T[] {
    const items = [read()];
    while (this.#take(',')) items.push(read());
    return items;
  }

  #column() {
    const field = this.#field();
    return { field, name: this.#take('as') ? this.#field() : field };
  }

  #sortKey() {
    const field = this.#fieldOrCall();
    const descending = this.#take('desc');
    if (!descending) this.#take('asc');
    return { field, descending };
  }

  #aggregate(): Aggregate {
    const name = this.#next().toLowerCase();
    const known = aggregateNames.find((one) => one === name);
    if (known === undefined) throw notImplemented(`logs: the Insights function ${name}`);
    this.#expect('(');
    const field = this.#take('*') ? undefined : this.#peek === ')' ? undefined : this.#field();
    const percentile = known === 'pct' && this.#take(',') ? this.#number() : 50;
    this.#expect(')');
    const argument = field ?? '*';
    const plain = known === 'pct' ? `pct(${argument}, ${percentile})` : `${name}(${argument})`;
    return { function: known, field, percentile, name: this.#take('as') ? this.#field() : plain };
  }

  #grouping(): Grouping {
    const name = this.#next();
    if (name.toLowerCase() !== 'bin' || !this.#take('(')) {
      const field = fieldIn(name);
      return { field, name: this.#take('as') ? this.#field() : field, binMs: undefined };
    }
    const period = this.#next();
    this.#expect(')');
    const [, count, unit = ''] = /^(\d+)([smhd])$/.exec(period) ?? [];
    const ms = unitMs[unit];
    if (ms === undefined) throw notImplemented(`logs: bin(${period})`);
    const as = this.#take('as') ? this.#field() : `bin(${period})`;
    return { field: '@timestamp', name: as, binMs: Number(count) * ms };
  }

  #any(): Condition {
    const tests = [this.#all()];
    while (this.#take('or')) tests.push(this.#all());
    return (row) => tests.some((test) => test(row));
  }

  #all(): Condition {
    const tests = [this.#one()];
    while (this.#take('and')) tests.push(this.#one());
    return (row) => tests.every((test) => test(row));
  }

  #one(): Condition {
    if (this.#take('not')) {
      const test = this.#one();
      return (row) => !test(row);
    }
    if (this.#take('(')) {
      const test = this.#any();
      this.#expect(')');
      return test;
    }
    const name = this.#next();
    if (name.toLowerCase() === 'ispresent' && this.#take('(')) {
      const field = this.#field();
      this.#expect(')');
      return (row) => row[field] !== undefined && row[field] !== null;
    }
    if (this.#peek === '(') throw notImplemented(`logs: the Insights function ${name}`);
    return this.#comparison(fieldIn(name));
  }

  #comparison(field: string): Condition {
    const value = (row: Row): Value => row[field] ?? null;
    const isNegated = this.#take('not');
    if (this.#take('in')) {
      this.#expect('[');
      const wanted = this.#list(() => this.#literal());
      this.#expect(']');
      return (row) => wanted.some((one) => compare(value(row), '=', one)) !== isNegated;
    }
    if (this.#take('like')) {
      if (this.#peek === '/') throw notImplemented('logs: regular expressions of Insights');
      const part = String(this.#literal());
      return (row) => {
        const text = value(row);
        return (text !== null && String(text).includes(part)) !== isNegated;
      };
    }
    const operator = this.#next();
    if (isNegated || !operators.has(operator)) throw malformed(`unexpected ${operator}`);
    const wanted = this.#literal();
    return (row) => compare(value(row), operator, wanted);
  }

  #literal(): string | number {
    const text = this.#next();
    if (isText(text)) return unquoted(text);
    if (isNumber(text)) return Number(text);
    throw notImplemented(`logs: comparing with ${text} in Insights`);
  }

  #number(): number {
    const text = this.#next();
    if (!isNumber(text)) throw malformed(`${text} is no number`);
    return Number(text);
  }

  #field(): string {
    return fieldIn(this.#next());
  }

  /** `count(*)` names the column that it made. */
  #fieldOrCall(): string {
    const field = this.#field();
    if (!this.#take('(')) return field;
    const argument = this.#next();
    this.#expect(')');
    return `${field}(${argument})`;
  }

  get #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string {
    const next = this.#tokens[this.#at++];
    if (next === undefined) throw malformed('it ends too early');
    return next;
  }

  #take(expected: string): boolean {
    if (this.#peek?.toLowerCase() !== expected) return false;
    this.#at++;
    return true;
  }

  #expect(expected: string): void {
    const next = this.#next();
    if (next !== expected) throw malformed(`${expected} is expected, and there is ${next}`);
  }
}

const fieldIn = (text: string): string => {
  if (text.startsWith('`')) return text.slice(1, -1);
  if (!/^[@A-Za-z_][\w@.]*$/.test(text)) throw malformed(`${text} is no field`);
  return text;
};

/** @throws AwsError MalformedQueryException, or UnknownOperationException for what the twin does not run. */
export const parseQuery = (text: string): readonly Command[] => new QueryParser(text).parse();
