import { describe, expect, it } from 'vitest';
import { aCli } from './support/cli-rig.ts';

describe('usage', () => {
  it('tells one tenant against its limits, and all tenants', async () => {
    const cli = await aCli();
    const principal = {
      tenant: 'acme',
      subject: `key:${cli.keyId}`,
      role: 'user',
      lane: 'key',
      plan: 'free',
    } as const;
    await cli.meter.charge({ principal, units: 7 });
    expect(await cli.text('usage', 'acme')).toBe(
      [
        '  tenant  acme',
        '  plan    free',
        '',
        'LIMIT   OF      USED  ALLOWED  LEFT  RESETS',
        'minute  tenant  7     10       3     2026-11-21T05:01:00.000Z',
        'day     tenant  7     100      93    2026-11-22T00:00:00.000Z',
        '',
        'DAY         UNITS',
        '2026-11-21  7',
        '',
      ].join('\n'),
    );
    expect(await cli.json('usage')).toEqual([{ tenant: 'acme', plan: 'free', today: 7, month: 7 }]);
  });

  it('--by asks the audit log', async () => {
    const cli = await aCli();
    cli.usageQueries.rows = [
      { of: 'search', calls: 3, units: 6, errors: 1 },
      { of: null, calls: 1, units: 1, errors: 0 },
    ];
    expect(
      await cli.text('usage', 'acme', '--by', 'tool', '--from', '2026-11-20', '--to', '2026-11-21'),
    ).toBe(
      [
        'Of tenant acme, from 2026-11-20T00:00:00.000Z to 2026-11-21T00:00:00.000Z:',
        '',
        'TOOL    CALLS  UNITS  ERRORS',
        'search  3      6      1',
        '-       1      1      0',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['--from', '2026-11-20'],
    ['--key', 'aaaaAAAA'],
    ['acme', '--by', 'colour'],
    ['acme', '--by', 'key', '--key', 'aaaaAAAA'],
  ])('%s %s %s is wrong as typed', async (...argv) => {
    const cli = await aCli();
    expect(await cli.errorOf('usage', ...argv)).toMatchObject({ exitCode: 2, code: 'USAGE' });
  });
});

describe('doctor', () => {
  it('exits 1 while something is left, says what, and mends it with --repair', async () => {
    const cli = await aCli();
    expect(await cli.text('doctor')).toBe(
      'API Gateway, the records and the counters say the same.\n',
    );
    await cli.standing.suspend('acme');
    const found = await cli.run('doctor');
    expect(found).toEqual({
      exitCode: 1,
      out: 'These do not say the same:\n\n  acme: its counters and its record do not agree whether it is suspended\n',
      err: 'error: 1 finding: `doctor --repair` mends what can be mended\n',
    });
    expect(await cli.json('doctor', '--repair')).toMatchObject({
      findings: [{ kind: 'standing-status', tenant: 'acme', mended: true }],
      left: 0,
    });
    expect(await cli.json('doctor')).toEqual({ findings: [], left: 0 });
  });

  it('--repair exits 1 when something needs a person', async () => {
    const cli = await aCli();
    await cli.standing.setPolicyVersion('acme', 4);
    const { exitCode, out, err } = await cli.run('doctor', '--repair');
    expect(exitCode).toBe(1);
    expect(out).toContain('left: a version is never taken back');
    expect(err).toBe('error: 1 finding could not be mended\n');
  });
});

describe('the audit', () => {
  it('has one record for each command, reads and declined ones too', async () => {
    const cli = await aCli(false);
    await cli.run('tenants', 'list');
    await cli.run('tenants', 'suspend', 'acme');
    await cli.run('keys', 'show', 'smcp_acme_pasted-key');
    await cli.run('policies', 'show', 'nobody');
    await cli.run('doctor');
    expect(
      cli.auditSink.records.map(({ method, target, tenant, outcome, code }) => [
        ...[method, target, tenant, outcome, code],
      ]),
    ).toEqual([
      ['admin/tenants.list', null, null, 'ok', null],
      ['admin/tenants.suspend', 'acme', 'acme', 'refused', 'DECLINED'],
      ['admin/keys.show', 'invalid', null, 'refused', 'INVALID_INPUT'],
      ['admin/policies.show', 'nobody', 'nobody', 'refused', 'TENANT_NOT_FOUND'],
      ['admin/doctor.diagnose', null, null, 'ok', null],
    ]);
  });

  it('what is wrong as typed reaches no deployment', async () => {
    const cli = await aCli();
    await cli.run('tenants', 'move', 'acme');
    await cli.run('usage', '--from', '2026-11-20');
    expect(cli.auditSink.records).toEqual([]);
  });
});
