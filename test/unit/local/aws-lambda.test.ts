import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSignedRequest } from '../../../src/aws/signed-request.ts';
import { tempFolder } from '../support/temp-dir.ts';
import { LambdaApiFixture } from './lambda-api-fixture.ts';
import { bundle, functionArn } from './lambda-fixture.ts';

const ECHO = `
export const handler = async (event, context) => {
  if (event.fail) throw new Error('as you wish');
  if (event.slow) await new Promise((resolve) => setTimeout(resolve, event.slow));
  return { event, tenantId: context.tenantId ?? null };
};`;

const STREAM = `
import { writeFileSync } from 'node:fs';
export const handler = awslambda.streamifyResponse(async (event, output, context) => {
  if (event.progressFile) writeFileSync(event.progressFile, 'began');
  if (event.failFirst) throw new Error('before the first byte');
  output.write('one;');
  if (event.failLater) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    throw new TypeError('in the midst');
  }
  for (let i = 0; i < (event.chunks ?? 0); i++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    output.write('more;');
  }
  if (event.progressFile) writeFileSync(event.progressFile, 'ran to its end');
  output.end('two');
});`;

let twin: LambdaApiFixture;
beforeAll(async () => {
  twin = await LambdaApiFixture.start(
    [
      await bundle('echo', ECHO),
      await bundle('stream', STREAM),
      await bundle('tenants', ECHO, { isPerTenant: true }),
      await bundle('narrow', ECHO, { reservedConcurrency: 1 }),
      await bundle('forbidden', ECHO),
    ],
    { allowed: ['echo', 'echo:live', 'stream', 'tenants', 'narrow', 'missing'].map(functionArn) },
  );
});
afterAll(() => twin[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

const post = async (
  path: string,
  body: string | Buffer = '{}',
  headers: Record<string, string> = {},
  signal = AbortSignal.timeout(10_000),
): Promise<Answer> => {
  const response = await createSignedRequest(
    twin.env,
    'lambda',
  )({
    path,
    headers: { 'Content-Type': 'application/json', ...headers },
    body: body.toString(),
    until: signal,
  });
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: Buffer.concat(chunks),
  };
};

const invoke = (name: string, body?: string | Buffer, headers?: Record<string, string>) =>
  post(`/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, body, headers);

const stream = (
  name: string,
  body?: string,
  headers?: Record<string, string>,
  signal?: AbortSignal,
) => post(`/2021-11-15/functions/${name}/response-streaming-invocations`, body, headers, signal);

const parsed = ({ body }: Answer): unknown => JSON.parse(body.toString());

const refusal = (answer: Answer) => ({
  status: answer.status,
  type: answer.headers['x-amzn-errortype'],
  message: (parsed(answer) as { message: string }).message,
});

/** Reads the framing by hand (AWS: "Event stream encoding"): shares nothing with the code under test. */
const eventsOf = ({ body }: Answer) => {
  const events: { headers: Record<string, string>; text: string }[] = [];
  for (let at = 0; at < body.length;) {
    const total = body.readUInt32BE(at);
    const headersLength = body.readUInt32BE(at + 4);
    expect(body.readUInt32BE(at + 8)).toBe(crc32(body.subarray(at, at + 8)));
    expect(body.readUInt32BE(at + total - 4)).toBe(crc32(body.subarray(at, at + total - 4)));
    const headers: Record<string, string> = {};
    const end = at + 12 + headersLength;
    for (let position = at + 12; position < end;) {
      const nameLength = body.readUInt8(position);
      const name = body.toString('utf8', position + 1, position + 1 + nameLength);
      position += 1 + nameLength;
      expect(body.readUInt8(position)).toBe(7);
      const length = body.readUInt16BE(position + 1);
      headers[name] = body.toString('utf8', position + 3, position + 3 + length);
      position += 3 + length;
    }
    events.push({ headers, text: body.toString('utf8', end, at + total - 4) });
    at += total;
  }
  return events;
};

describe('Invoke', () => {
  it('gives what the function returned', async () => {
    const answer = await invoke('echo', '{"a":1}');
    expect(answer.status).toBe(200);
    expect(parsed(answer)).toEqual({ event: { a: 1 }, tenantId: null });
    expect(answer.headers['x-amz-executed-version']).toBe('$LATEST');
    expect(answer.headers).not.toHaveProperty('x-amz-function-error');
    expect(twin.calls.at(-1)).toMatchObject({
      action: 'lambda:InvokeFunction',
      resource: functionArn('echo'),
    });
  });

  it.each([
    'echo',
    'echo:$LATEST',
    '123456789012:function:echo',
    functionArn('echo'),
    `${functionArn('echo')}:$LATEST`,
  ])('knows its function as %s', async (name) => {
    expect((await invoke(name)).status).toBe(200);
  });

  it('gives an error of the function as an answer', async () => {
    const answer = await invoke('echo', '{"fail":true}');
    expect(answer.status).toBe(200);
    expect(answer.headers['x-amz-function-error']).toBe('Unhandled');
    expect(parsed(answer)).toMatchObject({ errorType: 'Error', errorMessage: 'as you wish' });
  });

  it('refuses a caller whose role does not say so, before it says whether there is such a function', async () => {
    const message = /Test\/Mcp.*not authorized to perform: lambda:InvokeFunction on resource/;
    for (const name of ['forbidden', 'nowhere']) {
      const answer = refusal(await invoke(name));
      expect(answer).toMatchObject({ status: 403, type: 'AccessDeniedException' });
      expect(answer.message).toMatch(message);
    }
  });

  it('refuses what is not there', async () => {
    expect(refusal(await invoke('missing'))).toEqual({
      status: 404,
      type: 'ResourceNotFoundException',
      message: `Function not found: ${functionArn('missing')}`,
    });
    expect(refusal(await invoke('echo:live'))).toMatchObject({ status: 404 });
    expect(refusal(await invoke('no good!'))).toMatchObject({ type: 'ValidationException' });
  });

  it.each([
    [{ 'X-Amz-Invocation-Type': 'Event' }, 'InvocationType Event'],
    [{ 'X-Amz-Invocation-Type': 'DryRun' }, 'InvocationType DryRun'],
    [{ 'X-Amz-Log-Type': 'Tail' }, 'LogType Tail'],
    [{ 'X-Amz-Client-Context': 'e30=' }, 'x-amz-client-context'],
  ])('names what of it the twin does not do: %j', async (headers, name) => {
    const answer = refusal(await invoke('echo', '{}', headers));
    expect(answer.type).toBe('UnknownOperationException');
    expect(answer.message).toContain(name);
  });

  it('names an operation that the twin does not have', async () => {
    const answer = refusal(await post('/2015-03-31/functions/echo/versions'));
    expect(answer.message).toContain('lambda: POST /2015-03-31/functions/echo/versions');
  });

  it('takes 6 MB and no more', async () => {
    const quoted = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`;
    const limit = 6 * 1024 * 1024;
    expect(refusal(await invoke('echo', quoted(limit + 1)))).toMatchObject({
      status: 413,
      type: 'RequestTooLargeException',
    });
    expect((await invoke('echo', quoted(limit - 200))).status).toBe(200);
  });

  it('refuses what is not JSON', async () => {
    expect(refusal(await invoke('echo', '{'))).toMatchObject({
      status: 400,
      type: 'InvalidRequestContentException',
    });
  });

  it('throttles above the reserved concurrency', async () => {
    const first = invoke('narrow', '{"slow":1000}');
    await expect
      .poll(() => twin.lambda.stats()['Stack/narrow']?.invocations, { interval: 5 })
      .toBe(1);
    expect(refusal(await invoke('narrow'))).toEqual({
      status: 429,
      type: 'TooManyRequestsException',
      message: 'Rate Exceeded.',
    });
    expect((await first).status).toBe(200);
  });
});

describe('a tenant id', () => {
  const tenant = (id: string) => ({ 'X-Amz-Tenant-Id': id });

  it('reaches the function', async () => {
    const answer = await invoke('tenants', '{}', tenant('blue'));
    expect(parsed(answer)).toEqual({ event: {}, tenantId: 'blue' });
  });

  it.each([
    ['tenants', {}, /enabled with tenancy configuration/],
    ['echo', tenant('blue'), /not enabled with tenancy configuration/],
    ['tenants', tenant('a#b'), /constraint/],
    ['tenants', tenant('x'.repeat(257)), /constraint/],
  ])(
    'is refused where it should not be, and missed where it should: %s %j',
    async (name, headers, message) => {
      const answer = refusal(await invoke(name, '{}', headers));
      expect(answer).toMatchObject({ status: 400, type: 'InvalidParameterValueException' });
      expect(answer.message).toMatch(message);
    },
  );
});

describe('InvokeWithResponseStream', () => {
  it('sends what the function writes as events, and one at the end', async () => {
    const answer = await stream('stream', '{"chunks":1}');
    expect(answer.headers['content-type']).toBe('application/vnd.amazon.eventstream');
    const events = eventsOf(answer);
    const chunks = events.slice(0, -1);
    expect(chunks.map(({ text }) => text).join('')).toBe('one;more;two');
    expect(chunks.length).toBeGreaterThan(1);
    expect(chunks[0]?.headers).toEqual({
      ':event-type': 'PayloadChunk',
      ':content-type': 'application/octet-stream',
      ':message-type': 'event',
    });
    expect(events.at(-1)).toEqual({
      headers: {
        ':event-type': 'InvokeComplete',
        ':content-type': 'application/json',
        ':message-type': 'event',
      },
      text: '{}',
    });
  });

  it('says in the last event how the function failed', async () => {
    const later = eventsOf(await stream('stream', '{"failLater":true}'));
    expect(later[0]?.text).toBe('one;');
    expect(JSON.parse(later.at(-1)?.text ?? '')).toEqual({
      ErrorCode: 'TypeError',
      ErrorDetails: 'in the midst',
    });
    const first = eventsOf(await stream('stream', '{"failFirst":true}'));
    expect(first).toHaveLength(1);
    expect(JSON.parse(first[0]?.text ?? '')).toMatchObject({ ErrorCode: 'Error' });
  });

  it('lets a function run to its end when its caller goes away', async () => {
    const progressFile = join(tempFolder({}), 'progress');
    const controller = new AbortController();
    const event = JSON.stringify({ chunks: 10, progressFile });
    const call = stream('stream', event, {}, controller.signal);
    await expect.poll(() => existsSync(progressFile), { interval: 5 }).toBe(true);
    controller.abort();
    await expect(call).rejects.toThrow();
    await expect.poll(() => readFileSync(progressFile, 'utf8')).toBe('ran to its end');
    expect(twin.errors).toEqual([]);
  });

  it('asks for the same permission and the same tenant id', async () => {
    expect(refusal(await stream('forbidden'))).toMatchObject({ status: 403 });
    expect(refusal(await stream('tenants'))).toMatchObject({ status: 400 });
    expect((await stream('tenants', '{}', { 'X-Amz-Tenant-Id': 'blue' })).status).toBe(200);
  });
});

describe('the environment of a function', () => {
  it('says where Lambda is', () => {
    expect(twin.endpoint.environment['AWS_ENDPOINT_URL_LAMBDA']).toBe(twin.endpoint.url);
  });
});
