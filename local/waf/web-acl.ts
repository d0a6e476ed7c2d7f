import type { Deployment } from '../template/deployment.ts';
import { compileStatement, type StatementScope } from './statements.ts';
import type { WafContext, WafPredicate, WafRequest } from './waf-request.ts';
import {
  associationProperties,
  ipSetProperties,
  ruleAction,
  webAclProperties,
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

/** A web ACL associated with a stage. Evaluated before everything else of API Gateway. */
export interface WebAcl {
  readonly arn: string;
  /** Bytes of the body that rules look at; 0 when none does, so that the body need not be read first. */
  readonly bodyInspectionBytes: number;
  /** Managed rule groups of the template, by vendor and name: AWS keeps their rules, so they match nothing here. */
  readonly notEvaluated: readonly string[];
  evaluate(request: WafRequest): WafVerdict;
}

interface Rule {
  readonly name: string;
  readonly matches: WafPredicate;
  readonly labels: readonly string[];
  /** Undefined: counts only, or a managed group that never matches. */
  readonly verdict: WafVerdict | undefined;
}

const ALLOW: WafVerdict = { kind: 'allow' };

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  TEXT_PLAIN: 'text/plain',
  TEXT_HTML: 'text/html',
  APPLICATION_JSON: 'application/json',
};

/** "Considerations for managing body inspection": API Gateway, 16 KB by default. */
const BODY_LIMITS: Readonly<Record<string, number>> = {
  KB_16: 16_384,
  KB_32: 32_768,
  KB_48: 49_152,
  KB_64: 65_536,
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

const readAction = (
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
const inRule = <T>(where: string, read: () => T): T => {
  try {
    return read();
  } catch (cause) {
    throw new Error(`${where}: the twin ${cause instanceof Error ? cause.message : 'failed'}`, {
      cause,
    });
  }
};

const compileRules = (
  acl: WebAclProperties,
  displayName: string,
  scope: StatementScope,
): readonly Rule[] =>
  [...acl.Rules]
    .sort((a, b) => a.Priority - b.Priority)
    .map((rule) =>
      inRule(`${displayName}, rule ${rule.Name}`, () => ({
        name: rule.Name,
        matches: compileStatement(rule.Statement, scope),
        labels: rule.RuleLabels.map(({ Name }) => scope.labelPrefix + Name),
        verdict:
          rule.Statement['ManagedRuleGroupStatement'] === undefined
            ? readAction(rule.Name, rule.Action, acl)
            : undefined,
      })),
    );

const readIpSet = (deployment: Deployment, arn: string): readonly string[] => {
  const ipSet = deployment.ofType('AWS::WAFv2::IPSet').find((resource) => resource.arn === arn);
  if (!ipSet) throw new Error(`does not know the IP set ${arn}`);
  return ipSetProperties.parse(ipSet.properties).Addresses;
};

/**
 * The web ACL that the template associates with a stage (`arn:aws:apigateway:<region>::/restapis/<id>/stages/<name>`),
 * undefined when there is none.
 * @throws Error naming the rule and the statement that the twin does not implement.
 */
export const loadWebAcl = (options: {
  readonly deployment: Deployment;
  readonly stageArn: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly clock?: () => number;
}): WebAcl | undefined => {
  const { deployment, stageArn } = options;
  const now = options.clock ?? Date.now;
  const association = deployment
    .ofType('AWS::WAFv2::WebACLAssociation')
    .map((resource) => associationProperties.parse(resource.properties))
    .find(({ ResourceArn }) => ResourceArn === stageArn);
  if (!association) return undefined;
  const resource = deployment
    .ofType('AWS::WAFv2::WebACL')
    .find(({ arn }) => arn === association.WebACLArn);
  if (!resource) throw new Error(`No AWS::WAFv2::WebACL has the ARN ${association.WebACLArn}.`);

  const acl = webAclProperties.parse(resource.properties);
  const notEvaluated: string[] = [];
  let inspectsBody = false;
  const rules = compileRules(acl, resource.displayName, {
    labelPrefix: `awswaf:${deployment.accountId}:webacl:${acl.Name ?? resource.logicalId}:`,
    ipSet: (arn) => readIpSet(deployment, arn),
    bodyInspected: () => (inspectsBody = true),
    notEvaluated: (name) => notEvaluated.push(name),
  });
  const otherwise =
    inRule(resource.displayName, () => readAction('Default_Action', acl.DefaultAction, acl)) ??
    ALLOW;
  const limit =
    acl.AssociationConfig?.RequestBody['API_GATEWAY']?.DefaultSizeInspectionLimit ?? 'KB_16';
  const bodyLimit = BODY_LIMITS[limit];
  if (bodyLimit === undefined) {
    throw new Error(`${resource.displayName}: the twin does not know the body limit ${limit}.`);
  }

  return {
    arn: resource.arn,
    bodyInspectionBytes: inspectsBody ? bodyLimit : 0,
    notEvaluated,
    evaluate: (request) => {
      const context: WafContext = { request, labels: new Set(), now: now() };
      for (const rule of rules) {
        if (!rule.matches(context)) continue;
        for (const label of rule.labels) context.labels.add(label);
        if (rule.verdict) return rule.verdict;
      }
      return otherwise;
    },
  };
};
