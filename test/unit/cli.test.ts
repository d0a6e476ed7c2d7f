import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { CliError } from '../../cli/errors.ts';
import { runCli } from '../../cli/program.ts';
import type { TargetOptions } from '../../cli/target.ts';
import { aWorld, failing, pepper, withMethods } from './admin-fixtures.ts';

/** A CLI on a world in memory: `run` answers the exit code and what was printed. */
const aCli = (answer?: boolean) => {
  const world = aWorld();
  const questions: string[] = [];
  const targets: TargetOptions[] = [];
  let ports = world.ports;
  const run = async (...argv: string[]) => {
    let out = '';
    let err = '';
    const confirm = async (question: string) => {
      questions.push(question);
      return answer === true;
    };
    const exitCode = await runCli(argv, {
      terminal: {
        out: (text) => (out += text),
        err: (text) => (err += text),
        ...(answer === undefined ? {} : { confirm }),
      },
      connect: async (options) => {
        targets.push(options);
        return ports;
      },
    });
    return { exitCode, out, err };
  };
  const json = async (...argv: string[]): Promise<unknown> => {
    const { exitCode, out, err } = await run(...argv, '--json');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    return JSON.parse(out);
  };
  const breakWith = (broken: Partial<typeof ports.registry>) => {
    ports = { ...ports, registry: withMethods(ports.registry, broken) };
  };
  return { ...world, run, json, questions, targets, breakWith };
};

const issued = z.looseObject({ key: z.string(), keyId: z.string() });

const aCliWithKey = async (answer?: boolean) => {
  const cli = aCli(answer);
  await cli.json('tenants', 'create', 'acme', '--plan', 'pro', '--name', 'Acme');
  const { key, keyId } = issued.parse(await cli.json('keys', 'create', '--tenant', 'acme'));
  return { ...cli, key, keyId };
};

describe('tenants', () => {
  it('create, list and show print the tenant, never its usage key', async () => {
    const cli = aCli();
    const tenant = {
      tenant: 'acme',
      name: 'Acme',
      plan: 'pro',
      status: 'active',
      apiGatewayKeyId: 'gateway-key-1',
      createdAt: '2026-11-21T05:00:00.000Z',
    };
    expect(await cli.json('tenants', 'create', 'acme', '--plan', 'pro', '--name', 'Acme')).toEqual(
      tenant,
    );
    expect(await cli.json('tenants', 'list')).toEqual([tenant]);
    expect(await cli.json('tenants', 'show', 'acme')).toEqual({
      ...tenant,
      keyCount: 0,
      activeKeyCount: 0,
    });
  });

  it('list renders a table without borders', async () => {
    const cli = aCli();
    expect((await cli.run('tenants', 'list')).out).toMatch(/^No tenants yet\. Add one: /);
    await cli.run('tenants', 'create', 'acme', '--plan', 'pro', '--name', '東京 office');
    await cli.run('tenants', 'create', 'b', '--plan', 'free');
    expect((await cli.run('tenants', 'list')).out).toBe(
      [
        'TENANT  NAME         PLAN  STATUS  CREATED',
        'acme    東京 office  pro   active  2026-11-21T05:00:00.000Z',
        'b       b            free  active  2026-11-21T05:00:00.000Z',
        '',
      ].join('\n'),
    );
  });

  it('a refused creation exits 1 with the reason', async () => {
    const cli = aCli();
    expect(await cli.run('tenants', 'create', 'acme', '--plan', 'gold')).toEqual({
      exitCode: 1,
      out: '',
      err: 'error: there is no plan "gold": choose one of free, pro\n',
    });
    expect(await cli.run('tenants', 'show', 'acme', '--json')).toMatchObject({
      exitCode: 1,
      out: '',
      err: expect.stringMatching(
        /^\{"error":\{"code":"TENANT_NOT_FOUND","message":".*"\}\}\n$/,
      ) as string,
    });
  });
});

describe('keys create', () => {
  it('--json prints exactly the documented fields', async () => {
    const cli = await aCliWithKey();
    const data = issued.parse(
      await cli.json(
        ...['keys', 'create', '--tenant', 'acme', '--name', 'ci', '--role', 'readonly'],
        ...['--expires', '90d', '--cidr', '203.0.113.0/24', '2001:db8::/32'],
      ),
    );
    expect(data).toEqual({
      key: data.key,
      keyId: data.keyId,
      tenant: 'acme',
      name: 'ci',
      role: 'readonly',
      plan: 'pro',
      createdAt: '2026-11-21T05:00:00.000Z',
      expiresAt: '2027-02-19T05:00:00.000Z',
      cidrs: ['203.0.113.0/24', '2001:db8::/32'],
    });
    const stored = await cli.registry.getKey(data.keyId);
    expect(pepper.matches(data.key, stored?.hash ?? '', '2')).toBe(true);
  });

  it('shows the key once to people, and says so', async () => {
    const cli = await aCliWithKey();
    const { out } = await cli.run('keys', 'create', 'acme');
    const keys = out.match(/smcp_acme_\w{46}/g) ?? [];
    expect(keys).toHaveLength(1);
    expect(out).toContain('Shown once: store it now.');
    const keyId = keys[0]?.slice('smcp_acme_'.length, 'smcp_acme_'.length + 8);
    expect(out.replace(keys[0] ?? '', '<key>').replaceAll(keyId ?? '', '<key id>')).toBe(
      [
        'Key created for tenant acme:',
        '',
        '  <key>',
        '',
        'Shown once: store it now.',
        '',
        '  key id    <key id>',
        '  tenant    acme',
        '  name      unnamed',
        '  role      user',
        '  plan      pro',
        '  created   2026-11-21T05:00:00.000Z',
        '  expires   never',
        '  networks  any',
        '',
      ].join('\n'),
    );
  });

  it.each([
    ['--expires', '12h', '2026-11-21T17:00:00.000Z'],
    ['--expires', '2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['--expires', '2027-01-31T02:00:00+02:00', '2027-01-31T00:00:00.000Z'],
  ])('%s %s is %s', async (option, value, expiresAt) => {
    const cli = await aCliWithKey();
    expect(await cli.json('keys', 'create', 'acme', option, value)).toMatchObject({ expiresAt });
  });

  it('takes networks repeated, in a row, or with commas', async () => {
    const cli = await aCliWithKey();
    for (const given of [
      ['--cidr', '10.0.0.0/8', '--cidr', '10.1.0.0/16'],
      ['--cidr', '10.0.0.0/8', '10.1.0.0/16'],
      ['--cidr', '10.0.0.0/8,10.1.0.0/16'],
    ]) {
      expect(await cli.json('keys', 'create', 'acme', ...given)).toMatchObject({
        cidrs: ['10.0.0.0/8', '10.1.0.0/16'],
      });
    }
  });
});

describe('keys list, show, rotate and revoke', () => {
  it('list takes the tenant as an option or as an argument', async () => {
    const { json, run, keyId } = await aCliWithKey();
    const listed = [{ keyId, tenant: 'acme', name: 'unnamed', status: 'active' }];
    expect(await json('keys', 'list', '--tenant', 'acme')).toMatchObject(listed);
    expect(await json('keys', 'list', 'acme')).toMatchObject(listed);
    expect(await json('keys', 'list', 'acme', '--tenant', 'acme')).toMatchObject(listed);
    expect(await run('keys', 'list', 'acme', '--tenant', 'other')).toMatchObject({
      exitCode: 2,
      err: 'error: two tenants are given, "acme" and "other": give one\n',
    });
    expect(await run('keys', 'list')).toMatchObject({ exitCode: 2 });
  });

  it('rotate keeps the old key for 24 hours when nothing else is said', async () => {
    const { json, keyId, key } = await aCliWithKey();
    const rotated = issued.parse(await json('keys', 'rotate', keyId));
    expect(rotated.key).not.toBe(key);
    expect(rotated['replaces']).toMatchObject({
      keyId,
      status: 'active',
      expiresAt: '2026-11-22T05:00:00.000Z',
      replacedBy: rotated.keyId,
    });
  });

  it('rotate --grace 0 revokes the old key at once', async () => {
    const { run, json, keyId } = await aCliWithKey();
    const { out } = await run('keys', 'rotate', keyId, '--grace', '0');
    expect(out).toMatch(
      new RegExp(`^Key ${keyId} is revoked\\. It is replaced by:\n\n  smcp_acme_`),
    );
    expect(await json('keys', 'show', keyId)).toMatchObject({ status: 'revoked' });
  });

  it('revoke does not ask when nobody is there, and is idempotent', async () => {
    const { run, json, keyId } = await aCliWithKey();
    expect(await json('keys', 'revoke', keyId)).toMatchObject({
      keyId,
      status: 'revoked',
      alreadyRevoked: false,
    });
    expect(await run('keys', 'revoke', keyId)).toEqual({
      exitCode: 0,
      err: '',
      out: `Key ${keyId} was revoked already, at 2026-11-21T05:00:00.000Z. Nothing changed.\n`,
    });
  });

  it('a declined revocation changes nothing and exits 1', async () => {
    const { run, json, keyId, questions } = await aCliWithKey(false);
    const { exitCode, err } = await run('keys', 'revoke', keyId);
    expect({ exitCode, err }).toEqual({
      exitCode: 1,
      err: `error: key ${keyId} was not revoked\n`,
    });
    expect(questions).toEqual([`Revoke key ${keyId} ("unnamed") of tenant acme, for good?`]);
    expect(await json('keys', 'show', keyId)).toMatchObject({ status: 'active' });
  });

  it('a confirmed revocation happens; --yes does not ask', async () => {
    const asked = await aCliWithKey(true);
    expect((await asked.run('keys', 'revoke', asked.keyId)).exitCode).toBe(0);
    expect(asked.questions).toHaveLength(1);
    const told = await aCliWithKey(false);
    expect((await told.run('keys', 'revoke', told.keyId, '--yes')).exitCode).toBe(0);
    expect(told.questions).toEqual([]);
  });
});

describe('what is never printed', () => {
  it('after creation no command shows the key, its hash, its pepper version or the usage key', async () => {
    const { run, keyId, key, registry } = await aCliWithKey();
    const record = await registry.getKey(keyId);
    const printed: string[] = [];
    for (const argv of [
      ['keys', 'list', 'acme'],
      ['keys', 'show', keyId],
      ['keys', 'rotate', keyId],
      ['keys', 'revoke', keyId],
      ['tenants', 'show', 'acme'],
      ['tenants', 'list'],
    ]) {
      for (const format of [[], ['--json']]) {
        const { out, err } = await run(...argv, ...format);
        printed.push(out, err);
      }
    }
    const all = printed.join('');
    expect(all).toContain(keyId);
    expect(all).not.toContain(key);
    expect(all).not.toContain(record?.hash);
    expect(all).not.toContain(record?.usageKey);
    expect(all).not.toMatch(/pepper|"hash"/i);
  });

  it('a key typed in the wrong place is not repeated', async () => {
    const { run, key } = await aCliWithKey();
    for (const argv of [
      ['keys', 'revoke', key],
      ['keys', 'list', key],
      ['tenants', 'create', key, '--plan', 'free'],
      [key],
      ['keys', 'rotate', 'x', '--grace', key],
      ['keys', 'create', 'acme', '--cidr', key],
      ['tenants', 'create', 'other', '--plan', key],
    ]) {
      const { exitCode, out, err } = await run(...argv);
      expect(exitCode).toBeGreaterThan(0);
      expect(out + err).not.toContain(key.slice(-38));
    }
  });
});

describe('usage and failures', () => {
  it.each([
    [[]],
    [['frobnicate']],
    [['tenants']],
    [['tenants', 'create', 'acme']],
    [['tenants', 'create', 'Not_An_Id', '--plan', 'free']],
    [['tenants', 'list', 'extra']],
    [['keys', 'create', 'acme', '--role', 'root']],
    [['keys', 'create', 'acme', '--expires', 'soon']],
    [['keys', 'create', 'acme', '--expires', '0d']],
    [['keys', 'rotate', 'aaaaaaaa', '--grace', '1y']],
    [['keys', 'show', 'not-an-id']],
    [['--frob', 'tenants', 'list']],
  ])('%j exits 2', async (argv) => {
    const { run } = aCli();
    const plain = await run(...argv);
    expect(plain).toMatchObject({ exitCode: 2, out: '' });
    expect(plain.err).not.toBe('');
    const structured = await run('--json', ...argv);
    expect(structured).toMatchObject({ exitCode: 2, out: '' });
    expect(JSON.parse(structured.err)).toMatchObject({
      error: {
        code: expect.stringMatching(/^(USAGE|INVALID_INPUT)$/) as string,
        message: expect.any(String) as string,
      },
    });
  });

  it.each([[['--help']], [['keys', 'create', '--help']], [['help', 'keys']]])(
    '%j exits 0 without a connection',
    async (argv) => {
      const { run, targets } = aCli();
      const { exitCode, out, err } = await run(...argv);
      expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
      expect(out).toMatch(/^Usage: drawbridge/);
      expect(targets).toEqual([]);
    },
  );

  it('help has examples', async () => {
    const { run } = aCli();
    expect((await run('--help')).out).toMatch(/Examples:\n {2}npx drawbridge tenants create/);
    expect((await run('keys', 'create', '--help')).out).toMatch(
      /Examples:\n {2}npx drawbridge keys/,
    );
  });

  it('global options work before and after the command', async () => {
    const { run, targets } = aCli();
    await run('--env', 'prod', 'tenants', 'list', '--region', 'eu-west-1', '--profile', 'ops');
    expect(targets).toEqual([{ env: 'prod', region: 'eu-west-1', profile: 'ops' }]);
  });

  it('a failure of AWS says what could not be done and what to do next', async () => {
    const { run, breakWith } = await aCliWithKey();
    breakWith({
      listTenants: failing(
        'User is not authorized to perform dynamodb:Query',
        'AccessDeniedException',
      ),
    });
    expect(await run('tenants', 'list')).toEqual({
      exitCode: 1,
      out: '',
      err:
        'error: could not list the tenants: AccessDeniedException: User is not authorized to perform dynamodb:Query. ' +
        'Next: use credentials that may do this (docs/storage-schema.md, "Who may do what").\n',
    });
  });

  it('a failure that nobody foresaw is INTERNAL and exits 1', async () => {
    let err = '';
    const exitCode = await runCli(['tenants', 'list', '--json'], {
      terminal: { out: () => undefined, err: (text) => (err += text) },
      connect: failing('boom', 'TypeError'),
    });
    expect(exitCode).toBe(1);
    expect(JSON.parse(err)).toEqual({ error: { code: 'INTERNAL', message: 'boom' } });
  });

  it('the twin not running exits 1', async () => {
    let err = '';
    const exitCode = await runCli(['tenants', 'list'], {
      terminal: { out: () => undefined, err: (text) => (err += text) },
      connect: async () => {
        throw new CliError('TWIN_NOT_RUNNING', 'the twin is not running');
      },
    });
    expect({ exitCode, err }).toEqual({ exitCode: 1, err: 'error: the twin is not running\n' });
  });
});
