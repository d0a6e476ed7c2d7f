import type { DetailedError } from '@cedar-policy/cedar-wasm/nodejs';
import { ArgumentTypes, type ArgumentType } from './argument-types.ts';
import { cedarSchema } from './cedar-schema.ts';
import type { Cedar } from './cedar.ts';
import { depthOf, type PolicyJson } from './expression.ts';
import { checkPolicy } from './own-checks.ts';
import { offsetOfByte, placeOf, scanPolicies, type PolicySegment } from './policy-text.ts';
import { assertTypes, withoutArguments } from './rewrite-policy.ts';
import type { PolicyName } from './verdict.ts';

export interface PolicyProblem {
  /** Both from 1. */
  readonly line: number;
  readonly column: number;
  /** Where it is known which policy it is. */
  readonly policyId?: string;
  readonly reason: string;
}

/** A policy that may be evaluated. */
export interface CompiledPolicy extends PolicyName {
  readonly json: PolicyJson;
  /** What it says of a tool before there are arguments. */
  readonly foresight: PolicyJson;
}

/** The policies of one text, in its order. */
export interface CompiledPolicies {
  readonly policies: readonly CompiledPolicy[];
  /** Of `context.args`: what policies look at. */
  readonly args: ArgumentType;
}

export type CompileResult =
  | { readonly ok: true; readonly compiled: CompiledPolicies }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

/** The WebAssembly reads JSON no deeper than 128. */
const deepestPolicy = 110;

interface ParsedPolicy {
  readonly id: string;
  readonly segment: PolicySegment;
  readonly json: PolicyJson;
}

type Report = (offset: number, reason: string, policyId?: string) => void;

const failed = (problems: readonly PolicyProblem[]): CompileResult => ({
  ok: false,
  problems: problems.toSorted((a, b) => a.line - b.line || a.column - b.column),
});

/** What Cedar says, without its own number of the policy. */
const reasonOf = ({ message, help, sourceLocations }: DetailedError): string => {
  const label = sourceLocations?.[0]?.label;
  const text = message
    .replace(/^failed to parse polic(?:y|ies) from string: /u, '')
    .replace(/^for policy `policy\d+`[,:] /u, '');
  return [text, label, help?.replace(/^for policy `policy\d+`[,:] /u, '')]
    .filter(Boolean)
    .join('; ');
};

const byteOf = ({ sourceLocations }: DetailedError): number | undefined =>
  sourceLocations?.[0]?.start;

/** Each policy in Cedar's JSON form, with its id. */
const parseEach = (
  cedar: Cedar,
  segments: readonly PolicySegment[],
  report: Report,
): readonly ParsedPolicy[] => {
  const policies: ParsedPolicy[] = [];
  const known = new Set<string>();
  for (const [at, segment] of segments.entries()) {
    const answer = cedar.policyToJson(segment.text);
    if (answer.type === 'failure') {
      for (const error of answer.errors) {
        report(segment.start + offsetOfByte(segment.text, byteOf(error) ?? 0), reasonOf(error));
      }
      continue;
    }
    const { json } = answer;
    const id = json.annotations?.['id'] ?? `policy${at}`;
    if (known.has(id)) report(segment.start, `there are two policies ${id}`, id);
    known.add(id);
    policies.push({ id, segment, json });
  }
  return policies;
};

const learnTypes = (text: string, policies: readonly ParsedPolicy[]): ArgumentTypes => {
  const names = policies.map(
    ({ id, segment }) => `policy ${id} (line ${placeOf(text, segment.start).line})`,
  );
  const types = new ArgumentTypes(names);
  for (const [at, { json }] of policies.entries()) {
    for (const { body } of json.conditions) types.learn(at, body);
  }
  return types;
};

const checkEach = (
  policies: readonly ParsedPolicy[],
  tenant: string | undefined,
  report: Report,
): void => {
  for (const { id, segment, json } of policies) {
    for (const { reason, near } of checkPolicy(json, tenant)) {
      const at = near === undefined ? 0 : Math.max(0, segment.text.indexOf(near));
      report(segment.start + at, reason, id);
    }
  }
};

/** Cedar's validator over the whole text. What only warns is refused too: a policy that can never apply is a mistake. */
const validate = (
  cedar: Cedar,
  text: string,
  policies: readonly ParsedPolicy[],
  args: ArgumentType,
  report: Report,
): void => {
  const answer = cedar.validate({
    schema: cedarSchema(args),
    policies: { staticPolicies: text },
  });
  if (answer.type === 'failure') {
    for (const error of answer.errors) report(0, reasonOf(error));
    return;
  }
  const found = [...answer.validationErrors, ...answer.validationWarnings];
  const faulty = new Set(answer.validationErrors.map(({ policyId }) => policyId));
  for (const { policyId, error } of found) {
    const isWarning = error.severity === 'warning';
    // Of a policy with an error the warnings say it once more.
    if (isWarning && faulty.has(policyId)) continue;
    const policy = policies[Number(policyId.replace('policy', ''))];
    const byte = byteOf(error);
    const offset = byte === undefined ? (policy?.segment.start ?? 0) : offsetOfByte(text, byte);
    report(offset, reasonOf(error), policy?.id);
  }
};

export interface CompileOptions {
  readonly text: string;
  /** Policies of the deployment have ids of their own, as a tenant may choose the same. */
  readonly origin: 'base' | 'tenant';
  /** Whose policies these are to be: what names another tenant is refused. It could match nothing. */
  readonly tenant?: string | undefined;
}

/** Reads and checks policies. Never throws for what is in the text: everything that is wrong is told, with its place. */
export const compilePolicies = (
  cedar: Cedar,
  { text, origin, tenant }: CompileOptions,
): CompileResult => {
  const problems: PolicyProblem[] = [];
  const report: Report = (offset, reason, id) =>
    problems.push({
      ...placeOf(text, offset),
      ...(id === undefined ? {} : { policyId: id }),
      reason,
    });

  const scan = scanPolicies(text);
  if (scan.kind === 'refused') {
    report(scan.offset, scan.reason);
    return failed(problems);
  }
  const syntax = cedar.checkParsePolicySet({ staticPolicies: text });
  const isTemplate = syntax.type === 'failure' && /template/u.test(syntax.errors[0]?.message ?? '');
  if (syntax.type === 'failure' && !isTemplate) {
    for (const error of syntax.errors) {
      report(offsetOfByte(text, byteOf(error) ?? 0), reasonOf(error));
    }
    return failed(problems);
  }
  const parsed = parseEach(cedar, scan.segments, report);
  // Without every policy, numbers would mean others.
  if (parsed.length !== scan.segments.length) return failed(problems);
  const { args, problems: misused } = learnTypes(text, parsed).conclude();
  for (const { policy, reason } of misused) {
    report(parsed[policy]?.segment.start ?? 0, reason, parsed[policy]?.id);
  }
  checkEach(parsed, tenant, report);
  if (problems.length > 0) return failed(problems);
  validate(cedar, text, parsed, args, report);
  if (problems.length > 0) return failed(problems);
  const policies = compileEach(text, parsed, args, origin);
  for (const [at, { json, foresight }] of policies.entries()) {
    if (Math.max(depthOf(json), depthOf(foresight)) <= deepestPolicy) continue;
    const reason = 'the policy is nested too deeply: make several of it';
    report(parsed[at]?.segment.start ?? 0, reason, parsed[at]?.id);
  }
  return problems.length > 0 ? failed(problems) : { ok: true, compiled: { policies, args } };
};

const compileEach = (
  text: string,
  parsed: readonly ParsedPolicy[],
  args: ArgumentType,
  origin: CompileOptions['origin'],
): readonly CompiledPolicy[] =>
  parsed.map(({ id, segment, json }) => {
    const message = json.annotations?.['message'];
    const conditions = json.conditions.map(({ kind, body }) => ({
      kind,
      body: assertTypes(body, args),
    }));
    return {
      id: origin === 'base' ? `base/${id}` : id,
      effect: json.effect,
      ...(message === undefined ? {} : { message }),
      line: placeOf(text, segment.start).line,
      json: { ...json, annotations: {}, conditions },
      foresight: { ...withoutArguments(json), annotations: {} },
    };
  });

/** As lines for a terminal: `12:5 policy limit: …`. */
export const describeProblem = ({ line, column, policyId, reason }: PolicyProblem): string =>
  `${line}:${column}${policyId === undefined ? '' : ` policy ${policyId}`}: ${reason}`;
