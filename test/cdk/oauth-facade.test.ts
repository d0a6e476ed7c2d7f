import { beforeAll, describe, expect, it } from 'vitest';
import { identityConfig } from '../../lib/identity-config.ts';
import { readable } from './support/cloudformation.ts';
import { configOf, synthesize, synthesizedEnv, type Synthesized } from './support/synth.ts';

const variablesOf = ({ gateway }: Synthesized): Readonly<Record<string, unknown>> => {
  const facade = gateway
    .ofType('AWS::Lambda::Function')
    .find(({ Properties }) => Properties['Description'] === 'Drawbridge OAuth facade');
  return (facade?.Properties['Environment'] as { Variables: Record<string, unknown> }).Variables;
};

/** The local configuration, deployed to `account` with these origins of client metadata documents. */
const synthesizeWith = (account: string | undefined, loopbackClientDocuments: string[]) => {
  const { account: _, identity, ...config } = configOf('local');
  if (identity.provider !== 'cognito') throw new Error('the twin has a user pool');
  return synthesize('local', {
    ...config,
    ...(account === undefined ? {} : { account }),
    identity: { ...identity, loopbackClientDocuments },
  });
};

describe('the OAuth facade', () => {
  let local: Synthesized;
  beforeAll(async () => {
    local = await synthesizedEnv('local');
  });

  it('of the twin may read client documents of this machine, at the origins that are listed', () => {
    expect(variablesOf(local)['OAUTH_LOOPBACK_ORIGINS']).toBe(
      'http://127.0.0.1:7490 http://127.0.0.1:7491 http://127.0.0.1:7492',
    );
  });

  it.each(['123456789012', undefined])('of account %s may not, and says so', async (account) => {
    await expect(synthesizeWith(account, ['http://127.0.0.1:7490'])).rejects.toThrow(
      'identity.loopbackClientDocuments is for the twin alone, whose account is 000000000000.',
    );
  });

  it('of an AWS account has no such origins', async () => {
    expect(variablesOf(await synthesizeWith('123456789012', []))).not.toHaveProperty(
      'OAUTH_LOOPBACK_ORIGINS',
    );
  });

  it.each([
    ['http://localhost:7490', true],
    ['https://127.0.0.1:7490', true],
    ['http://127.0.0.1', false],
    ['http://127.0.0.1:7490/', false],
    ['http://127.0.0.1:7490@app.example.com', false],
    ['http://10.0.0.1:7490', false],
    ['https://app.example.com', false],
  ])('an origin of this machine is %s: %s', (origin, isTaken) => {
    const identity = { provider: 'cognito', loopbackClientDocuments: [origin] };
    expect(identityConfig.safeParse(identity).success).toBe(isTaken);
  });

  it('puts out the id of the client for programs that do not register', () => {
    const outputs = (JSON.parse(local.gateway.text) as { Outputs: Record<string, object> }).Outputs;
    const { Value } = outputs['OAuthClientId'] as { Value: unknown };
    const [id] = Object.entries(local.gateway.resources).find(
      ([, { Type, Properties }]) =>
        Type === 'AWS::Cognito::UserPoolClient' && Properties['GenerateSecret'] === false,
    ) ?? [''];
    expect(readable(Value)).toBe(`{${id}}`);
  });
});
