import assert from 'node:assert/strict';
import fc from 'fast-check';
import { callerArnOf, principalArnOf } from '../../../src/principals/caller-arn.ts';
import { fromAuthorizerContext, toAuthorizerContext } from '../../../src/principals/principal.ts';
import { target, textOf, type FuzzTarget } from '../target.ts';

const tenants = fc.stringMatching(/^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/);

const arns = target({
  name: 'src/principals/caller-arn.ts',
  property: 'never throws; what it gives is given again for itself; a session is its role',
  arbitrary: fc.record({
    text: textOf('arn:aws:iam::0123456789/role.user'),
    name: fc.stringMatching(/^[\w+=,.@-]{1,64}$/),
    session: fc.stringMatching(/^[\w+=,.@-]{1,64}$/),
  }),
  check: ({ text, name, session }) => {
    const role = `arn:aws:iam::000000000000:role/${name}`;
    assert.equal(callerArnOf(`arn:aws:sts::000000000000:assumed-role/${name}/${session}`), role);
    for (const arn of [text, role, `arn:aws:iam::000000000000:role/${text}/${name}`]) {
      const once = principalArnOf(arn);
      if (once !== undefined) assert.equal(principalArnOf(once), once);
    }
  },
});

const context = target({
  name: 'src/principals/principal.ts',
  property: "a principal comes back from API Gateway's flat strings as it was",
  arbitrary: fc.record(
    {
      tenant: tenants,
      subject: fc.string({ minLength: 1, maxLength: 256 }),
      role: fc.constantFrom('admin', 'user', 'readonly'),
      lane: fc.constantFrom('key', 'jwt', 'iam'),
      plan: fc.string({ minLength: 1, maxLength: 64 }),
      keyId: fc.string({ maxLength: 64 }),
      cidrs: fc.array(
        fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 32 })).map(([ip, bits]) => `${ip}/${bits}`),
        { minLength: 1, maxLength: 5 },
      ),
      expiresAt: fc.integer({ min: 1 }),
      policyVersion: fc.integer({ min: 1 }),
    },
    { requiredKeys: ['tenant', 'subject', 'role', 'lane', 'plan'] },
  ),
  check: (principal) => {
    const flat = toAuthorizerContext(principal);
    assert.ok(Object.values(flat).every((value) => typeof value === 'string'));
    assert.deepEqual({ ...fromAuthorizerContext(flat) }, { ...principal });
  },
});

export const principalTargets: readonly FuzzTarget[] = [arns, context];
