import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { verifySignature } from '../../local/aws/sigv4.ts';
import { AwsError, countingLimits, createAwsCall, type AwsEnv } from '../../src/aws/aws-client.ts';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

interface Received {
  readonly request: IncomingMessage;
  readonly body: Buffer;
}

/** A service that answers each attempt by the next of `answers`, and keeps what it received. */
const service = async (...answers: ((response: ServerResponse) => void)[]) => {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ request, body: Buffer.concat(chunks) });
      (answers[received.length - 1] ?? answers.at(-1))?.(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const env: AwsEnv = {
    AWS_REGION: 'eu-central-1',
    AWS_ACCESS_KEY_ID: 'ASIAEXAMPLE',
    AWS_SECRET_ACCESS_KEY: 'secret/Key+1',
    AWS_SESSION_TOKEN: 'token==',
    AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
  };
  return { received, env };
};

const limits = { attempts: 2, timeoutMs: 150, maxResponseBytes: 1_000 };
const json = (status: number, value: unknown) => (response: ServerResponse) =>
  response
    .writeHead(status, { 'content-type': 'application/x-amz-json-1.0' })
    .end(JSON.stringify(value));
const ok = json(200, { Item: { pk: { S: 'KEY#1' } } });
const hang = () => undefined;

const failure = (promise: Promise<unknown>): Promise<AwsError> =>
  promise.then(
    () => expect.fail('it did not fail'),
    (error: unknown) => {
      expect(error).toBeInstanceOf(AwsError);
      return error as AwsError;
    },
  );

describe('a call', () => {
  it.each([
    ['dynamodb', 'GetItem', 'DynamoDB_20120810.GetItem', 'application/x-amz-json-1.0'],
    [
      'secretsmanager',
      'GetSecretValue',
      'secretsmanager.GetSecretValue',
      'application/x-amz-json-1.1',
    ],
  ] as const)(
    'of %s is signed as the service verifies it',
    async (name, operation, target, type) => {
      const { env, received } = await service(ok);
      expect(await createAwsCall(env, name)(operation, { Key: 'ä€😀' })).toEqual({
        Item: { pk: { S: 'KEY#1' } },
      });
      const [{ request, body } = expect.fail()] = received;
      expect(request.method).toBe('POST');
      expect(request.headers['x-amz-target']).toBe(target);
      expect(request.headers['content-type']).toBe(type);
      expect(JSON.parse(body.toString('utf8'))).toEqual({ Key: 'ä€😀' });
      const verdict = verifySignature(
        {
          method: 'POST',
          path: '/',
          query: '',
          headers: request.headers,
          body,
        },
        {
          service: name,
          region: 'eu-central-1',
          now: Date.now(),
          credentialsFor: (accessKeyId) =>
            accessKeyId === 'ASIAEXAMPLE'
              ? { secretAccessKey: 'secret/Key+1', sessionToken: 'token==' }
              : undefined,
        },
      );
      expect(verdict).toMatchObject({ kind: 'verified', accessKeyId: 'ASIAEXAMPLE' });
    },
  );

  it('takes the endpoint of its own service before the general one', async () => {
    const { env, received } = await service(ok);
    const own = {
      ...env,
      AWS_ENDPOINT_URL_DYNAMODB: env.AWS_ENDPOINT_URL,
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    };
    await createAwsCall(own, 'dynamodb', limits)('GetItem', {});
    expect(received).toHaveLength(1);
  });

  it.each([
    ['a fault of the service', json(500, { __type: 'InternalServerError' })],
    ['throttling', json(400, { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException' })],
    ['a hang', hang],
    ['a cut connection', (response: ServerResponse) => response.destroy()],
  ])('is repeated once after %s', async (_, first) => {
    const { env, received } = await service(first, ok);
    await createAwsCall(env, 'dynamodb', limits)('GetItem', {});
    expect(received).toHaveLength(2);
  });

  it('is not repeated when the input was at fault', async () => {
    const { env, received } = await service(
      json(400, { __type: 'x#AccessDeniedException', message: 'no' }),
    );
    const error = await failure(createAwsCall(env, 'dynamodb', limits)('GetItem', {}));
    expect(error).toMatchObject({
      name: 'AccessDeniedException',
      status: 400,
      message: 'GetItem failed',
    });
    expect(received).toHaveLength(1);
  });

  it('fails in bounded time when the service hangs', async () => {
    const { env, received } = await service(hang);
    const error = await failure(createAwsCall(env, 'dynamodb', limits)('GetItem', {}));
    expect(error).toMatchObject({ name: 'Unreachable', status: undefined });
    expect(received).toHaveLength(2);
  });

  it('is over in time when an answer trickles', async () => {
    const { env, received } = await service((response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(timer));
    });
    const call = createAwsCall(env, 'dynamodb', { ...limits, attempts: 1 });
    expect(await failure(call('GetItem', {}))).toMatchObject({ name: 'Unreachable' });
    expect(received).toHaveLength(1);
  });

  it('leaves no timer behind', async () => {
    const timers = () =>
      process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { env } = await service(ok);
    const call = createAwsCall(env, 'dynamodb', { ...limits, timeoutMs: 60_000 });
    await call('GetItem', {});
    const before = timers();
    for (let left = 20; left > 0; left -= 1) await call('GetItem', {});
    expect(timers() - before).toBeLessThan(20);
  });

  it('fails when nothing listens', async () => {
    const { env } = await service(ok);
    const nobody = { ...env, AWS_ENDPOINT_URL: 'http://127.0.0.1:1' };
    expect(await failure(createAwsCall(nobody, 'dynamodb', limits)('GetItem', {}))).toMatchObject({
      name: 'Unreachable',
    });
  });

  it('does not take an endless answer', async () => {
    const { env } = await service((response) => response.writeHead(200).end('x'.repeat(5_000)));
    expect(await failure(createAwsCall(env, 'dynamodb', limits)('GetItem', {}))).toMatchObject({
      name: 'Unreachable',
    });
  });

  it('does not quote an answer that is not JSON', async () => {
    const { env } = await service((response) => response.writeHead(200).end('pepper-in-the-clear'));
    const error = await failure(createAwsCall(env, 'secretsmanager', limits)('GetSecretValue', {}));
    expect(error.name).toBe('MalformedAnswer');
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(
      'pepper',
    );
  });
});

describe('the item of a failed condition', () => {
  const type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
  const item = { pk: { S: 'TENANT#acme#0' }, d20000: { N: '7' } };

  it('comes with the error, and is not in what the error prints', async () => {
    const { env, received } = await service(json(400, { __type: type, message: 'no', Item: item }));
    const error = await failure(createAwsCall(env, 'dynamodb', limits)('UpdateItem', {}));
    expect(error).toMatchObject({ name: 'ConditionalCheckFailedException', status: 400 });
    expect(error.item).toEqual(item);
    expect(`${inspect(error)} ${JSON.stringify(error)}`).not.toContain('d20000');
    expect(received).toHaveLength(1);
  });

  it('is absent when the service gives none', async () => {
    const { env } = await service(json(400, { __type: type, message: 'no' }));
    const error = await failure(createAwsCall(env, 'dynamodb', limits)('UpdateItem', {}));
    expect(error.name).toBe('ConditionalCheckFailedException');
    expect(error.item).toBeUndefined();
  });

  it('is not taken from another error', async () => {
    const { env } = await service(json(400, { __type: 'x#ValidationException', Item: item }));
    const error = await failure(createAwsCall(env, 'dynamodb', limits)('UpdateItem', {}));
    expect(error.item).toBeUndefined();
  });
});

describe('a call that counts', () => {
  const counting = { ...countingLimits, timeoutMs: 150 };

  it.each([
    ['a fault of the service', json(500, { __type: 'InternalServerError' })],
    ['a hang', hang],
    [
      'an answer that was cut',
      (response: ServerResponse) => {
        response.writeHead(200, { 'content-length': '50' }).write('{"Attributes":');
        setTimeout(() => response.destroy(), 20);
      },
    ],
    ['an answer that is not JSON', (response: ServerResponse) => response.writeHead(200).end('x')],
  ])('is not repeated after %s: it may have been done', async (_, first) => {
    const { env, received } = await service(first, ok);
    await failure(createAwsCall(env, 'dynamodb', counting)('UpdateItem', {}));
    expect(received).toHaveLength(1);
  });

  it.each([
    ['throttling', json(400, { __type: 'x#ProvisionedThroughputExceededException' })],
    [
      'a connection that was closed before an answer',
      (response: ServerResponse) => response.destroy(),
    ],
  ])('is repeated once after %s', async (_, first) => {
    const { env, received } = await service(first, ok);
    await createAwsCall(env, 'dynamodb', counting)('UpdateItem', {});
    expect(received).toHaveLength(2);
  });
});
