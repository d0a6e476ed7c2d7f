import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { describe, expect, it } from 'vitest';
import { SecretsManagerValues } from '../../src/admin/secrets-manager-values.ts';
import { failing, failureOf, withMethods } from './admin-fixtures.ts';
import { aServersCli } from './cli-servers.ts';
import { AwsFixture, secretArn } from './local/aws-fixture.ts';

const canary = 'canary-value';

describe('secrets set', () => {
  it('takes the value from standard input, less the line’s end, and never prints it', async () => {
    const cli = await aServersCli({ input: `${canary}\r\n` });
    const { exitCode, out, err } = await cli.run('secrets', 'set', 'weather-token');
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
    expect(out).toMatch(/^Secret weather-token is set\./);
    expect(out).not.toContain(canary);
    expect(cli.secrets.values).toEqual(new Map([['weather-token', canary]]));
    expect(await cli.json('secrets', 'set', 'weather-token')).toEqual({
      name: 'weather-token',
      isSet: true,
      changedAt: '2026-11-21T05:00:00.000Z',
    });
  });

  it('asks for it, hidden, where somebody is there', async () => {
    const cli = await aServersCli({ hidden: ' with spaces ', input: 'not this' });
    await cli.run('secrets', 'set', 'weather-token');
    expect(cli.questions).toEqual(['Value of weather-token']);
    expect(cli.secrets.values.get('weather-token')).toBe(' with spaces ');
  });

  it('is not taken from the command line', async () => {
    const cli = await aServersCli({ input: '' });
    const { exitCode } = await cli.run('secrets', 'set', 'weather-token', canary);
    expect(exitCode).toBe(2);
    expect(cli.secrets.values.size).toBe(0);
  });

  it.each([
    ['', /no value was given/],
    ['\n', /no value was given/],
    ['x'.repeat(65_537), /too long/],
  ])('refuses %#', async (input, message) => {
    const cli = await aServersCli({ input });
    const error = await cli.errorOf('secrets', 'set', 'weather-token');
    expect(error).toMatchObject({ exitCode: 2, code: 'INVALID_INPUT' });
    expect(error.message).toMatch(message);
    expect(error.message).not.toContain('xxx');
    expect(cli.secrets.values.size).toBe(0);
  });

  it('a name that the deployment does not have is refused with those it has', async () => {
    const cli = await aServersCli({ input: canary });
    const error = await cli.errorOf('secrets', 'set', 'constructor');
    expect(error).toMatchObject({ exitCode: 1, code: 'SECRET_UNKNOWN' });
    expect(error.message).toContain('it has weather-token');
    expect(error.message).not.toContain(canary);
  });

  it('a refusal of AWS is told without the value', async () => {
    const cli = await aServersCli({ input: canary });
    cli.replacePorts({ secrets: withMethods(cli.secrets, { write: failing('down') }) });
    const { message, exitCode } = await cli.errorOf('secrets', 'set', 'weather-token');
    expect(exitCode).toBe(1);
    expect(message).not.toContain(canary);
  });
});

describe('secrets list', () => {
  it('has the names and whether they are set', async () => {
    const cli = await aServersCli({
      input: canary,
      deployment: { secretNames: ['weather-token', 'items-api-key'] },
    });
    await cli.run('secrets', 'set', 'weather-token');
    expect((await cli.run('secrets', 'list')).out).toBe(
      [
        'NAME           SET  CHANGED',
        'items-api-key  no   -',
        'weather-token  yes  2026-11-21T05:00:00.000Z',
        '',
      ].join('\n'),
    );
    const none = await aServersCli({ deployment: { secretNames: [] } });
    expect((await none.run('secrets', 'list')).out).toMatch(/^This deployment has no secrets/);
  });
});

describe('in Secrets Manager', () => {
  const valuesOf = (fixture: AwsFixture, who: 'role' | 'operator') =>
    new SecretsManagerValues({
      client: new SecretsManagerClient(fixture.clientOptions(who)),
      arns: { token: secretArn },
    });

  it('a secret is not set until it is, and then reads back', async () => {
    await using fixture = await AwsFixture.start();
    const secrets = valuesOf(fixture, 'operator');
    expect(await secrets.status('token')).toEqual({ isSet: false });
    await secrets.write('token', canary);
    expect(await secrets.status('token')).toEqual({
      isSet: true,
      changedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    });
    expect(await secrets.read(secretArn)).toBe(canary);
  });

  it('who may not is told so, without the value', async () => {
    await using fixture = await AwsFixture.start();
    const failure = await failureOf(valuesOf(fixture, 'role').write('token', canary));
    expect(failure).toMatchObject({ code: 'UPSTREAM_DENIED' });
    expect(failure.message).not.toContain(canary);
  });

  it('a name without a secret is not asked for', async () => {
    await using fixture = await AwsFixture.start();
    const failure = await failureOf(valuesOf(fixture, 'operator').status('constructor'));
    expect(failure).toMatchObject({ code: 'SECRET_UNKNOWN' });
    expect(fixture.calls).toEqual([]);
  });
});
