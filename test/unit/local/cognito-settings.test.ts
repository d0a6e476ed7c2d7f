import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { startCognito } from '../../../local/cognito/cognito.ts';
import { cognitoAddresses, readCognitoSettings } from '../../../local/cognito/cognito-settings.ts';
import { openListener } from '../../../local/cognito/listener.ts';
import type { DeployedResource } from '../../../local/template/deployment.ts';
import { loadDeployment, type LoadOptions } from '../../../local/template/load-deployment.ts';
import { deploymentOf, resource } from './aws-fixture.ts';
import {
  client,
  FakeTrigger,
  issuer,
  machine,
  pool,
  poolId,
  replacing,
  template,
  triggerArn,
  withTrigger,
} from './cognito-fixture.ts';

const settingsOf = (resources: readonly DeployedResource[]) =>
  readCognitoSettings(deploymentOf(resources));

describe('the settings of the pool', () => {
  test('are read from the template', () => {
    expect(settingsOf(replacing(withTrigger()))).toMatchObject({
      poolId,
      issuer,
      jwksUri: `${issuer}/.well-known/jwks.json`,
      hostedUrl: 'https://bridge.auth.us-east-1.amazoncognito.com',
      trigger: { functionArn: triggerArn, version: 'V3_0' },
      groups: ['tenant.demo'],
      notEvaluated: [],
    });
    expect(settingsOf([])).toBeUndefined();
  });

  test('give Cognito defaults and units of validity', () => {
    const timed = client('timed', {
      AccessTokenValidity: 2,
      RefreshTokenValidity: 90,
      TokenValidityUnits: { RefreshToken: 'minutes' },
    });
    const clients = settingsOf(replacing([timed]))?.clients ?? [];
    const seconds = (id: string) => {
      const found = clients.find(({ clientId }) => clientId === id);
      return [found?.accessTokenSeconds, found?.idTokenSeconds, found?.refreshTokenSeconds];
    };
    expect(seconds('public')).toEqual([3600, 3600, 2_592_000]);
    expect(seconds('timed')).toEqual([7200, 3600, 5400]);
  });

  test('note what only AWS does', () => {
    const notes = settingsOf(
      replacing([
        pool({ MfaConfiguration: 'ON', UserPoolAddOns: { AdvancedSecurityMode: 'ENFORCED' } }),
        client('public', {
          RefreshTokenRotation: { Feature: 'ENABLED', RetryGracePeriodSeconds: 10 },
        }),
      ]),
    )?.notEvaluated;
    expect(notes?.join('\n')).toMatch(/MfaConfiguration ON[^]*AdvancedSecurityMode[^]*RetryGrace/u);
  });

  test('leave out a client without OAuth', () => {
    const bare = client('public', { AllowedOAuthFlowsUserPoolClient: false });
    expect(settingsOf(replacing([bare]))?.clients.map(({ clientId }) => clientId)).not.toContain(
      'public',
    );
  });

  const [permittedPool] = withTrigger();
  test.each<[string, readonly DeployedResource[], RegExp]>([
    ['another trigger', [pool({ LambdaConfig: { PreSignUp: 'arn' } })], /PreSignUp/u],
    ['a V1_0 trigger', [pool({ LambdaConfig: { PreTokenGeneration: 'arn' } })], /V1_0/u],
    ['a trigger without permission', permittedPool ? [permittedPool] : [], /Lambda::Permission/u],
    ['the implicit flow', [client('public', { AllowedOAuthFlows: ['implicit'] })], /Test\/public/u],
    [
      'an identity provider',
      [client('public', { SupportedIdentityProviders: ['Google'] })],
      /Test\/public/u,
    ],
    ['a machine without a secret', [machine({ GenerateSecret: false })], /GenerateSecret/u],
    ['an unknown scope', [client('public', { AllowedOAuthScopes: ['x/y'] })], /x\/y/u],
    [
      'a callback in clear',
      [client('public', { CallbackURLs: ['http://example.com/cb'] })],
      /http:\/\/example\.com\/cb/u,
    ],
    ['a foreign pool', [client('public', { UserPoolId: 'other' })], /outside/u],
    [
      'a second pool',
      [resource('AWS::Cognito::UserPool', 'second', 'arn', {})],
      /one user pool.*Test\/second/u,
    ],
  ])('refuse %s by name', (_name, resources, message) => {
    expect(() => settingsOf(replacing(resources))).toThrow(message);
  });

  test('are needed to start', async () => {
    const options = { functions: new FakeTrigger(), stateDir: tmpdir() };
    await expect(startCognito({ deployment: deploymentOf([]), ...options })).rejects.toThrow(
      'AWS::Cognito::UserPool',
    );
  });
});

describe('the loaded template', () => {
  const directories: string[] = [];
  afterEach(() => {
    for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
  });

  const load = (
    Resources: Record<string, { Type: string; Properties?: object }>,
    options: Partial<LoadOptions> = {},
  ) => {
    const directory = mkdtempSync(join(tmpdir(), 'twin-cdk-'));
    directories.push(directory);
    mkdirSync(directory, { recursive: true });
    const artifact = {
      type: 'aws:cloudformation:stack',
      properties: { templateFile: 'Id.template.json', stackName: 'Id' },
    };
    writeFileSync(
      join(directory, 'manifest.json'),
      JSON.stringify({ artifacts: { Id: artifact } }),
    );
    writeFileSync(join(directory, 'Id.template.json'), JSON.stringify({ Resources }));
    return loadDeployment(directory, {
      accountId: '000000000000',
      region: 'us-east-1',
      ...options,
    });
  };

  const resources = {
    Pool: { Type: 'AWS::Cognito::UserPool' },
    Server: {
      Type: 'AWS::Cognito::UserPoolResourceServer',
      Properties: {
        UserPoolId: { Ref: 'Pool' },
        Identifier: 'drawbridge',
        Scopes: [{ ScopeName: 'mcp' }],
      },
    },
    Domain: {
      Type: 'AWS::Cognito::UserPoolDomain',
      Properties: {
        UserPoolId: { Ref: 'Pool' },
        Domain: { 'Fn::Sub': 'bridge-${AWS::AccountId}' },
      },
    },
    Client: {
      Type: 'AWS::Cognito::UserPoolClient',
      Properties: {
        UserPoolId: { Ref: 'Pool' },
        AllowedOAuthFlowsUserPoolClient: true,
        AllowedOAuthFlows: ['code'],
        AllowedOAuthScopes: [{ 'Fn::Join': ['/', [{ Ref: 'Server' }, 'mcp']] }],
        CallbackURLs: ['https://api.example/live/oauth/callback'],
      },
    },
    Branding: {
      Type: 'AWS::Cognito::ManagedLoginBranding',
      Properties: { UserPoolId: { Ref: 'Pool' }, ClientId: { Ref: 'Client' } },
    },
    Note: {
      Type: 'AWS::SSM::Parameter',
      Properties: {
        Name: 'note',
        Issuer: { 'Fn::GetAtt': ['Pool', 'ProviderURL'] },
        Keys: {
          'Fn::Join': ['', [{ 'Fn::GetAtt': 'Pool.ProviderURL' }, '/.well-known/jwks.json']],
        },
        Login: {
          'Fn::Sub': 'https://${Domain}.auth.${AWS::Region}.amazoncognito.com/oauth2/token',
        },
        Client: { Ref: 'Client' },
      },
    },
  };

  const noteOf = (deployment: ReturnType<typeof load>) =>
    deployment.ofType('AWS::SSM::Parameter')[0]?.properties ?? {};

  test('has ids of the shape that AWS gives, the same at every start', () => {
    const deployment = load(resources);
    const settings = readCognitoSettings(deployment);
    expect(settings?.poolId).toMatch(/^us-east-1_[a-z0-9]{9}$/u);
    expect(settings?.clients[0]?.clientId).toMatch(/^[a-z0-9]{26}$/u);
    expect(settings?.clients[0]?.scopes).toEqual(['drawbridge/mcp']);
    expect(settings?.hostedUrl).toBe(
      'https://bridge-000000000000.auth.us-east-1.amazoncognito.com',
    );
    expect(noteOf(deployment)['Issuer']).toBe(settings?.issuer);
    expect(readCognitoSettings(load(resources))).toEqual(settings);
  });

  test('gives out no client secret', () => {
    const leaking = {
      ...resources,
      Note: {
        Type: 'AWS::SSM::Parameter',
        Properties: { Name: 'note', Value: { 'Fn::GetAtt': ['Client', 'ClientSecret'] } },
      },
    };
    expect(() => load(leaking)).toThrow(/ClientSecret of Id\/Client/u);
  });

  test('is readdressed: the longer text first, each place once, the issuer not', () => {
    const settings = readCognitoSettings(load(resources));
    if (settings === undefined) throw new Error('no pool');
    const url = 'http://127.0.0.1:9000';
    const addressBook = [
      ['https://api.example', 'wrong'],
      ['https://api.example/live', 'http://127.0.0.1:7400'],
      ['http://127.0.0.1:7400', 'replaced twice'],
      ...cognitoAddresses(settings, url),
    ] as const;
    const deployment = load(resources, { addressBook });
    expect(noteOf(deployment)).toMatchObject({
      Issuer: settings.issuer,
      Keys: `${url}/${settings.poolId}/.well-known/jwks.json`,
      Login: `${url}/oauth2/token`,
    });
    expect(readCognitoSettings(deployment)?.clients[0]?.callbackUrls).toEqual([
      'http://127.0.0.1:7400/oauth/callback',
    ]);
  });
});

describe('a listener', () => {
  test('has its URL before it serves', async () => {
    const listener = await openListener(0);
    try {
      expect((await fetch(listener.url)).status).toBe(503);
      const stateDir = mkdtempSync(join(tmpdir(), 'twin-cognito-'));
      const deployment = deploymentOf(template);
      const functions = new FakeTrigger();
      const cognito = await startCognito({ deployment, functions, stateDir, listener });
      expect(cognito.url).toBe(listener.url);
      expect((await fetch(`${listener.url}/${poolId}/.well-known/jwks.json`)).status).toBe(200);
      await cognito.close();
      rmSync(stateDir, { recursive: true });
    } finally {
      await listener.close();
    }
  });
});
