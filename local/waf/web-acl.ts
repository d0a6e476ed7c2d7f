import type { DeployedResource, Deployment } from '../template/deployment.ts';
import { compileRules, inRule, readAction, type ManagedLabels, type WafVerdict } from './rules.ts';
import { compileWafLog, type WafFindings } from './waf-log.ts';
import type { WafContext, WafRequest } from './waf-request.ts';
import {
  associationProperties,
  ipSetProperties,
  webAclProperties,
  type WebAclProperties,
} from './web-acl-schema.ts';

export type { ManagedLabels, WafResponse, WafVerdict } from './rules.ts';

/** A web ACL associated with a stage. Evaluated before everything else of API Gateway. */
export interface WebAcl {
  readonly arn: string;
  /** Bytes of the body that rules look at; 0 when none does, so that the body need not be read first. */
  readonly bodyInspectionBytes: number;
  /**
   * Managed rule groups of the template, by vendor and name: AWS keeps their rules, so they match nothing here. Rules
   * that read those groups' labels are named behind them.
   */
  readonly notEvaluated: readonly string[];
  /** Decides, and writes the line that the template's LoggingConfiguration asks for. */
  evaluate(request: WafRequest): WafVerdict;
}

export interface LoadOptions {
  readonly deployment: Deployment;
  /** `arn:aws:apigateway:<region>::/restapis/<id>/stages/<name>` */
  readonly stageArn: string;
  readonly log: (logGroupName: string, line: string) => void;
  /** Milliseconds since the epoch. @default Date.now */
  readonly clock?: () => number;
  /** For tests. @default no labels */
  readonly managedLabels?: ManagedLabels;
}

const ALLOW: WafVerdict = { kind: 'allow' };

/** "Considerations for managing body inspection": API Gateway, 16 KB by default. */
const BODY_LIMITS: Readonly<Record<string, number>> = {
  KB_16: 16_384,
  KB_32: 32_768,
  KB_48: 49_152,
  KB_64: 65_536,
};

const bodyLimitOf = (acl: WebAclProperties, displayName: string): number => {
  const limit =
    acl.AssociationConfig?.RequestBody['API_GATEWAY']?.DefaultSizeInspectionLimit ?? 'KB_16';
  const bytes = BODY_LIMITS[limit];
  if (bytes === undefined) {
    throw new Error(`${displayName}: the twin does not know the body limit ${limit}.`);
  }
  return bytes;
};

const readIpSet = (deployment: Deployment, arn: string): readonly string[] => {
  const ipSet = deployment.ofType('AWS::WAFv2::IPSet').find((resource) => resource.arn === arn);
  if (!ipSet) throw new Error(`does not know the IP set ${arn}`);
  return ipSetProperties.parse(ipSet.properties).Addresses;
};

const aclOf = (deployment: Deployment, stageArn: string): DeployedResource | undefined => {
  const association = deployment
    .ofType('AWS::WAFv2::WebACLAssociation')
    .map((resource) => associationProperties.parse(resource.properties))
    .find(({ ResourceArn }) => ResourceArn === stageArn);
  if (!association) return undefined;
  const resource = deployment
    .ofType('AWS::WAFv2::WebACL')
    .find(({ arn }) => arn === association.WebACLArn);
  if (!resource) throw new Error(`No AWS::WAFv2::WebACL has the ARN ${association.WebACLArn}.`);
  return resource;
};

const sourceIdOf = (stageArn: string, accountId: string): string => {
  const [, apiId = '', stage = ''] = /\/restapis\/([^/]+)\/stages\/([^/]+)$/.exec(stageArn) ?? [];
  return `${accountId}:${apiId}:${stage}`;
};

/**
 * The web ACL that the template associates with a stage, undefined when there is none.
 * @throws Error naming the rule and the statement that the twin does not implement.
 */
export const loadWebAcl = (options: LoadOptions): WebAcl | undefined => {
  const { deployment, stageArn, managedLabels = () => [] } = options;
  const clock = options.clock ?? Date.now;
  const resource = aclOf(deployment, stageArn);
  if (!resource) return undefined;
  const { arn, displayName, logicalId } = resource;
  const acl = webAclProperties.parse(resource.properties);
  const notEvaluated: string[] = [];
  let inspectsBody = false;
  const rules = compileRules(acl, displayName, {
    labelPrefix: `awswaf:${deployment.accountId}:webacl:${acl.Name ?? logicalId}:`,
    ipSet: (set) => readIpSet(deployment, set),
    bodyInspected: () => (inspectsBody = true),
    managedLabels,
    notEvaluated: (name) => notEvaluated.push(name),
  });
  const otherwise =
    inRule(displayName, () => readAction('Default_Action', acl.DefaultAction, acl)) ?? ALLOW;
  const httpSourceId = sourceIdOf(stageArn, deployment.accountId);
  const log = compileWafLog({ deployment, aclArn: arn, acl, httpSourceId });

  const inspect = (request: WafRequest): WafFindings => {
    const now = clock();
    const context: WafContext = { request, labels: new Set(), now };
    const counted = [];
    for (const rule of rules) {
      if (!rule.matches(context)) continue;
      for (const label of rule.labels) context.labels.add(label);
      if (rule.verdict) {
        return { ...context, verdict: rule.verdict, terminating: rule, counted };
      }
      counted.push(rule);
    }
    return { ...context, verdict: otherwise, terminating: undefined, counted };
  };

  return {
    arn,
    bodyInspectionBytes: inspectsBody ? bodyLimitOf(acl, displayName) : 0,
    notEvaluated,
    evaluate: (request) => {
      const findings = inspect(request);
      const line = log?.lineOf(findings);
      if (log && line !== undefined) options.log(log.logGroupName, line);
      return findings.verdict;
    },
  };
};
