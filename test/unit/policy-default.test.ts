import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CedarSource } from '../../src/policy/cedar-source.ts';
import { CombinedDecider } from '../../src/policy/combined-decider.ts';
import { compilePolicies } from '../../src/policy/compile-policies.ts';
import {
  DefaultDecider,
  defaultPolicies,
  defaultSource,
} from '../../src/policy/default-policies.ts';
import { PreparedSets } from '../../src/policy/prepared-sets.ts';
import { lanes, roles } from '../../src/principals/principal.ts';
import { aCaller, aTool, cedar } from './support/policies.ts';

/** The shipped text as Cedar understands it. */
const shipped = (): CedarSource => {
  const result = compilePolicies(cedar, { text: defaultPolicies, origin: 'base' });
  if (!result.ok) throw new Error('the shipped policies do not compile');
  return new CedarSource(cedar, new PreparedSets(cedar), result.compiled);
};

const callers = fc.record({
  principal: fc.record({
    tenant: fc.constantFrom('acme', 'globex'),
    subject: fc.string({ minLength: 1, maxLength: 12 }),
    role: fc.constantFrom(...roles),
    lane: fc.constantFrom(...lanes),
    plan: fc.constantFrom('free', 'standard'),
  }),
  sourceIp: fc.oneof(fc.ipV4(), fc.ipV6()),
});

const tools = fc.record({
  name: fc.string({ minLength: 1, maxLength: 12 }),
  server: fc.constantFrom('drawbridge', 'github'),
  readOnly: fc.boolean(),
  destructive: fc.boolean(),
  idempotent: fc.boolean(),
  openWorld: fc.boolean(),
});

describe('the shipped policies', () => {
  it('are the text of config/policies/default.cedar', () => {
    const file = join(import.meta.dirname, '..', '..', 'config', 'policies', 'default.cedar');
    expect(readFileSync(file, 'utf8')).toBe(defaultPolicies);
  });

  it('mean in TypeScript what they mean in Cedar', () => {
    const source = shipped();
    const byCedar = new CombinedDecider([source]);
    const byDefault = new DefaultDecider();
    fc.assert(
      fc.property(
        callers,
        fc.array(tools, { maxLength: 8 }),
        fc.jsonValue(),
        (caller, all, args) => {
          expect([...byDefault.listable(caller, all)]).toEqual([...byCedar.listable(caller, all)]);
          expect(defaultSource.foresee(caller, all)).toEqual(source.foresee(caller, all));
          for (const tool of all) {
            expect(byDefault.decide(caller, tool)).toEqual(byCedar.decide(caller, tool, args));
            const { kind, policies } = source.judge(caller, tool, args);
            const own = defaultSource.judge(caller, tool, args);
            expect({ kind: own.kind, policies: own.policies }).toEqual({
              kind,
              policies: policies.map(({ id, effect, line }) => ({ id, effect, line })),
            });
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['admin', true, true],
    ['user', true, true],
    ['readonly', true, false],
  ] as const)('role %s: reading tools %s, writing tools %s', (role, reading, writing) => {
    const caller = aCaller({ role });
    const decider = new DefaultDecider();
    const [reads, writes] = [aTool('reads', { readOnly: true }), aTool('writes')];
    expect(decider.decide(caller, reads).kind === 'allow').toBe(reading);
    expect(decider.decide(caller, writes)).toEqual(
      writing ? { kind: 'allow' } : { kind: 'deny', policyId: 'policy:none' },
    );
    expect([...decider.listable(caller, [writes, reads])]).toEqual(
      writing ? [writes, reads] : [reads],
    );
  });
});
