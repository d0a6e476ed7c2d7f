import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { aPrincipal } from '../contract/registry.contract.ts';
import { failing, withMethods } from './admin-fixtures.ts';
import { aCli } from './support/cli-rig.ts';
import { tempFolder } from './support/temp-dir.ts';

describe('tenants', () => {
  it('suspend and resume say what became of the tenant and its keys', async () => {
    const cli = await aCli();
    expect(await cli.json('tenants', 'suspend', 'acme')).toEqual({
      tenant: 'acme',
      name: 'Acme',
      plan: 'free',
      status: 'suspended',
      apiGatewayKeyId: 'gateway-key-1',
      createdAt: '2026-11-21T05:00:00.000Z',
      changed: true,
      rewrittenKeys: 1,
    });
    expect(await cli.json('keys', 'show', cli.keyId)).toMatchObject({
      status: 'active',
      suspended: true,
    });
    expect(await cli.text('keys', 'show', cli.keyId)).toContain('active, tenant suspended');
    expect(await cli.text('tenants', 'suspend', 'acme')).toBe(
      'Tenant acme was suspended already.\n',
    );
    expect(await cli.text('tenants', 'resume', 'acme')).toBe(
      'Tenant acme may call again. 1 key follows.\n',
    );
    expect(await cli.text('tenants', 'suspend', 'acme')).toBe(
      'Tenant acme is suspended: its calls are refused from now on. 1 key follows.\n',
    );
  });

  it('suspend asks first, and a declined question exits 1 with nothing changed', async () => {
    const cli = await aCli(false);
    expect(await cli.errorOf('tenants', 'suspend', 'acme')).toMatchObject({
      exitCode: 1,
      code: 'DECLINED',
    });
    expect(cli.questions).toEqual(['Suspend tenant acme ("Acme")? Its calls are refused at once.']);
    expect(await cli.registry.getTenant('acme')).toMatchObject({ status: 'active', revision: 1 });
    expect(await cli.json('tenants', 'suspend', 'acme', '--yes')).toMatchObject({ changed: true });
    expect(cli.questions).toHaveLength(1);
  });

  it('move and rename', async () => {
    const cli = await aCli();
    expect(await cli.text('tenants', 'move', 'acme', '--plan', 'pro')).toMatch(
      /^Tenant acme is on plan pro\. .* 1 key follows\.\n$/,
    );
    expect(await cli.text('tenants', 'move', 'acme', '--plan', 'pro')).toBe(
      'Tenant acme was on plan pro already.\n',
    );
    expect(await cli.text('tenants', 'rename', 'acme', '--name', 'Acme Ltd')).toBe(
      'Tenant acme is named "Acme Ltd" now.\n',
    );
    expect(await cli.errorOf('tenants', 'move', 'acme', '--plan', 'gold')).toMatchObject({
      exitCode: 1,
      code: 'PLAN_UNKNOWN',
    });
    expect(await cli.errorOf('tenants', 'move', 'acme')).toMatchObject({
      exitCode: 2,
      code: 'USAGE',
    });
  });

  it('create with an idempotency key finds the tenant; without one it exists', async () => {
    const cli = await aCli();
    const create = ['tenants', 'create', 'acme', '--plan', 'free', '--name', 'Acme'];
    expect(await cli.errorOf(...create)).toMatchObject({ exitCode: 1, code: 'TENANT_EXISTS' });
    expect(await cli.json(...create, '--idempotency-key', 'a')).toMatchObject({
      tenant: 'acme',
      created: false,
    });
    expect(await cli.text(...create, '--idempotency-key', 'a')).toMatch(
      /^Tenant acme was created before\. Nothing changed\.\n/,
    );
  });
});

describe('keys', () => {
  it('create with an idempotency key shows the key once, and finds it after that', async () => {
    const cli = await aCli();
    const create = ['keys', 'create', 'acme', '--name', 'deploy', '--idempotency-key', 'run-17'];
    const first = await cli.json(...create);
    expect(first).toMatchObject({
      created: true,
      key: expect.stringMatching(/^smcp_acme_/) as string,
    });
    const { keyId } = z.looseObject({ keyId: z.string() }).parse(first);
    const second = await cli.json(...create);
    expect(second).toMatchObject({ created: false, keyId, status: 'active' });
    expect(second).not.toHaveProperty('key');
    const out = await cli.text(...create);
    expect(out).toMatch(new RegExp(`^Key ${keyId} was created before\\.`));
    expect(out).toContain(`keys rotate ${keyId} --grace 0`);
  });

  it('update changes name and expiry, and wants one of them', async () => {
    const cli = await aCli();
    expect(await cli.json('keys', 'update', cli.keyId, '--expires', '1h')).toMatchObject({
      expiresAt: '2026-11-21T06:00:00.000Z',
    });
    const after = await cli.json('keys', 'update', cli.keyId, '--name', 'x', '--expires', 'never');
    expect(after).toMatchObject({ name: 'x' });
    expect(after).not.toHaveProperty('expiresAt');
    expect(await cli.errorOf('keys', 'update', cli.keyId)).toMatchObject({
      exitCode: 2,
      code: 'USAGE',
    });
  });

  it('a rotation that the counters do not know of shows the new key and exits 1', async () => {
    const cli = await aCli();
    cli.replacePorts({ standing: withMethods(cli.standing, { revoke: failing('busy') }) });
    const { exitCode, out, err } = await cli.run('keys', 'rotate', cli.keyId, '--grace', '0');
    expect(exitCode).toBe(1);
    expect(out).toMatch(/smcp_acme_\w{46}/);
    expect(err).toMatch(/^error: could not tell the counters .*authorizer\.cacheSeconds/);
    expect(cli.auditSink.records).toMatchObject([{ outcome: 'failed', code: 'INCOMPLETE' }]);
  });
});

describe('principals', () => {
  it('set-role changes the role of a principal', async () => {
    const cli = await aCli();
    const { arn } = aPrincipal('ci', 'acme');
    await cli.json('principals', 'add', '--arn', arn, '--tenant', 'acme');
    expect(await cli.json('principals', 'set-role', arn, 'admin')).toMatchObject({
      role: 'admin',
      changed: true,
    });
    expect(await cli.text('principals', 'set-role', arn, 'admin')).toBe(
      `${arn} had the role admin already.\n`,
    );
    expect(await cli.errorOf('principals', 'set-role', arn, 'root')).toMatchObject({
      exitCode: 2,
    });
  });
});

describe('policies', () => {
  it('set, show, versions and remove', async () => {
    const cli = await aCli();
    const folder = tempFolder({ 'acme.cedar': 'permit 1\n' });
    const file = join(folder, 'acme.cedar');
    expect(await cli.text('policies', 'show', 'acme')).toBe(
      '// Tenant acme has no policies of its own: the deployment’s hold.\n',
    );
    expect(await cli.text('policies', 'set', 'acme', file)).toBe(
      'Version 1 of the policies of tenant acme is in force: the next call is decided by it.\n',
    );
    expect(await cli.text('policies', 'set', 'acme', file)).toMatch(/says this already/);
    expect(await cli.json('policies', 'set', 'acme', '-', '--expect-version', '1')).toMatchObject({
      version: 2,
      text: 'from standard input',
      createdBy: 'iam:123456789012:user/dev',
    });
    expect(await cli.text('policies', 'show', 'acme', '--version', '1')).toBe(
      '// Version 1 of the policies of tenant acme, not in force. Set at 2026-11-21T05:00:00.000Z by ' +
        'iam:123456789012:user/dev.\npermit 1\n',
    );
    expect(await cli.text('policies', 'remove', 'acme')).toMatch(/\(version 3\)/);
    expect(await cli.text('policies', 'versions', 'acme')).toBe(
      [
        'VERSION  IN FORCE  BYTES  SET                       BY',
        '3        yes       0      2026-11-21T05:00:00.000Z  iam:123456789012:user/dev',
        '2        no        19     2026-11-21T05:00:00.000Z  iam:123456789012:user/dev',
        '1        no        9      2026-11-21T05:00:00.000Z  iam:123456789012:user/dev',
        '',
      ].join('\n'),
    );
    expect(await cli.json('tenants', 'show', 'acme')).toMatchObject({ policyVersion: 3 });
  });

  it('what is not valid is said with line, column and reason, and stays out', async () => {
    const cli = await aCli();
    const file = join(tempFolder({ 'bad.cedar': 'permit\nbroken' }), 'bad.cedar');
    const { exitCode, out, err } = await cli.run('policies', 'validate', file);
    expect({ exitCode, out, err }).toEqual({
      exitCode: 1,
      out: '  line 2, column 7: unexpected token `broken`\n',
      err: 'error: the policies are not valid\n',
    });
    expect(await cli.errorOf('policies', 'set', 'acme', file)).toMatchObject({
      exitCode: 1,
      code: 'POLICY_INVALID',
      message: expect.stringContaining('line 2, column 7') as string,
    });
    expect(await cli.registry.listPolicies('acme')).toEqual({ items: [] });
  });

  it('test compares answers, and exits 1 when one is another', async () => {
    const cli = await aCli();
    const folder = tempFolder({
      'deny.cedar': 'deny',
      'cases.json': JSON.stringify([
        { name: 'may search', tool: 'search', expect: 'allow' },
        { name: 'may not delete', tool: 'delete', expect: 'deny' },
      ]),
    });
    const [cases, file] = ['cases.json', 'deny.cedar'].map((name) => join(folder, name));
    const { exitCode, out, err } = await cli.run(
      ...['policies', 'test', 'acme', cases ?? '', '--file', file ?? ''],
    );
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: 'error: 1 of 2 cases failed\n' });
    expect(out).toBe(
      [
        'CASE            EXPECTED  DECIDED',
        'may search      allow     deny (policy:deny)  FAILED',
        'may not delete  deny      deny (policy:deny)  ok',
        '',
        '1 of 2 failed.',
        '',
      ].join('\n'),
    );
    expect(await cli.json('policies', 'show', 'acme')).toMatchObject({ version: 0 });
  });

  it('a file that is not there, or is no JSON, is wrong as typed', async () => {
    const cli = await aCli();
    const folder = tempFolder({ 'cases.json': '[' });
    expect(await cli.errorOf('policies', 'set', 'acme', join(folder, 'x'))).toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('ENOENT') as string,
    });
    expect(await cli.errorOf('policies', 'test', 'acme', join(folder, 'cases.json'))).toMatchObject(
      { exitCode: 2, code: 'USAGE' },
    );
    expect(await cli.errorOf('policies', 'show', 'acme', '--version', '0')).toMatchObject({
      exitCode: 2,
    });
  });
});
