import { describe, expect, it } from 'vitest';
import { createSecretValues } from '../../src/upstreams/secret-values.ts';

const aResolver = (secrets: Record<string, string>) => {
  const at = { now: 1_000_000 };
  const read: string[] = [];
  const values = createSecretValues({
    arns: { token: 'arn:token', login: 'arn:login', gone: 'arn:gone' },
    read: async (arn) => {
      read.push(arn);
      const value = secrets[arn];
      if (value === undefined) throw new Error('the secret has no string value');
      return value;
    },
    now: () => at.now,
  });
  return { values, at, read, secrets };
};

describe('the references in header values', () => {
  it('are filled in with secrets and their fields; other text stays', async () => {
    const { values } = aResolver({
      'arn:token': 's3cret',
      'arn:login': '{"user":"u","password":"p"}',
    });
    expect(
      await values({
        Authorization: 'Bearer ${secret:token}',
        'X-Login': '${secret:login#user}:${secret:login#password}',
        Accept: 'text/plain',
        Price: '${5}',
      }),
    ).toEqual({
      Authorization: 'Bearer s3cret',
      'X-Login': 'u:p',
      Accept: 'text/plain',
      Price: '${5}',
    });
  });

  it('are filled in once: a value that reads like a reference is a value', async () => {
    const { values, read } = aResolver({ 'arn:token': '${secret:login}' });
    expect(await values({ a: '${secret:token}' })).toEqual({ a: '${secret:login}' });
    expect(read).toEqual(['arn:token']);
  });

  it.each([
    ['${secret:other}', 'no secret "other" is declared for this deployment'],
    ['${secret:constructor}', 'no secret "constructor" is declared for this deployment'],
    ['${secret:gone}', 'the secret has no string value'],
    ['${secret:token#a}', '${secret:token#a}: the secret is not JSON'],
    ['${secret:login#b}', '${secret:login#b}: the secret has no such text field'],
    ['${secret:login#n}', '${secret:login#n}: the secret has no such text field'],
    ['${secret:login#toString}', '${secret:login#toString}: the secret has no such text field'],
    ['${env:HOME}', '${env:HOME} has no value at run time'],
  ])('%s that cannot be filled in is an error without a value in it', async (text, message) => {
    const { values } = aResolver({ 'arn:token': 'canary', 'arn:login': '{"a":"canary","n":7}' });
    const failure = await values({ header: text }).catch((error: unknown) => error);
    expect(failure).toMatchObject({ message });
    expect(String(failure)).not.toContain('canary');
  });
});

describe('a secret', () => {
  it('is read when it is first needed, once for many, and again after five minutes', async () => {
    const { values, at, read, secrets } = aResolver({ 'arn:token': 'one' });
    await Promise.all([values({ a: '${secret:token}' }), values({ b: '${secret:token}' })]);
    expect(read).toHaveLength(1);
    secrets['arn:token'] = 'two';
    at.now += 299_000;
    expect(await values({ a: '${secret:token}' })).toEqual({ a: 'one' });
    at.now += 1_001;
    expect(await values({ a: '${secret:token}' })).toEqual({ a: 'two' });
  });

  it('that was refused is read again at once, but not for each refusal', async () => {
    const { values, at, read, secrets } = aResolver({ 'arn:token': 'one' });
    await values({ a: '${secret:token}' });
    secrets['arn:token'] = 'two';
    at.now += 11_000;
    expect(await values({ a: '${secret:token}' }, { fresh: true })).toEqual({ a: 'two' });
    for (let times = 0; times < 5; times++) await values({ a: '${secret:token}' }, { fresh: true });
    expect(read).toHaveLength(2);
  });

  it('whose reading failed is read again with the next need', async () => {
    const { values, read, secrets } = aResolver({});
    await expect(values({ a: '${secret:token}' })).rejects.toThrow();
    secrets['arn:token'] = 'one';
    expect(await values({ a: '${secret:token}' })).toEqual({ a: 'one' });
    expect(read).toHaveLength(2);
  });
});
