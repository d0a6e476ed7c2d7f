import type { WafConfig } from '../waf-config.ts';
import { allOf, anyOf, hasLabel, not, pathIs, type Rule } from './web-acl-statements.ts';

type GroupName = 'knownBadInputs' | 'common';

const groups = {
  knownBadInputs: {
    name: 'AWSManagedRulesKnownBadInputsRuleSet',
    labels: 'awswaf:managed:aws:known-bad-inputs:',
  },
  common: {
    name: 'AWSManagedRulesCommonRuleSet',
    labels: 'awswaf:managed:aws:core-rule-set:',
  },
} as const;

/**
 * Bodies that are content: source code, SQL, HTML, paths and logs in the arguments of a tool, and policies and server
 * addresses that operators send. Whoever sends them has been authorized when they are read.
 */
const contentPaths = 'mcp|ci/mcp|tools/[^/]+|admin/.+';

/**
 * Sign-in carries the addresses of clients on the caller's own machine, `http://127.0.0.1:<port>/…` (RFC 8252 §7.3),
 * which look like the inclusion of a remote file, and a sealed state that is long.
 */
const signInPaths = 'oauth/(register|authorize|callback|token)';

interface Counted {
  readonly group: GroupName;
  /** As AWS lists it for the group ("Baseline rule groups"): a name that is not there overrides nothing. */
  readonly rule: string;
  /** The end of the label that the rule puts on what it matches. */
  readonly label: string;
  /** Where a match is ordinary. Elsewhere it is refused. */
  readonly ordinaryOn: 'content' | 'content and sign-in' | 'all paths';
}

const body = (group: GroupName, name: string): Counted => ({
  group,
  rule: `${name}_BODY`,
  label: `${name}_Body`,
  ordinaryOn: 'content',
});

/** The rules of the groups that hit what tools are for: they count and label, and `attackElsewhere` refuses. */
export const countedRules: readonly Counted[] = [
  body('knownBadInputs', 'JavaDeserializationRCE'),
  body('knownBadInputs', 'Log4JRCE'),
  body('knownBadInputs', 'ReactJSRCE'),
  body('common', 'CrossSiteScripting'),
  body('common', 'EC2MetaDataSSRF'),
  body('common', 'GenericLFI'),
  // Above 8 KB. Ours is `BodySize`.
  body('common', 'SizeRestrictions'),
  { ...body('common', 'GenericRFI'), ordinaryOn: 'content and sign-in' },
  {
    group: 'common',
    rule: 'GenericRFI_QUERYARGUMENTS',
    label: 'GenericRFI_QueryArguments',
    ordinaryOn: 'content and sign-in',
  },
  // Above 2 KB.
  {
    group: 'common',
    rule: 'SizeRestrictions_QUERYSTRING',
    label: 'SizeRestrictions_QueryString',
    ordinaryOn: 'content and sign-in',
  },
  // Programs call, and many do not say which they are.
  {
    group: 'common',
    rule: 'NoUserAgent_HEADER',
    label: 'NoUserAgent_Header',
    ordinaryOn: 'all paths',
  },
];

const override = ({ mode }: WafConfig) => ({
  overrideAction: mode === 'count' ? { count: {} } : { none: {} },
});

const managedGroup = (waf: WafConfig, group: GroupName): readonly Rule[] => {
  const { enabled, version } = waf.managedGroups[group];
  if (!enabled) return [];
  const { name } = groups[group];
  return [
    {
      name,
      ...override(waf),
      statement: {
        managedRuleGroupStatement: {
          vendorName: 'AWS',
          name,
          ...(version === undefined ? {} : { version }),
          ruleActionOverrides: countedRules
            .filter((counted) => counted.group === group)
            .map(({ rule }) => ({ name: rule, actionToUse: { count: {} } })),
        },
      },
    },
  ];
};

const reputation = (waf: WafConfig): readonly Rule[] => {
  const name = 'AWSManagedRulesAmazonIpReputationList';
  return waf.managedGroups.ipReputation.enabled
    ? [
        {
          name,
          ...override(waf),
          statement: { managedRuleGroupStatement: { vendorName: 'AWS', name } },
        },
      ]
    : [];
};

/** Refuses what a counted rule found where such content has no place. Answered as the groups themselves are. */
const attackElsewhere = (waf: WafConfig): readonly Rule[] => {
  const labelsOf = (ordinaryOn: Counted['ordinaryOn']): readonly string[] =>
    countedRules
      .filter((counted) => counted.ordinaryOn === ordinaryOn)
      .filter(({ group }) => waf.managedGroups[group].enabled)
      .map(({ group, label }) => groups[group].labels + label);
  const elsewhere = [
    { labels: labelsOf('content'), paths: contentPaths },
    { labels: labelsOf('content and sign-in'), paths: `${contentPaths}|${signInPaths}` },
  ]
    .filter(({ labels }) => labels.length > 0)
    .map(({ labels, paths }) =>
      allOf([anyOf(labels.map(hasLabel)), not(pathIs(paths, 'as sent'))]),
    );
  return elsewhere.length === 0
    ? []
    : [
        {
          name: 'AttackElsewhere',
          action: waf.mode === 'count' ? { count: {} } : { block: {} },
          statement: anyOf(elsewhere),
        },
      ];
};

/**
 * AWS's own rules, and what becomes of those that only count. Left out on purpose: the SQL group (SQL is an ordinary
 * argument), and those for anonymous addresses and bots, which refuse hosted clients and CI.
 */
export const managedRules = (waf: WafConfig): readonly Rule[] => [
  ...reputation(waf),
  ...managedGroup(waf, 'knownBadInputs'),
  ...managedGroup(waf, 'common'),
  ...attackElsewhere(waf),
];
