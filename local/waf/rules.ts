import { compileRateBased, type RateMatch } from './rate-based.ts';
import { compileStatement, type StatementScope } from './statements.ts';
import type { WafPredicate, WafRequest } from './waf-request.ts';
import {
  managedRuleGroup,
  ruleAction,
  type RuleAction,
  type WebAclProperties,
} from './web-acl-schema.ts';

/** What a web ACL decides. A block without a custom response is API Gateway's WAF_FILTERED gateway response. */
export type WafVerdict =
  | { readonly kind: 'allow' }
  | { readonly kind: 'block'; readonly rule: string; readonly response?: WafResponse };

export interface WafResponse {
  readonly status: number;
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/**
 * Labels that a managed group would have put on a request, by the group's name. AWS keeps the rules, so only a test can
 * say.
 */
export type ManagedLabels = (group: string, request: WafRequest) => readonly string[];

export interface RuleScope extends StatementScope {
  readonly managedLabels: ManagedLabels;
  /** Hears what nobody but AWS can evaluate. */
  readonly notEvaluated: (name: string) => void;
}

/** One rule of a web ACL. */
export interface Rule {
  readonly name: string;
  readonly type: 'REGULAR' | 'RATE_BASED' | 'MANAGED_RULE_GROUP';
  readonly matches: WafPredicate;
  /** Fully qualified. */
  readonly labels: readonly string[];
  /** Undefined: it counts, and the next one is asked. */
  readonly verdict: WafVerdict | undefined;
  readonly rate: ((request: WafRequest) => RateMatch) | undefined;
}

const ALLOW: WafVerdict = { kind: 'allow' };

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  TEXT_PLAIN: 'text/plain',
  TEXT_HTML: 'text/html',
  APPLICATION_JSON: 'application/json',
};

const blockVerdict = (
  rule: string,
  block: NonNullable<RuleAction['Block']>,
  acl: WebAclProperties,
): WafVerdict => {
  const custom = block.CustomResponse;
  if (!custom) return { kind: 'block', rule };
  const headers = custom.ResponseHeaders.map(({ Name, Value }) => [Name, Value] as const);
  if (custom.CustomResponseBodyKey === undefined) {
    return { kind: 'block', rule, response: { status: custom.ResponseCode, headers, body: '' } };
  }
  const body = acl.CustomResponseBodies[custom.CustomResponseBodyKey];
  const type = body && CONTENT_TYPES[body.ContentType];
  if (!body || type === undefined) {
    throw new Error(`names an unusable custom response body ${custom.CustomResponseBodyKey}`);
  }
  const response = {
    status: custom.ResponseCode,
    headers: [['Content-Type', type] as const, ...headers],
    body: body.Content,
  };
  return { kind: 'block', rule, response };
};

/** What an action ends in; undefined when it only counts. */
export const readAction = (
  rule: string,
  input: unknown,
  acl: WebAclProperties,
): WafVerdict | undefined => {
  const parsed = ruleAction.safeParse(input);
  if (!parsed.success) {
    throw new Error(`does not implement the action ${JSON.stringify(input)}`);
  }
  if (parsed.data.Block) return blockVerdict(rule, parsed.data.Block, acl);
  if (parsed.data.Allow) return ALLOW;
  if (parsed.data.Count) return undefined;
  throw new Error('needs an action');
};

/** Runs `read`, and puts who asked in front of what it could not do. */
export const inRule = <T>(where: string, read: () => T): T => {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${where}: the twin ${cause instanceof Error ? cause.message : 'failed'}`, {
      cause,
    });
  }
};

const managedPrefix = 'awswaf:managed:';

/** Whether a statement looks at labels that only AWS's groups give. */
const readsManagedLabels = (statement: unknown): boolean =>
  JSON.stringify(statement).includes(`"Key":"${managedPrefix}`);

/** A managed group labels what its stand-in says, and refuses nothing. */
const compileManaged = (input: unknown, scope: RuleScope): WafPredicate => {
  const parsed = managedRuleGroup.safeParse(input);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new Error(`does not implement this managed rule group: ${issue?.message}`);
  }
  const { VendorName, Name, RuleActionOverrides } = parsed.data;
  for (const { Name: rule, ActionToUse } of RuleActionOverrides) {
    if (!ruleAction.safeParse(ActionToUse).success) {
      throw new Error(`does not implement the action that overrides ${rule}`);
    }
  }
  scope.notEvaluated(`${VendorName}/${Name}`);
  return ({ request, labels }) => {
    for (const label of scope.managedLabels(Name, request)) labels.add(label);
    return false;
  };
};

const compileRule = (
  rule: WebAclProperties['Rules'][number],
  acl: WebAclProperties,
  scope: RuleScope,
): Rule => {
  const { Name: name, Statement } = rule;
  const labels = rule.RuleLabels.map((label) => scope.labelPrefix + label.Name);
  const { ManagedRuleGroupStatement: managed, RateBasedStatement: rateBased } = Statement;
  if (managed !== undefined) {
    const matches = compileManaged(managed, scope);
    return {
      name,
      type: 'MANAGED_RULE_GROUP',
      matches,
      labels,
      verdict: undefined,
      rate: undefined,
    };
  }
  const verdict = readAction(name, rule.Action, acl);
  if (rateBased !== undefined) {
    const { matches, describe } = compileRateBased(rateBased, (statement) =>
      compileStatement(statement, scope),
    );
    return { name, type: 'RATE_BASED', matches, labels, verdict, rate: describe };
  }
  if (readsManagedLabels(Statement)) scope.notEvaluated(`${name} (labels of those)`);
  const matches = compileStatement(Statement, scope);
  return { name, type: 'REGULAR', matches, labels, verdict, rate: undefined };
};

/**
 * The rules of a web ACL in their order.
 * @throws Error naming the rule, and the part of it that the twin does not implement.
 */
export const compileRules = (
  acl: WebAclProperties,
  displayName: string,
  scope: RuleScope,
): readonly Rule[] =>
  [...acl.Rules]
    .sort((a, b) => a.Priority - b.Priority)
    .map((rule) =>
      inRule(`${displayName}, rule ${rule.Name}`, () => compileRule(rule, acl, scope)),
    );
