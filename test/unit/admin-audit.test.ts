import { describe, expect, it } from 'vitest';
import { AdminError } from '../../src/admin/admin-error.ts';
import { withAudit } from '../../src/admin/admin-audit.ts';
import { aWorld, failing, failureOf, now, operator, withMethods } from './admin-fixtures.ts';

const operation = { method: 'admin/tenants.suspend', target: 'acme' } as const;

describe('withAudit', () => {
  it('writes one record with the fields of every audit record, and target and code', async () => {
    const { ports, auditSink, at } = aWorld();
    const answer = await withAudit(
      ports,
      operator,
      { ...operation, requestId: 'request-1', traceId: '1-abc', tenant: 'acme' },
      async () => {
        at.now += 25;
        return 'done';
      },
    );
    expect(answer).toBe('done');
    expect(auditSink.records).toMatchObject([
      {
        type: 'audit',
        ts: new Date(now).toISOString(),
        requestId: 'request-1',
        traceId: '1-abc',
        env: 'test',
        tenant: 'acme',
        subject: 'iam:123456789012:user/dev',
        keyId: null,
        lane: 'iam',
        clientInfo: null,
        era: null,
        method: 'admin/tenants.suspend',
        tool: null,
        server: null,
        decision: 'allow',
        policyId: null,
        outcome: 'ok',
        rpcCode: null,
        httpStatus: null,
        units: 0,
        argsBytes: null,
        argsDigest: null,
        resultBytes: 0,
        ms: 25,
        upstreamMs: null,
        missing: null,
        chain: null,
        target: 'acme',
        code: null,
      },
    ]);
  });

  it.each([
    [new AdminError('TENANT_NOT_FOUND', 'x'), 'refused', 'deny', 'TENANT_NOT_FOUND'],
    [new AdminError('FORBIDDEN', 'x'), 'refused', 'deny', 'FORBIDDEN'],
    [new AdminError('UPSTREAM_UNREACHABLE', 'x'), 'failed', 'allow', 'UPSTREAM_UNREACHABLE'],
    [new AdminError('INCOMPLETE', 'x'), 'failed', 'allow', 'INCOMPLETE'],
    [new Error('canary'), 'failed', 'allow', 'INTERNAL'],
    [Object.assign(new Error('x'), { code: 'canary text' }), 'failed', 'allow', 'INTERNAL'],
  ])(
    'an operation that ends with %s is recorded, and ends so',
    async (error, outcome, decision, code) => {
      const { ports, auditSink } = aWorld();
      const run = withAudit(ports, operator, operation, () => Promise.reject(error));
      await expect(run).rejects.toBe(error);
      expect(auditSink.records).toMatchObject([{ outcome, decision, code, target: 'acme' }]);
      expect(JSON.stringify(auditSink.records)).not.toContain('canary');
    },
  );

  it('what is learnt of the operation while it runs is in the record', async () => {
    const { ports, auditSink } = aWorld();
    const learnt: { method: typeof operation.method; target: string | null; tenant?: string } = {
      ...operation,
      target: null,
    };
    await withAudit(ports, operator, learnt, async () => {
      learnt.target = 'Key00000';
      learnt.tenant = 'beta';
    });
    expect(auditSink.records).toMatchObject([{ target: 'Key00000', tenant: 'beta' }]);
  });

  it('a tenant’s admin is recorded with its tenant', async () => {
    const { ports, auditSink } = aWorld();
    const actor = { kind: 'tenant-admin', tenant: 'acme', subject: 'iam:x' } as const;
    await withAudit(ports, actor, { ...operation, target: null }, async () => undefined);
    expect(auditSink.records).toMatchObject([{ tenant: 'acme', target: null }]);
  });

  it('a target cannot break a line or be of any length', async () => {
    const { ports, auditSink } = aWorld();
    const target = `a\nb\u202ec${'x'.repeat(1_000)}`;
    await withAudit(ports, operator, { ...operation, target }, async () => undefined);
    expect(auditSink.records[0]?.target).toMatch(/^abcx{253}$/);
  });

  it('a whole key that was pasted in its place is cut to its id', async () => {
    const { ports, auditSink } = aWorld();
    const pasted = `smcp_acme_aB3dE5gH${'s'.repeat(38)}`;
    await withAudit(
      ports,
      operator,
      { ...operation, target: pasted, tenant: pasted },
      async () => undefined,
    );
    expect(auditSink.records).toMatchObject([{ target: 'smcp_acme_aB3dE5gH…', tenant: null }]);
  });

  it('where the audit cannot be opened the operation does not run', async () => {
    const { ports, auditSink } = aWorld();
    let ran = false;
    const broken = withMethods(auditSink, { open: failing('no such log group') });
    const failure = await failureOf(
      withAudit({ ...ports, auditSink: broken }, operator, operation, async () => {
        ran = true;
      }),
    );
    expect(failure).toMatchObject({ code: 'AUDIT_FAILED' });
    expect(failure.message).toMatch(/^nothing was done, .*no such log group/);
    expect(ran).toBe(false);
  });

  it('a record that cannot be written is a failure, which says what was done', async () => {
    const { ports, auditSink } = aWorld();
    const broken = { ...ports, auditSink: withMethods(auditSink, { write: failing('busy') }) };
    await auditSink.open();
    const done = await failureOf(withAudit(broken, operator, operation, async () => undefined));
    expect(done).toMatchObject({ code: 'AUDIT_FAILED' });
    expect(done.message).toMatch(/busy.* It is done\.$/);
    const failed = await failureOf(
      withAudit(broken, operator, operation, () =>
        Promise.reject(new AdminError('CONFLICT', 'somebody was faster')),
      ),
    );
    expect(failed).toMatchObject({ code: 'AUDIT_FAILED' });
    expect(failed.message).toBe('somebody was faster It could not be recorded either.');
  });
});
