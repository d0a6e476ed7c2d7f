import { describe, expect, test } from 'vitest';
import { SlidingWindow } from '../../../local/waf/sliding-window.ts';
import type { WafRequest } from '../../../local/waf/waf-request.ts';
import type { WafVerdict, WebAcl } from '../../../local/waf/web-acl.ts';
import { bytes, load, NONE, request, rule, URI, type Rule } from './waf-fixture.ts';

describe('rate-based rules', () => {
  let now = 0;
  const rate = (more: Rule): WebAcl => {
    now = 1_000_000_000;
    const RateBasedStatement = {
      Limit: 10,
      EvaluationWindowSec: 60,
      AggregateKeyType: 'IP',
      ...more,
    };
    return load([rule({ RateBasedStatement })], {}, () => now);
  };
  const send = (acl: WebAcl, times: number, overrides: Partial<WafRequest> = {}): WafVerdict[] =>
    Array.from({ length: times }, () => acl.evaluate(request(overrides)));
  const blocked = (verdicts: readonly WafVerdict[]): number =>
    verdicts.filter((verdict) => verdict.kind === 'block').length;

  test('let the limit pass in a window and block what is over it, per address', () => {
    const acl = rate({});
    expect(blocked(send(acl, 12))).toBe(2);
    expect(blocked(send(acl, 1, { sourceIp: '198.51.100.8' }))).toBe(0);
    now += 62_000;
    expect(blocked(send(acl, 10))).toBe(0);
  });

  test('the window slides', () => {
    const acl = rate({});
    send(acl, 6);
    now += 40_000;
    expect(blocked(send(acl, 6))).toBe(2);
    now += 22_000;
    expect(blocked(send(acl, 4))).toBe(0);
    expect(blocked(send(acl, 1))).toBe(1);
  });

  test('custom keys: a request that lacks one is not counted', () => {
    const acl = rate({
      AggregateKeyType: 'CUSTOM_KEYS',
      CustomKeys: [{ Header: { Name: 'Authorization', TextTransformations: NONE } }, { IP: {} }],
    });
    expect(blocked(send(acl, 20))).toBe(0);
    expect(blocked(send(acl, 11, { rawHeaders: ['authorization', 'Bearer a'] }))).toBe(1);
    expect(blocked(send(acl, 10, { rawHeaders: ['authorization', 'Bearer b'] }))).toBe(0);
  });

  test('only what is in scope is counted', () => {
    const acl = rate({ ScopeDownStatement: bytes('/register', 'STARTS_WITH', URI) });
    expect(blocked(send(acl, 20))).toBe(0);
    expect(blocked(send(acl, 11, { uriPath: '/register' }))).toBe(1);
  });

  test('the keys that are remembered are bounded; a busy one stays', () => {
    const window = new SlidingWindow(60_000, 3);
    window.hit('busy', 0);
    for (let index = 1; index < 20; index += 1) {
      window.hit(`other-${index}`, index * 2000);
      expect(window.hit('busy', index * 2000)).toBe(index + 1);
    }
    expect(window.hit('other-1', 40_000)).toBe(1);
  });
});
