import { describe, expect, it } from 'vitest';
import { runCli } from '../../cli/program.ts';
import { aTenant } from '../contract/registry.contract.ts';
import { aWorld, failing, withMethods } from './admin-fixtures.ts';

const arn = 'arn:aws:iam::123456789012:role/ci';

/** A CLI on a world in memory that has the tenants acme and beta. */
const aCli = async (answer?: boolean) => {
  const world = aWorld();
  await world.registry.createTenant(aTenant('acme'));
  await world.registry.createTenant(aTenant('beta'));
  let registry: typeof world.ports.registry = world.registry;
  const questions: string[] = [];
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
      connect: async () => ({ ...world.ports, registry }),
    });
    return { exitCode, out, err };
  };
  const json = async (...argv: string[]): Promise<unknown> => {
    const { exitCode, out, err } = await run(...argv, '--json');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    return JSON.parse(out);
  };
  const errorOf = async (...argv: string[]) => {
    const { exitCode, out, err } = await run(...argv, '--json');
    expect(out).toBe('');
    const { error } = JSON.parse(err) as { error: { code: string; message: string } };
    return { exitCode, ...error };
  };
  const breakWith = (methods: Partial<typeof registry>) => {
    registry = withMethods(world.registry, methods);
  };
  const add = (tenant = 'acme', role = 'user', of = arn) =>
    json('principals', 'add', '--arn', of, '--tenant', tenant, '--role', role);
  return { ...world, run, json, errorOf, questions, breakWith, add };
};

const view = { arn, tenant: 'acme', role: 'user', createdAt: '2026-11-21T05:00:00.000Z' };

describe('principals', () => {
  it('add, show, list and remove print the principal', async () => {
    const cli = await aCli();
    expect(await cli.json('principals', 'list')).toEqual([]);
    expect(await cli.json('principals', 'add', '--arn', arn, '--tenant', 'acme')).toEqual(view);
    expect(await cli.json('principals', 'show', arn)).toEqual(view);
    expect(await cli.json('principals', 'list', '--tenant', 'acme')).toEqual([view]);
    expect(await cli.json('principals', 'remove', arn)).toEqual(view);
    expect(await cli.errorOf('principals', 'show', arn)).toMatchObject({
      exitCode: 1,
      code: 'PRINCIPAL_NOT_FOUND',
    });
  });

  it('a role’s path and a session are dropped', async () => {
    const cli = await aCli();
    expect(await cli.add('acme', 'user', 'arn:aws:iam::123456789012:role/team/ci')).toEqual(view);
    const session = 'arn:aws:sts::123456789012:assumed-role/ci/job';
    expect(await cli.json('principals', 'show', session)).toEqual(view);
  });

  it('list has the principals of all tenants, or of one, as a table', async () => {
    const cli = await aCli();
    await cli.add('beta', 'readonly', 'arn:aws:iam::123456789012:role/a');
    await cli.add('acme', 'user');
    expect((await cli.run('principals', 'list')).out).toBe(
      [
        'ARN                                TENANT  ROLE      CREATED',
        'arn:aws:iam::123456789012:role/ci  acme    user      2026-11-21T05:00:00.000Z',
        'arn:aws:iam::123456789012:role/a   beta    readonly  2026-11-21T05:00:00.000Z',
        '',
      ].join('\n'),
    );
    expect((await cli.run('principals', 'list', '--tenant', 'beta')).out).not.toContain('acme');
    expect(await cli.errorOf('principals', 'list', '--tenant', 'gone')).toMatchObject({
      code: 'TENANT_NOT_FOUND',
    });
  });

  it('an ARN belongs to one tenant: a second add changes nothing', async () => {
    const cli = await aCli();
    await cli.add('acme');
    expect(await cli.errorOf('principals', 'add', '--arn', arn, '--tenant', 'beta')).toMatchObject({
      exitCode: 1,
      code: 'PRINCIPAL_EXISTS',
      message: expect.stringMatching(/tenant "acme"/) as string,
    });
    expect(await cli.json('principals', 'show', arn)).toEqual(view);
  });

  it('a write whose answer was lost is settled by what is stored', async () => {
    const cli = await aCli();
    cli.breakWith({
      createPrincipal: async (record) => {
        await cli.registry.createPrincipal(record);
        return false;
      },
    });
    expect(await cli.add()).toEqual(view);
  });

  it.each([
    ['arn:aws:iam::123456789012:root', /root user cannot/],
    ['arn:aws:sts::123456789012:federated-user/dev', /federated/],
    ['arn:aws:sts::123456789012:assumed-role/ci', /session’s name is missing/],
    ['arn:aws:iam::123456789012:role/*', /no wildcards/],
    ['ci', /as in arn:aws:iam::123456789012:role\/ci/],
    ['arn:aws:iam::12345:role/ci', /as in arn:aws:iam::123456789012:role\/ci/],
    ['arn:aws:iam::123456789012:group/ci', /as in arn/],
  ])('%s is refused with what to give instead', async (given, message) => {
    const cli = await aCli();
    const error = await cli.errorOf('principals', 'add', '--arn', given, '--tenant', 'acme');
    expect(error).toMatchObject({ exitCode: 2, code: 'INVALID_INPUT' });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(given);
  });

  it('a tenant that is unknown or suspended is given no principal', async () => {
    const cli = await aCli();
    await cli.registry.createTenant(aTenant('idle', { status: 'suspended' }));
    const add = (tenant: string) =>
      cli.errorOf('principals', 'add', '--arn', arn, '--tenant', tenant);
    expect(await add('gone')).toMatchObject({ code: 'TENANT_NOT_FOUND' });
    expect(await add('idle')).toMatchObject({ code: 'TENANT_SUSPENDED' });
  });

  it('remove asks, and a no changes nothing', async () => {
    const cli = await aCli(false);
    await cli.add();
    expect(await cli.errorOf('principals', 'remove', arn)).toMatchObject({ code: 'DECLINED' });
    expect(cli.questions).toEqual([`Remove principal ${arn} of tenant acme?`]);
    expect(await cli.json('principals', 'show', arn)).toEqual(view);
    await cli.json('principals', 'remove', arn, '--yes');
    expect(await cli.registry.getPrincipal(arn)).toBeUndefined();
  });

  it('a table that fails is reported as such', async () => {
    const cli = await aCli();
    cli.breakWith({ createPrincipal: failing('down') });
    expect(await cli.errorOf('principals', 'add', '--arn', arn, '--tenant', 'acme')).toMatchObject({
      exitCode: 1,
      code: 'UPSTREAM_FAILED',
    });
  });
});
