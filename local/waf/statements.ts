import { BlockList, isIPv6 } from 'node:net';
import { compileField } from './field-to-match.ts';
import { compileTransformations } from './text-transformations.ts';
import type { WafPredicate } from './waf-request.ts';
import {
  byteMatch,
  ipSetReference,
  labelMatch,
  negated,
  regexMatch,
  sizeConstraint,
  statementList,
} from './web-acl-schema.ts';

/** What a statement needs to know of the template around it. */
export interface StatementScope {
  /** `awswaf:<account>:webacl:<name>:`, the prefix of the web ACL's own labels. */
  readonly labelPrefix: string;
  /** @throws Error when no IP set has that ARN. */
  readonly ipSet: (arn: string) => readonly string[];
  readonly bodyInspected: () => void;
}

type TextTest = (text: string) => boolean;
type Compiler = (input: unknown, scope: StatementScope) => WafPredicate;

const testField = (
  statement: {
    FieldToMatch: unknown;
    TextTransformations: { Priority: number; Type: string }[];
  },
  scope: StatementScope,
  test: TextTest,
): WafPredicate => {
  const { extract, inspectsBody } = compileField(statement.FieldToMatch);
  const transform = compileTransformations(statement.TextTransformations);
  if (inspectsBody) scope.bodyInspected();
  return ({ request }) => {
    const found = extract(request);
    return typeof found === 'boolean' ? found : found.some((text) => test(transform(text)));
  };
};

const compareSize: Record<string, (length: number, size: number) => boolean> = {
  EQ: (length, size) => length === size,
  NE: (length, size) => length !== size,
  LE: (length, size) => length <= size,
  LT: (length, size) => length < size,
  GE: (length, size) => length >= size,
  GT: (length, size) => length > size,
};

const isWordCharacter = (character: string | undefined): boolean =>
  character !== undefined && /[A-Za-z0-9_]/.test(character);

const containsWord = (text: string, word: string): boolean => {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isWordCharacter(text[at - 1]) && !isWordCharacter(text[at + word.length])) return true;
  }
  return false;
};

const positional: Record<string, (text: string, wanted: string) => boolean> = {
  EXACTLY: (text, wanted) => text === wanted,
  STARTS_WITH: (text, wanted) => text.startsWith(wanted),
  ENDS_WITH: (text, wanted) => text.endsWith(wanted),
  CONTAINS: (text, wanted) => text.includes(wanted),
  CONTAINS_WORD: containsWord,
};

const compileSizeConstraint: Compiler = (input, scope) => {
  const statement = sizeConstraint.parse(input);
  const compare = compareSize[statement.ComparisonOperator];
  return testField(statement, scope, (text) => compare?.(text.length, statement.Size) ?? false);
};

const compileByteMatch: Compiler = (input, scope) => {
  const statement = byteMatch.parse(input);
  const wanted =
    statement.SearchStringBase64 === undefined
      ? Buffer.from(statement.SearchString ?? '', 'utf8').toString('latin1')
      : Buffer.from(statement.SearchStringBase64, 'base64').toString('latin1');
  const test = positional[statement.PositionalConstraint];
  return testField(statement, scope, (text) => test?.(text, wanted) ?? false);
};

const compileRegexMatch: Compiler = (input, scope) => {
  const statement = regexMatch.parse(input);
  let pattern: RegExp;
  try {
    const isInsensitive = statement.RegexString.startsWith('(?i)');
    pattern = isInsensitive
      ? new RegExp(statement.RegexString.slice('(?i)'.length), 'i')
      : new RegExp(statement.RegexString);
  } catch (cause) {
    throw new Error(`cannot run the expression ${statement.RegexString}`, { cause });
  }
  return testField(statement, scope, (text) => pattern.test(text));
};

const compileIpSet: Compiler = (input, scope) => {
  const list = new BlockList();
  for (const address of scope.ipSet(ipSetReference.parse(input).Arn)) {
    const [network = '', prefix = ''] = address.split('/');
    list.addSubnet(network, Number(prefix), isIPv6(network) ? 'ipv6' : 'ipv4');
  }
  return ({ request: { sourceIp } }) => list.check(sourceIp, isIPv6(sourceIp) ? 'ipv6' : 'ipv4');
};

const compileLabelMatch: Compiler = (input, scope) => {
  const { Scope, Key } = labelMatch.parse(input);
  const wanted = Key.startsWith('awswaf:') ? Key : scope.labelPrefix + Key;
  if (Scope === 'LABEL') return ({ labels }) => labels.has(wanted);
  return ({ labels }) => [...labels].some((label) => label.startsWith(wanted));
};

const compileList = (input: unknown, scope: StatementScope): WafPredicate[] =>
  statementList.parse(input).Statements.map((statement) => compileStatement(statement, scope));

const COMPILERS: Readonly<Record<string, Compiler>> = {
  AndStatement: (input, scope) => {
    const parts = compileList(input, scope);
    return (context) => parts.every((part) => part(context));
  },
  OrStatement: (input, scope) => {
    const parts = compileList(input, scope);
    return (context) => parts.some((part) => part(context));
  },
  NotStatement: (input, scope) => {
    const part = compileStatement(negated.parse(input).Statement, scope);
    return (context) => !part(context);
  },
  SizeConstraintStatement: compileSizeConstraint,
  ByteMatchStatement: compileByteMatch,
  RegexMatchStatement: compileRegexMatch,
  IPSetReferenceStatement: compileIpSet,
  LabelMatchStatement: compileLabelMatch,
};

/**
 * One statement as a predicate. Rates and rule groups are no part of another statement: `rules.ts` has them.
 * @throws Error naming a statement, or a part of one, that the twin does not implement.
 */
export const compileStatement = (input: unknown, scope: StatementScope): WafPredicate => {
  const entries: [string, unknown][] = Object.entries(input ?? {});
  const [type, body] = entries[0] ?? ['an empty statement', undefined];
  const compile = Object.hasOwn(COMPILERS, type) ? COMPILERS[type] : undefined;
  if (!compile || entries.length !== 1) throw new Error(`does not implement ${type}`);
  return compile(body, scope);
};
