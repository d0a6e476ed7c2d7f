import * as z from 'zod';
import { kbPerGb, unpriced, type Charge, type Pricer, type Pricers } from '../charge.ts';

const waf = 'WAF';

/** Groups of AWS that cost what a rule costs. Others have a fee of their own. */
const groupsWithoutFee = new Set([
  'AWSManagedRulesAdminProtectionRuleSet',
  'AWSManagedRulesAmazonIpReputationList',
  'AWSManagedRulesAnonymousIpList',
  'AWSManagedRulesCommonRuleSet',
  'AWSManagedRulesKnownBadInputsRuleSet',
  'AWSManagedRulesLinuxRuleSet',
  'AWSManagedRulesSQLiRuleSet',
  'AWSManagedRulesUnixRuleSet',
]);

const group = z.looseObject({
  Statement: z.looseObject({
    ManagedRuleGroupStatement: z.looseObject({ VendorName: z.string(), Name: z.string() }),
  }),
});

const aclShape = z.looseObject({
  Rules: z.array(z.unknown()).default([]),
  AssociationConfig: z.unknown().optional(),
});

/** KB_32, KB_48 and KB_64; the first 16 KB are in the price of a request. */
const inspectedKb = (associationConfig: unknown): number => {
  const sizes = [...JSON.stringify(associationConfig ?? {}).matchAll(/"KB_(\d+)"/gu)];
  return Math.max(16, ...sizes.map(([, kb]) => Number(kb)));
};

const webAcl: Pricer = (resource, { requests, traffic }) => {
  const { Rules, AssociationConfig } = aclShape.parse(resource.properties);
  for (const rule of Rules) {
    const managed = group.safeParse(rule).data?.Statement.ManagedRuleGroupStatement;
    if (managed === undefined) continue;
    if (managed.VendorName !== 'AWS' || !groupsWithoutFee.has(managed.Name)) {
      return unpriced(resource, `the managed group ${managed.VendorName}/${managed.Name}`);
    }
  }
  const charges: Charge[] = [
    { service: waf, what: 'web ACL', basis: 'idle', quantity: 1, price: 'wafAcl' },
    {
      service: waf,
      what: 'rules and managed groups',
      basis: 'idle',
      quantity: Rules.length,
      price: 'wafRule',
    },
    { service: waf, what: 'requests', basis: 'requests', quantity: requests, price: 'wafRequest' },
  ];
  const extraKb = Math.min(traffic.requestKb, inspectedKb(AssociationConfig)) - 16;
  if (extraKb > 0) {
    charges.push({
      service: waf,
      what: 'bodies beyond 16 KB',
      basis: 'requests',
      quantity: requests * Math.ceil(extraKb / 16),
      price: 'wafBodyInspection',
    });
  }
  return charges;
};

const ruleGroup: Pricer = ({ properties }) => [
  {
    service: waf,
    what: 'rules of rule groups',
    basis: 'idle',
    quantity: z.array(z.unknown()).default([]).parse(properties['Rules']).length,
    price: 'wafRule',
  },
];

const cloudFront = 'CloudFront';

const distribution: Pricer = ({ properties }, { requests, traffic }) => [
  {
    service: cloudFront,
    what: 'requests',
    basis: 'requests',
    quantity: requests,
    price: 'cloudFrontRequest',
  },
  {
    service: cloudFront,
    what: 'answers to the internet',
    basis: 'requests',
    quantity: (requests * traffic.responseKb) / kbPerGb,
    price: 'cloudFrontOut',
  },
  {
    service: cloudFront,
    what: 'requests to the API',
    basis: 'requests',
    quantity: (requests * traffic.requestKb) / kbPerGb,
    price: 'cloudFrontToOrigin',
  },
  ...(JSON.stringify(properties).includes('"FunctionAssociations"')
    ? [
        {
          service: cloudFront,
          what: 'function at the edge',
          basis: 'requests',
          quantity: requests,
          price: 'cloudFrontFunction',
        } as const,
      ]
    : []),
];

const idle =
  (service: string, what: string, price: Charge['price']): Pricer =>
  () => [{ service, what, basis: 'idle', quantity: 1, price }];

export const edgePricers: Pricers = {
  'AWS::WAFv2::WebACL': webAcl,
  'AWS::WAFv2::RuleGroup': ruleGroup,
  'AWS::CloudFront::Distribution': distribution,
  'AWS::Route53::HostedZone': idle('Route 53', 'hosted zone', 'hostedZone'),
  'AWS::Route53::HealthCheck': idle('Route 53', 'health check', 'healthCheck'),
};
