import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Sha256 } from '@aws-crypto/sha256-js';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { SSMClient, GetParameterCommand } from '@aws-sdk/client-ssm';
import { SignatureV4 } from '@smithy/signature-v4';
import { describe, expect, it } from 'vitest';
import { credentialEnvironment } from '../../../local/aws/credentials.ts';
import { AwsFixture, region, roleArn } from './aws-fixture.ts';
import { bundle, eventually, functionArn, isAlive, json, LambdaFixture } from './lambda-fixture.ts';

describe('the endpoint', () => {
  it('refuses calls that are not signed with a key of its own', async () => {
    await using fixture = await AwsFixture.start();
    const bare = await fetch(fixture.endpoint.url, { method: 'POST', body: '{}' });
    expect(bare.status).toBe(403);
    expect(await bare.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
    const options = fixture.clientOptions();
    const get = new GetItemCommand({ TableName: 'Registry', Key: {} });
    const credentials = { ...options.credentials, accessKeyId: 'ASIAOTHER' };
    await expect(new DynamoDBClient({ ...options, credentials }).send(get)).rejects.toMatchObject({
      name: 'UnrecognizedClientException',
    });
    const forged = { ...options.credentials, secretAccessKey: 'guess' };
    await expect(
      new DynamoDBClient({ ...options, credentials: forged }).send(get),
    ).rejects.toMatchObject({ name: 'InvalidSignatureException' });
    expect(fixture.calls).toEqual([]);
  });

  it('refuses a clock that is five minutes off', async () => {
    await using fixture = await AwsFixture.start({ now: () => Date.now() + 6 * 60_000 });
    await expect(
      new SSMClient(fixture.clientOptions()).send(new GetParameterCommand({ Name: '/a' })),
    ).rejects.toThrow(/Signature expired/);
  });

  it('names the service and the call that it does not have', async () => {
    await using fixture = await AwsFixture.start();
    const { hostname, port, host } = new URL(fixture.endpoint.url);
    const signer = new SignatureV4({
      credentials: fixture.clientOptions().credentials,
      region,
      service: 'logs',
      sha256: Sha256,
    });
    const { headers } = await signer.sign({
      method: 'POST',
      protocol: 'http:',
      hostname,
      port: Number(port),
      path: '/',
      headers: { host, 'x-amz-target': 'Logs_20140328.PutLogEvents' },
      body: '{}',
    });
    const reply = await fetch(fixture.endpoint.url, { method: 'POST', headers, body: '{}' });
    expect(await reply.json()).toEqual({
      __type: 'UnknownOperationException',
      message: 'The twin does not implement logs (Logs_20140328.PutLogEvents)',
    });
  });

  it('reads at most 5 MB', async () => {
    await using fixture = await AwsFixture.start();
    const Key = { pk: { S: 'x'.repeat(5 * 1024 * 1024) } };
    await expect(
      new DynamoDBClient(fixture.clientOptions()).send(
        new GetItemCommand({ TableName: 'Registry', Key }),
      ),
    ).rejects.toMatchObject({ name: 'RequestEntityTooLargeException' });
  });

  it('is all that a bundled function needs, by the variables of each service or the one for all', async () => {
    await using aws = await AwsFixture.start();
    const source = `
      import { DynamoDBClient, GetItemCommand, DeleteItemCommand } from '@aws-sdk/client-dynamodb';
      import { SecretsManagerClient, GetSecretValueCommand } from '@aws-sdk/client-secrets-manager';
      const dynamodb = new DynamoDBClient();
      const secrets = new SecretsManagerClient();
      const Key = { pk: { S: 'a' }, sk: { S: 'b' } };
      export const handler = async () => {
        const got = await dynamodb.send(new GetItemCommand({ TableName: 'Registry', Key }));
        const secret = await secrets.send(new GetSecretValueCommand({ SecretId: 'pepper' }));
        const denied = await dynamodb.send(new DeleteItemCommand({ TableName: 'Registry', Key })).catch((e) => e.message);
        return { status: got.$metadata.httpStatusCode, length: secret.SecretString.length, denied };
      };`;
    const definition = await bundle('sdk', source, { roleArn });
    const { AWS_ENDPOINT_URL = '', AWS_ENDPOINT_URL_DYNAMODB = '' } = aws.endpoint.environment;
    const variables = { AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_DYNAMODB };
    await using lambda = new LambdaFixture([definition], {
      awsEnvironment: () => ({ ...credentialEnvironment(aws.role), ...variables }),
    });
    const result = await lambda.service.invoke(functionArn('sdk'), json({}));
    if (result.kind === 'throttled') throw new Error('throttled');
    expect(JSON.parse(result.payload.toString())).toEqual({
      status: 200,
      length: 40,
      denied: expect.stringContaining(
        '(Test/Mcp) is not authorized to perform: dynamodb:DeleteItem',
      ) as unknown,
    });
  });

  it('takes dynalite with it when the twin is killed', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'twin-kill-'));
    const room = new URL('../../../local/', import.meta.url).href;
    const script = `
      import { DynaliteProcess } from '${room}aws/dynamodb/dynalite-process.ts';
      await new DynaliteProcess({ dataDirectory: ${JSON.stringify(stateDir)}, region: 'us-east-1', accountId: '1' }).start();
      console.log('up');`;
    const twin = spawn(process.execPath, ['--input-type=module-typescript', '--eval', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(createInterface(twin.stdout), 'line');
    const children = readFileSync(`/proc/${twin.pid}/task/${twin.pid}/children`, 'utf8');
    const dynalite = Number(children.trim().split(' ')[0]);
    expect(isAlive(dynalite)).toBe(true);
    twin.kill('SIGKILL');
    expect(await eventually(() => !isAlive(dynalite))).toBe(true);
    rmSync(stateDir, { recursive: true });
  });

  it('leaves nothing behind in a state directory but its data', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'twin-state-'));
    await (await AwsFixture.start({ stateDir }))[Symbol.asyncDispose]();
    expect(readdirSync(stateDir).sort()).toEqual(['dynamodb', 'secrets.json']);
    rmSync(stateDir, { recursive: true });
  });
});
