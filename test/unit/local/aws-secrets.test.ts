import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutResourcePolicyCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import {
  GetParameterCommand,
  GetParametersCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { describe, expect, it } from 'vitest';
import {
  generateSecret,
  generateSecretString,
} from '../../../local/aws/secretsmanager/generate-secret.ts';
import { AwsFixture, resource, secretArn, template } from './aws-fixture.ts';

const SecretId = 'pepper';

describe('Secrets Manager', () => {
  it('generates a secret once, keeps it over a restart, and tells it to a role that may read it', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'twin-aws-'));
    const values: (string | undefined)[] = [];
    for (const id of [SecretId, secretArn]) {
      await using fixture = await AwsFixture.start({ stateDir });
      const client = new SecretsManagerClient(fixture.clientOptions());
      const secret = await client.send(new GetSecretValueCommand({ SecretId: id }));
      expect(secret).toMatchObject({
        ARN: secretArn,
        Name: 'pepper',
        VersionStages: ['AWSCURRENT'],
      });
      expect(secret.CreatedDate).toBeInstanceOf(Date);
      values.push(secret.SecretString);
    }
    expect(values[0]).toMatch(/^[A-Za-z0-9]{40}$/);
    expect(values[1]).toBe(values[0]);
    expect(statSync(join(stateDir, 'secrets.json')).mode & 0o777).toBe(0o600);
    rmSync(stateDir, { recursive: true });
  });

  it('moves AWSCURRENT and AWSPREVIOUS with each new value', async () => {
    await using fixture = await AwsFixture.start();
    const client = new SecretsManagerClient(fixture.clientOptions('operator'));
    const value = async (VersionStage?: string) =>
      (
        await client.send(
          new GetSecretValueCommand({ SecretId, ...(VersionStage ? { VersionStage } : {}) }),
        )
      ).SecretString;
    const generated = await value();
    await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'two' }));
    expect([await value(), await value('AWSPREVIOUS')]).toEqual(['two', generated]);
    await client.send(new PutSecretValueCommand({ SecretId, SecretString: 'three' }));
    expect([await value(), await value('AWSPREVIOUS')]).toEqual(['three', 'two']);
    const described = await client.send(new DescribeSecretCommand({ SecretId }));
    expect(
      Object.values(described.VersionIdsToStages ?? {})
        .flat()
        .sort(),
    ).toEqual(['AWSCURRENT', 'AWSPREVIOUS']);
    await client.send(
      new PutSecretValueCommand({ SecretId, SecretString: 'four', VersionStages: ['PENDING'] }),
    );
    expect([await value(), await value('PENDING')]).toEqual(['three', 'four']);
  });

  it('refuses what the role may not, what is not there, and what the twin does not have', async () => {
    await using fixture = await AwsFixture.start();
    const role = new SecretsManagerClient(fixture.clientOptions());
    await expect(
      role.send(new PutSecretValueCommand({ SecretId, SecretString: 'x' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    await expect(
      role.send(new GetSecretValueCommand({ SecretId: 'unknown' })),
    ).rejects.toMatchObject({ name: 'AccessDeniedException' });
    const operator = new SecretsManagerClient(fixture.clientOptions('operator'));
    await expect(
      operator.send(new GetSecretValueCommand({ SecretId: 'unknown' })),
    ).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(
      operator.send(new PutResourcePolicyCommand({ SecretId, ResourcePolicy: '{}' })),
    ).rejects.toThrow('The twin does not implement secretsmanager:PutResourcePolicy');
    await expect(
      operator.send(new PutSecretValueCommand({ SecretId, SecretBinary: Buffer.from('x') })),
    ).rejects.toThrow(/the parameter SecretBinary of secretsmanager:PutSecretValue/);
  });

  it('takes a literal value as it stands, and a changed one as a new version', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'twin-aws-'));
    for (const SecretString of ['one', 'two']) {
      const literal = resource('AWS::SecretsManager::Secret', secretArn, secretArn, {
        SecretString,
        Name: 'pepper',
      });
      const resources = [literal, ...template.filter(({ arn }) => arn !== secretArn)];
      await using fixture = await AwsFixture.start({ stateDir, resources });
      const client = new SecretsManagerClient(fixture.clientOptions());
      const secret = await client.send(new GetSecretValueCommand({ SecretId }));
      expect(secret.SecretString).toBe(SecretString);
    }
    rmSync(stateDir, { recursive: true });
  });
});

describe('GenerateSecretString', () => {
  it('puts the password under its key of the template', () => {
    const rules = generateSecretString.parse({
      SecretStringTemplate: '{"user":"a"}',
      GenerateStringKey: 'password',
      PasswordLength: '12',
      ExcludeCharacters: '"@/\\',
    });
    const secret = JSON.parse(generateSecret(rules)) as Record<string, string>;
    expect(secret['user']).toBe('a');
    expect(secret['password']).toMatch(/^[^"@/\\]{12}$/);
  });

  it('holds one character of each type', () => {
    const rules = generateSecretString.parse({ PasswordLength: 4 });
    for (let i = 0; i < 50; i++) {
      const value = generateSecret(rules);
      for (const type of [/[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9]/]) expect(value).toMatch(type);
    }
  });
});

describe('SSM', () => {
  it('serves the parameters of the template to a role that may read them', async () => {
    await using fixture = await AwsFixture.start();
    const role = new SSMClient(fixture.clientOptions());
    const got = await role.send(new GetParameterCommand({ Name: '/drawbridge/plan' }));
    expect(got.Parameter).toMatchObject({ Name: '/drawbridge/plan', Value: 'gold', Version: 1 });
    const byArn = await role.send(new GetParameterCommand({ Name: got.Parameter?.ARN }));
    expect(byArn.Parameter?.Value).toBe('gold');
    await expect(role.send(new GetParameterCommand({ Name: '/else' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
    });
    await expect(
      role.send(new GetParameterCommand({ Name: '/drawbridge/none' })),
    ).rejects.toMatchObject({ name: 'ParameterNotFound' });
    const operator = new SSMClient(fixture.clientOptions('operator'));
    const both = await operator.send(
      new GetParametersCommand({ Names: ['/drawbridge/plan', '/else'] }),
    );
    expect(both.Parameters?.map(({ Value }) => Value)).toEqual(['gold']);
    expect(both.InvalidParameters).toEqual(['/else']);
    await expect(
      operator.send(new PutParameterCommand({ Name: '/x', Value: 'y' })),
    ).rejects.toThrow('The twin does not implement ssm:PutParameter');
  });
});
