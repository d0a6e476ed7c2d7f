import { describe, expect, it } from 'vitest';
import type { WafVerdict, WebAcl } from '../../local/waf/web-acl.ts';
import { firewallOf, requestOf } from './support/firewall.ts';

const limits = { requestsPerIp: 100, openRequestsPerIp: 20, requestsPerCredential: 60 };

interface Line {
  readonly action: string;
  readonly terminatingRuleId: string;
  readonly terminatingRuleType: string;
  readonly rateBasedRuleList: readonly Record<string, unknown>[];
  readonly nonTerminatingMatchingRules: readonly { readonly ruleId: string }[];
}

/** A firewall whose clock stands, and what it wrote. */
const begin = (settings: object = {}) => {
  const lines: Line[] = [];
  const time = { now: 1_000_000_000_000 };
  const acl = firewallOf({ ...limits, ...settings }).run({
    clock: () => time.now,
    log: (_, line) => lines.push(JSON.parse(line) as Line),
  });
  return { acl, lines, time };
};

type Given = Parameters<typeof requestOf>[0];
const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });

const flood = (acl: WebAcl, times: number, given: (index: number) => Given): WafVerdict[] =>
  Array.from({ length: times }, (_, index) => acl.evaluate(requestOf(given(index))));

/** How many each rule refused. */
const refusals = (verdicts: readonly WafVerdict[]): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const verdict of verdicts) {
    if (verdict.kind === 'block') counts[verdict.rule] = (counts[verdict.rule] ?? 0) + 1;
  }
  return counts;
};

describe('a flood from one address', () => {
  it('is refused above the limit, and another address is served', () => {
    const { acl } = begin();
    const verdicts = flood(acl, 150, (index) => bearer(`key-${index}`));
    expect(refusals(verdicts)).toEqual({ RequestsPerIp: 50 });
    expect(verdicts.at(-1)).toMatchObject({
      response: {
        status: 429,
        headers: [
          ['Content-Type', 'application/json'],
          ['Retry-After', '300'],
        ],
      },
    });
    expect(acl.evaluate(requestOf({ ...bearer('key-1'), from: '198.51.100.8' })).kind).toBe(
      'allow',
    );
  });

  it('is over when the window has passed', () => {
    const { acl, time } = begin();
    flood(acl, 150, (index) => bearer(`key-${index}`));
    time.now += 310_000;
    expect(acl.evaluate(requestOf(bearer('key-1'))).kind).toBe('allow');
  });

  it('counts signed requests too', () => {
    const { acl } = begin();
    const signed = (index: number) => ({
      path: '/ci/mcp',
      headers: { authorization: `AWS4-HMAC-SHA256 Credential=AKIA/x, Signature=${index}` },
    });
    expect(refusals(flood(acl, 110, signed))).toEqual({ RequestsPerIp: 10 });
  });
});

describe('requests without a credential', () => {
  const open = (path: string) => (): Given => ({ path, method: 'GET' });

  it('have the stricter limit, all paths together', () => {
    const { acl } = begin();
    const verdicts = [
      ...flood(acl, 10, open('/.well-known/oauth-authorization-server')),
      ...flood(acl, 10, open('/oauth/register')),
      ...flood(acl, 5, open('/mcp')),
    ];
    expect(refusals(verdicts)).toEqual({ OpenRequestsPerIp: 5 });
    expect(verdicts.at(-1)).toMatchObject({ response: { status: 429 } });
  });

  it('do not use up what callers with credentials at the same address have', () => {
    const { acl } = begin();
    flood(acl, 25, open('/health'));
    expect(acl.evaluate(requestOf(bearer('key'))).kind).toBe('allow');
  });

  it('an empty header is none', () => {
    const { acl } = begin();
    const verdicts = flood(acl, 25, () => ({ headers: { authorization: '' } }));
    expect(refusals(verdicts)).toEqual({ OpenRequestsPerIp: 5 });
  });
});

describe('one credential', () => {
  const from = (index: number) => `203.0.113.${index}`;

  it('from many addresses is refused above its limit, and others are served', () => {
    const { acl } = begin();
    const verdicts = flood(acl, 80, (index) => ({ ...bearer('stolen'), from: from(index) }));
    expect(refusals(verdicts)).toEqual({ RequestsPerCredential: 20 });
    expect(JSON.parse((verdicts.at(-1) as { response: { body: string } }).response.body)).toEqual(
      expect.objectContaining({
        code: 'THROTTLED',
        message: 'Too many requests with this credential',
      }),
    );
    const other = requestOf({ ...bearer('another'), from: from(79) });
    expect(acl.evaluate(other).kind).toBe('allow');
  });

  it('is one however its header is written', () => {
    const { acl } = begin();
    const spellings = ['Bearer stolen', 'bearer stolen', 'BEARER  stolen', 'bEaReR\tstolen'];
    const verdicts = flood(acl, 80, (index) => ({
      headers: { authorization: spellings[index % spellings.length] ?? '' },
      from: from(index),
    }));
    expect(refusals(verdicts)).toEqual({ RequestsPerCredential: 20 });
  });

  it('is never written to the log, nor is any other header', () => {
    const written: string[] = [];
    const acl = firewallOf(limits).run({ clock: () => 0, log: (_, line) => written.push(line) });
    flood(acl, 80, (index) => ({
      headers: {
        authorization: 'Bearer canary-key',
        cookie: 'session=canary-cookie',
        'x-api-key': 'canary-x-api-key',
        'mcp-param-city': 'canary-argument',
      },
      query: 'code=canary-code',
      body: '{"canary":"canary-body"}',
      from: from(index),
    }));
    expect(written).toHaveLength(20);
    expect(written.join('\n')).not.toContain('canary-');
    expect(JSON.parse(written[0] ?? '')).toMatchObject({
      rateBasedRuleList: [
        {
          rateBasedRuleName: 'RequestsPerCredential',
          limitKey: 'CUSTOMKEYS',
          maxRateAllowed: 60,
          customValues: [{ key: 'HEADER', name: 'authorization', value: 'REDACTED' }],
        },
      ],
      httpRequest: { args: 'REDACTED' },
    });
  });
});

describe('the allow set', () => {
  const settings = { ipSets: { allow: ['203.0.113.0/24'] } };

  it('is held by no rate, and by everything else', () => {
    const { acl } = begin(settings);
    const from = '203.0.113.5';
    const calls = flood(acl, 200, () => ({ ...bearer('busy'), from }));
    const open = flood(acl, 200, () => ({ from }));
    expect(refusals([...calls, ...open])).toEqual({});
    expect(acl.evaluate(requestOf({ from, body: 'x'.repeat(1_000_001) }))).toMatchObject({
      rule: 'BodySize',
    });
  });

  it('does not let its requests count for a credential that others use', () => {
    const { acl } = begin(settings);
    flood(acl, 200, () => ({ ...bearer('shared'), from: '203.0.113.5' }));
    expect(acl.evaluate(requestOf(bearer('shared'))).kind).toBe('allow');
  });

  it('yields to the deny set, and does not open the CI lane', () => {
    const { acl } = begin({
      ipSets: { allow: ['203.0.113.0/24'], deny: ['203.0.113.9/32'], ci: ['192.0.2.0/24'] },
    });
    expect(acl.evaluate(requestOf({ from: '203.0.113.9' }))).toMatchObject({
      rule: 'DeniedAddresses',
    });
    expect(acl.evaluate(requestOf({ from: '203.0.113.5', path: '/ci/mcp' }))).toMatchObject({
      rule: 'CiAddresses',
    });
  });
});

describe('mode count', () => {
  it('lets a flood pass, and writes what it would have refused', () => {
    const { acl, lines } = begin({ mode: 'count' });
    const calls = flood(acl, 150, () => bearer('loop'));
    const open = flood(acl, 30, () => ({ from: '198.51.100.9', path: '/oauth/register' }));
    expect(refusals([...calls, ...open])).toEqual({});

    const counted: Record<string, number> = {};
    for (const line of lines) {
      expect(line).toMatchObject({
        action: 'ALLOW',
        terminatingRuleId: 'Default_Action',
        terminatingRuleType: 'REGULAR',
      });
      for (const { ruleId } of line.nonTerminatingMatchingRules) {
        counted[ruleId] = (counted[ruleId] ?? 0) + 1;
      }
    }
    expect(counted).toEqual({
      RequestsPerIp: 50,
      RequestsPerCredential: 90,
      OpenRequestsPerIp: 10,
    });
  });

  it('a request that no rule matched is not written', () => {
    const { acl, lines } = begin({ mode: 'count' });
    acl.evaluate(requestOf(bearer('quiet')));
    expect(lines).toEqual([]);
  });

  it('still refuses a body that is too long', () => {
    const { acl, lines } = begin({ mode: 'count' });
    const verdict = acl.evaluate(requestOf({ ...bearer('key'), body: 'x'.repeat(1_000_001) }));
    expect(verdict).toMatchObject({ kind: 'block', response: { status: 413 } });
    expect(lines).toMatchObject([
      {
        action: 'BLOCK',
        terminatingRuleId: 'BodySize',
        responseCodeSent: 413,
      },
    ]);
  });
});
