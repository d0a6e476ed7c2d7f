import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { InvokeResult } from '../../../local/lambda/function-service.ts';
import { bundle, eventually, functionArn, json, LambdaFixture } from './lambda-fixture.ts';

const ECHO = `
let calls = 0;
export const handler = async (event, context) => {
  console.log('seen', event.say);
  if (event.do === 'throw') { const e = new RangeError('too far'); throw e; }
  if (event.do === 'hang') await new Promise((r) => setTimeout(r, 60_000));
  if (event.do === 'never') await new Promise(() => undefined);
  if (event.do === 'exit') process.exit(3);
  if (event.do === 'environment') return process.env;
  if (event.do === 'big') return 'x'.repeat(event.bytes);
  if (event.do === 'wait') await new Promise((r) => setTimeout(r, event.ms));
  return { event, calls: ++calls, pid: process.pid, id: context.awsRequestId, arn: context.invokedFunctionArn,
    left: context.getRemainingTimeInMillis(), trace: process.env._X_AMZN_TRACE_ID, argv: process.argv.length };
};`;

let fixture: LambdaFixture;
const arn = functionArn('echo');

beforeAll(async () => {
  fixture = new LambdaFixture(
    [
      await bundle('echo', ECHO, { timeoutMs: 1000, environment: { COLOUR: 'blue', TZ: 'UTC' } }),
      await bundle('reserved', ECHO, { reservedConcurrency: 1 }),
      await bundle('missing', 'export const other = 1;'),
      await bundle('broken', `throw new TypeError('at import'); export const handler = 1;`),
      await bundle('gone', `process.exit(7); export const handler = 1;`),
      await bundle(
        'stuck',
        `await new Promise((r) => setTimeout(r, 60_000)); export const handler = 1;`,
      ),
      await bundle(
        'callback',
        'export const handler = (event, context, callback) => callback(null, 1);',
      ),
    ],
    { initTimeoutMs: 1500, maxSandboxesPerFunction: 4 },
  );
});

afterAll(() => fixture[Symbol.asyncDispose]());

const payloadOf = (result: InvokeResult): Record<string, unknown> => {
  if (result.kind === 'throttled') throw new Error('throttled');
  return JSON.parse(result.payload.toString()) as Record<string, unknown>;
};

const call = async (event: unknown, name = 'echo'): Promise<InvokeResult> =>
  fixture.service.invoke(functionArn(name), json(event));

describe('a buffered invocation', () => {
  it('runs the bundle under the real runtime with the context that Lambda gives', async () => {
    const result = await fixture.service.invoke(arn, json({ say: 'é€😀' }), {
      traceId: 'Root=1-2-3;Sampled=0',
    });
    expect(result.kind).toBe('payload');
    const answer = payloadOf(result);
    expect(answer).toMatchObject({ event: { say: 'é€😀' }, arn, trace: 'Root=1-2-3;Sampled=0' });
    expect(answer['id']).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer['left']).toBeGreaterThan(500);
    expect(answer['left']).toBeLessThanOrEqual(1000);
  });

  it('reuses the warm sandbox for events that follow each other', async () => {
    const pids = new Set<unknown>();
    for (let i = 0; i < 20; i++) pids.add(payloadOf(await call({}))['pid']);
    expect(pids.size).toBe(1);
  });

  it('carries payloads of megabytes both ways', async () => {
    const text = 'ü'.repeat(1_500_000);
    expect(payloadOf(await call({ text }))['event']).toEqual({ text });
  });

  it('reports a thrown error as Lambda does', async () => {
    const result = await call({ do: 'throw' });
    expect(result).toMatchObject({
      kind: 'function-error',
      errorType: 'RangeError',
      errorMessage: 'too far',
    });
    expect(payloadOf(result)).toMatchObject({
      errorType: 'RangeError',
      trace: expect.any(Array) as unknown,
    });
  });

  it('kills a sandbox at the timeout and serves the next event from a new one', async () => {
    const before = payloadOf(await call({}))['pid'];
    const result = await call({ do: 'hang' });
    expect(result).toMatchObject({ kind: 'function-error', errorType: 'Sandbox.Timedout' });
    expect(payloadOf(result)['errorMessage']).toMatch(
      /^RequestId: [0-9a-f-]{36} Error: Task timed out after 1\.00 seconds$/,
    );
    expect(payloadOf(await call({}))['pid']).not.toBe(before);
  });

  it('reports a process that exits, and one that has nothing left to wait for', async () => {
    expect(await call({ do: 'exit' })).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: expect.stringMatching(/Runtime exited with error: exit status 3$/) as unknown,
    });
    expect(await call({ do: 'never' })).toMatchObject({ errorType: 'Runtime.ExitError' });
    expect((await call({})).kind).toBe('payload');
  });

  it('refuses an answer above 6 MB and stays usable', async () => {
    expect((await call({ do: 'big', bytes: 6 * 1024 * 1024 - 2 })).kind).toBe('payload');
    expect(await call({ do: 'big', bytes: 6 * 1024 * 1024 + 200 })).toMatchObject({
      kind: 'function-error',
      errorType: 'Function.ResponseSizeTooLarge',
    });
    expect((await call({})).kind).toBe('payload');
  });

  it('refuses an event above 6 MB and an ARN that it does not know', async () => {
    await expect(fixture.service.invoke(arn, Buffer.alloc(6 * 1024 * 1024 + 1))).rejects.toThrow(
      /must be smaller than 6291456 bytes/,
    );
    await expect(call({}, 'nobody')).rejects.toThrow(functionArn('nobody'));
  });
});

describe('the environment of a function', () => {
  it('is its own variables and those of Lambda, nothing of the twin', async () => {
    const environment = payloadOf(await call({ do: 'environment' }));
    expect(Object.keys(environment).sort()).toEqual([
      'AWS_ACCESS_KEY_ID',
      'AWS_DEFAULT_REGION',
      'AWS_EXECUTION_ENV',
      'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
      'AWS_LAMBDA_FUNCTION_NAME',
      'AWS_LAMBDA_FUNCTION_VERSION',
      'AWS_LAMBDA_INITIALIZATION_TYPE',
      'AWS_LAMBDA_LOG_GROUP_NAME',
      'AWS_LAMBDA_LOG_STREAM_NAME',
      'AWS_LAMBDA_RUNTIME_API',
      'AWS_REGION',
      'COLOUR',
      'LAMBDA_TASK_ROOT',
      'LANG',
      'PATH',
      'TZ',
      '_HANDLER',
    ]);
    expect(environment).toMatchObject({ COLOUR: 'blue', AWS_REGION: 'us-east-1' });
  });
});

describe('a failing start', () => {
  it.each([
    ['missing', 'Runtime.HandlerNotFound', /index\.handler is undefined or not exported/],
    ['broken', 'TypeError', /at import/],
    ['gone', 'Runtime.ExitError', /exit status 7/],
    ['stuck', 'Sandbox.Timedout', /Init phase timed out after 1\.50 seconds/],
    ['callback', 'Runtime.CallbackHandlerDeprecated', /callback-based/],
  ])('of %s answers %s', async (name, errorType, message) => {
    const result = await call({}, name);
    expect(result).toMatchObject({ kind: 'function-error', errorType });
    expect(payloadOf(result)['errorMessage']).toMatch(message);
  });
});

describe('concurrency', () => {
  it('gives each event a sandbox of its own up to the cap, then lets events wait', async () => {
    const events = Array.from({ length: 12 }, () => call({ do: 'wait', ms: 150 }));
    const pids = (await Promise.all(events)).map((result) => payloadOf(result)['pid']);
    expect(new Set(pids).size).toBeGreaterThan(1);
    expect(fixture.service.stats()['Stack/echo']?.sandboxes).toBeLessThanOrEqual(4);
  });

  it('throttles above the reserved concurrency', async () => {
    const first = call({ do: 'wait', ms: 200 }, 'reserved');
    expect(await call({}, 'reserved')).toEqual({ kind: 'throttled' });
    expect((await first).kind).toBe('payload');
    expect((await call({}, 'reserved')).kind).toBe('payload');
    expect(fixture.service.stats()['Stack/reserved']).toMatchObject({
      invocations: 2,
      throttles: 1,
      coldStarts: 1,
    });
  });
});

describe('logs', () => {
  it('hold what the function wrote and a REPORT line per invocation', async () => {
    await call({ say: 'canary' });
    const lines = (): readonly string[] => fixture.log.lines('/aws/lambda/echo');
    expect(await eventually(() => lines().some((line) => /INFO\tseen canary$/.test(line)))).toBe(
      true,
    );
    expect(lines().some((line) => /^REPORT RequestId: .*Init Duration: /.test(line))).toBe(true);
    expect(lines().some((line) => /Task timed out after 1\.00 seconds$/.test(line))).toBe(true);
  });
});
