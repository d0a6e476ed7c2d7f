import { describe, expect, it } from 'vitest';
import { wafConfig } from '../../lib/waf-config.ts';
import { firewallOf, requestOf, type Firewall } from './support/firewall.ts';
import { capacityOf } from './support/web-acl-capacity.ts';

const edgeMark = {
  secretHeader: 'x-drawbridge-edge',
  secret: 'edge-secret',
  viewerHeader: 'x-drawbridge-viewer',
};
const ipSets = {
  deny: ['192.0.2.0/24', '2001:db8:bad::/48'],
  allow: ['203.0.113.0/24'],
  ci: ['198.51.100.16/28', '2001:db8:c1::/48'],
};
const namesOf = ({ properties }: Firewall): readonly string[] =>
  properties.Rules.map(({ Name }) => Name);
const ruleOf = ({ properties }: Firewall, name: string) =>
  properties.Rules.find(({ Name }) => Name === name) ?? expect.fail(`there is no rule ${name}`);

describe('address sets', () => {
  const firewall = firewallOf({ ipSets });

  it('make one set for each version of IP, and rules before and after the body limit', () => {
    const sets = firewall.deployment.ofType('AWS::WAFv2::IPSet').map(({ properties }) => {
      const { Scope, IPAddressVersion, Addresses } = properties;
      return [Scope, IPAddressVersion, Addresses].join(' ');
    });
    expect(sets.sort()).toEqual([
      'REGIONAL IPV4 192.0.2.0/24',
      'REGIONAL IPV4 198.51.100.16/28',
      'REGIONAL IPV4 203.0.113.0/24',
      'REGIONAL IPV6 2001:db8:bad::/48',
      'REGIONAL IPV6 2001:db8:c1::/48',
    ]);
    expect(namesOf(firewall).slice(0, 4)).toEqual([
      'DeniedAddresses',
      'BodySize',
      'CiAddresses',
      'RequestsPerIp',
    ]);
  });

  it.each([
    ['192.0.2.9', '/mcp', 'DeniedAddresses'],
    ['192.0.2.9', '/health', 'DeniedAddresses'],
    ['2001:db8:bad::1', '/mcp', 'DeniedAddresses'],
    ['192.0.3.9', '/mcp', undefined],
    ['2001:db8:900d::1', '/mcp', undefined],
  ])('%s asks for %s: %s', (from, path, rule) => {
    const verdict = firewall.run().evaluate(requestOf({ from, path }));
    expect(verdict.kind === 'block' ? verdict.rule : undefined).toBe(rule);
    if (verdict.kind === 'block') {
      expect(verdict.response?.status).toBe(403);
      expect(JSON.parse(verdict.response?.body ?? '')).toMatchObject({
        code: 'FORBIDDEN',
        error: { code: -31403 },
      });
    }
  });

  it.each([
    ['/ci/mcp'],
    ['/live/ci/mcp'],
    ['//ci/mcp'],
    ['/ci//mcp'],
    ['/%63i/mcp'],
    ['/live/%63%69%2Fmcp'],
    ['/./ci/mcp'],
    ['/mcp/../ci/mcp'],
    ['/ci/'],
    ['/ci'],
  ])('%s is for the CI addresses only', (path) => {
    const acl = firewall.run();
    expect(acl.evaluate(requestOf({ path, from: '198.51.100.20' })).kind).toBe('allow');
    expect(acl.evaluate(requestOf({ path, from: '2001:db8:c1::7' })).kind).toBe('allow');
    expect(acl.evaluate(requestOf({ path, from: '198.51.100.7' }))).toMatchObject({
      kind: 'block',
      rule: 'CiAddresses',
      response: { status: 403 },
    });
  });

  it.each([['/mcp'], ['/tools/ci'], ['/cinema'], ['/.well-known/oauth-protected-resource/mcp']])(
    '%s is for anybody',
    (path) => {
      expect(firewall.run().evaluate(requestOf({ path })).kind).toBe('allow');
    },
  );

  it('without addresses there are no sets and no rules of them', () => {
    const plain = firewallOf();
    expect(plain.deployment.ofType('AWS::WAFv2::IPSet')).toEqual([]);
    expect(namesOf(plain)).not.toContain('DeniedAddresses');
    expect(namesOf(plain)).not.toContain('CiAddresses');
    expect(JSON.stringify(plain.properties)).not.toContain('IPSetReference');
  });

  it.each([['0.0.0.0/0'], ['::/0'], ['192.0.2.1'], ['192.0.2.0/33'], ['example.com/24']])(
    '%s is refused',
    (range) => {
      const settings = { requestsPerIp: 100, ipSets: { deny: [range] } };
      expect(wafConfig.safeParse(settings).success).toBe(false);
    },
  );
});

describe('mode count', () => {
  const firewall = firewallOf({ mode: 'count', ipSets });

  it('counts rates and managed rules, and still refuses by named addresses and by size', () => {
    const actions = firewall.properties.Rules.map(({ Name, Action, OverrideAction }) => [
      Name,
      Object.keys((Action ?? OverrideAction) as object)[0],
    ]);
    expect(actions).toEqual([
      ['DeniedAddresses', 'Block'],
      ['BodySize', 'Block'],
      ['CiAddresses', 'Block'],
      ['RequestsPerIp', 'Count'],
      ['OpenRequestsPerIp', 'Count'],
      ['RequestsPerCredential', 'Count'],
      ['AWSManagedRulesAmazonIpReputationList', 'Count'],
      ['AWSManagedRulesKnownBadInputsRuleSet', 'Count'],
      ['AWSManagedRulesCommonRuleSet', 'Count'],
      ['AttackElsewhere', 'Count'],
    ]);
  });
});

describe('managed groups', () => {
  it('are of the version that is pinned', () => {
    const firewall = firewallOf({
      managedGroups: { common: { version: 'Version_1.18' }, knownBadInputs: {} },
    });
    expect(ruleOf(firewall, 'AWSManagedRulesCommonRuleSet').Statement).toMatchObject({
      ManagedRuleGroupStatement: { Version: 'Version_1.18' },
    });
    expect(
      ruleOf(firewall, 'AWSManagedRulesKnownBadInputsRuleSet').Statement[
        'ManagedRuleGroupStatement'
      ],
    ).not.toHaveProperty('Version');
  });

  it('can be left out, and their labels with them', () => {
    const common = firewallOf({ managedGroups: { common: { enabled: false } } });
    expect(namesOf(common)).not.toContain('AWSManagedRulesCommonRuleSet');
    const statement = JSON.stringify(ruleOf(common, 'AttackElsewhere').Statement);
    expect(statement).toContain('known-bad-inputs:');
    expect(statement).not.toContain('core-rule-set:');

    const off = { enabled: false };
    const none = firewallOf({
      managedGroups: { ipReputation: off, common: off, knownBadInputs: off },
    });
    expect(namesOf(none)).toEqual([
      'BodySize',
      'RequestsPerIp',
      'OpenRequestsPerIp',
      'RequestsPerCredential',
    ]);
    expect(none.run().notEvaluated).toEqual([]);
  });

  it('the twin names what it does not evaluate', () => {
    expect(firewallOf().run().notEvaluated).toEqual([
      'AWS/AWSManagedRulesAmazonIpReputationList',
      'AWS/AWSManagedRulesKnownBadInputsRuleSet',
      'AWS/AWSManagedRulesCommonRuleSet',
      'AttackElsewhere (labels of those)',
    ]);
  });
});

describe('body inspection', () => {
  it('is AWS’s 16 KB when nothing is set, for which there is no fee', () => {
    expect(firewallOf().properties).not.toHaveProperty('AssociationConfig');
  });

  it.each([32, 48, 64])('of %i KB moves what may come without a length', (bodyInspectionKb) => {
    const firewall = firewallOf({ bodyInspectionKb });
    expect(firewall.properties.AssociationConfig).toEqual({
      RequestBody: { API_GATEWAY: { DefaultSizeInspectionLimit: `KB_${bodyInspectionKb}` } },
    });
    const acl = firewall.run();
    const inspectedBytes = bodyInspectionKb * 1024;
    expect(acl.bodyInspectionBytes).toBe(inspectedBytes);
    const chunked = (bytes: number) =>
      acl.evaluate(requestOf({ body: 'x'.repeat(bytes), isChunked: true, inspectedBytes })).kind;
    expect(chunked(inspectedBytes - 1)).toBe('allow');
    expect(chunked(inspectedBytes)).toBe('block');
  });
});

describe('behind CloudFront', () => {
  const resource = (settings: object) => firewallOf(settings, edgeMark);

  it('each limit for an address is one for callers and one for viewers', () => {
    const rates = namesOf(resource({})).filter((name) => /^(Open)?Requests/.test(name));
    expect(rates).toEqual([
      'RequestsPerIp',
      'RequestsPerViewer',
      'OpenRequestsPerIp',
      'OpenRequestsPerViewer',
      'RequestsPerCredential',
    ]);
  });

  it('sets hold the viewer beside the secret, and the caller without it', () => {
    const [ipv4] = resource({ ipSets: { deny: ['192.0.2.0/24'] } }).deployment.ofType(
      'AWS::WAFv2::IPSet',
    );
    const byEdge = {
      ByteMatchStatement: {
        FieldToMatch: { SingleHeader: { Name: 'x-drawbridge-edge' } },
        PositionalConstraint: 'EXACTLY',
        SearchString: 'edge-secret',
        TextTransformations: [{ Priority: 0, Type: 'NONE' }],
      },
    };
    const viewerIn = (FallbackBehavior: string) => ({
      IPSetReferenceStatement: {
        Arn: ipv4?.arn,
        IPSetForwardedIPConfig: {
          HeaderName: 'x-drawbridge-viewer',
          FallbackBehavior,
          Position: 'FIRST',
        },
      },
    });
    const either = (unreadable: string) => ({
      OrStatement: {
        Statements: [
          { AndStatement: { Statements: [byEdge, viewerIn(unreadable)] } },
          {
            AndStatement: {
              Statements: [
                { NotStatement: { Statement: byEdge } },
                { IPSetReferenceStatement: { Arn: ipv4?.arn } },
              ],
            },
          },
        ],
      },
    });
    const denied = resource({ ipSets: { deny: ['192.0.2.0/24'] } });
    expect(ruleOf(denied, 'DeniedAddresses').Statement).toEqual(either('MATCH'));
  });

  it('needs less capacity than the base price covers with everything on', () => {
    const { properties } = resource({ ipSets, bodyInspectionKb: 64 });
    const capacity = properties.Rules.map(({ Statement }) => capacityOf(Statement)).reduce(
      (sum, cost) => sum + cost,
    );
    expect(capacity).toBeLessThanOrEqual(1_500);
    expect(
      properties.Rules.filter(({ Statement }) => 'RateBasedStatement' in Statement).length,
    ).toBeLessThanOrEqual(10);
  });
});

it('each expression is as short as WAF takes it', () => {
  for (const maxBodyBytes of [8_192, 1_234_567, 9_999_999, 10_000_000]) {
    const { properties } = firewallOf({ maxBodyBytes });
    const expressions = [...JSON.stringify(properties).matchAll(/"RegexString":"([^"]+)"/g)];
    expect(expressions.length).toBeGreaterThan(2);
    for (const [, expression = ''] of expressions) expect(expression.length).toBeLessThan(512);
  }
});
