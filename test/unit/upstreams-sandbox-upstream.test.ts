import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AwsError } from '../../src/aws/aws-client.ts';
import {
  createInvokeFunction,
  FunctionError,
  type InvokeFunction,
  type InvokeInput,
} from '../../src/aws/invoke-function.ts';
import { SandboxUpstream } from '../../src/upstreams/sandbox-upstream.ts';
import type { UpstreamOfKind } from '../../src/upstreams/upstream-spec.ts';
import { UpstreamError, type UpstreamRequest } from '../../src/upstreams/upstream.ts';
import { LambdaApiFixture } from './local/lambda-api-fixture.ts';
import { functionArn } from './local/lambda-fixture.ts';
import { isRunning } from './support/stdio-host.ts';

const spec: UpstreamOfKind<'sandbox'> = {
  kind: 'sandbox',
  name: 'wire',
  prefix: 'wire',
  tenants: '*',
  timeoutMs: 30_000,
  listTimeoutMs: 5_000,
  units: { default: 1 },
  sandbox: 'wire',
  env: { API_KEY: '${secret:key}' },
};

const aRequest = (over: Partial<UpstreamRequest> = {}): UpstreamRequest => ({
  method: 'tools/call',
  params: { name: 'echo', arguments: { a: 1 } },
  tenant: 'blue',
  requestId: 'request-1',
  hops: 0,
  timeoutMs: 10_000,
  signal: new AbortController().signal,
  repeatable: false,
  ...over,
});

const tool = (name: string, over: Partial<UpstreamRequest> = {}): UpstreamRequest =>
  aRequest({ params: { name, arguments: {} }, ...over });

const upstream = (invoke: InvokeFunction, maxBytes = 6_000_000): SandboxUpstream =>
  new SandboxUpstream({
    spec,
    functionName: 'wire',
    invoke,
    resolve: async () => ({ API_KEY: 'resolved' }),
    maxBytes,
  });

const failure = async (promise: Promise<unknown>): Promise<UpstreamError> => {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(UpstreamError);
  return error as UpstreamError;
};

describe('a stdio server behind the functions of the twin', () => {
  let twin: LambdaApiFixture;
  let server: SandboxUpstream;

  beforeAll(async () => {
    const codeDirectory = mkdtempSync(join(tmpdir(), 'stdio-host-'));
    await build({
      entryPoints: [fileURLToPath(new URL('../../lambdas/stdio-host/index.ts', import.meta.url))],
      outfile: join(codeDirectory, 'index.cjs'),
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'cjs',
      mainFields: ['module', 'main'],
      logLevel: 'error',
    });
    mkdirSync(join(codeDirectory, 'server'));
    cpSync(
      fileURLToPath(new URL('../fixtures/stdio/behaviours.mjs', import.meta.url)),
      join(codeDirectory, 'server', 'behaviours.mjs'),
    );
    writeFileSync(
      join(codeDirectory, 'sandbox.json'),
      JSON.stringify({ command: 'node', args: ['behaviours.mjs'], cwd: 'server' }),
    );
    twin = await LambdaApiFixture.start([
      {
        arn: functionArn('wire'),
        name: 'wire',
        displayName: 'Stack/wire',
        codeDirectory,
        handler: 'index.handler',
        timeoutMs: 20_000,
        memoryMb: 256,
        roleArn: 'arn:aws:iam::123456789012:role/r',
        logGroupName: '/aws/lambda/wire',
        environment: {},
        isPerTenant: true,
        reservedConcurrency: 3,
      },
    ]);
    server = upstream(createInvokeFunction(twin.env));
  });
  afterAll(() => twin[Symbol.asyncDispose]());

  const pidOf = async (tenant: string): Promise<number> => {
    const { content } = await server.request(tool('pid', { tenant }));
    return Number((content as { text: string }[])[0]?.text);
  };

  it('says what it is, and answers', async () => {
    expect(await server.facts(aRequest())).toMatchObject({
      era: 'legacy',
      serverInfo: { name: 'behaviours' },
    });
    expect(await server.request(aRequest())).toEqual({
      content: [{ type: 'text', text: '{"a":1}' }],
    });
  });

  it('stays warm, one for each tenant', async () => {
    const blue = await pidOf('blue');
    const red = await pidOf('red');
    expect(red).not.toBe(blue);
    expect(await pidOf('blue')).toBe(blue);
  });

  it('finds the secrets in its environment, and nothing of the function', async () => {
    const { content } = await server.request(tool('env'));
    const env = JSON.parse((content as { text: string }[])[0]?.text ?? '') as Record<
      string,
      string
    >;
    expect(Object.keys(env).sort()).toEqual([
      'API_KEY',
      'HOME',
      'LANG',
      'NODE_ENV',
      'PATH',
      'TMPDIR',
    ]);
    expect(env['API_KEY']).toBe('resolved');
    expect(env['HOME']).toBe(env['TMPDIR']);
  });

  it('sends progress while it works', async () => {
    const seen: unknown[] = [];
    await server.request(
      tool('notify', {
        onProgress: (params) => seen.push(params),
        onLog: (params) => seen.push(params),
      }),
    );
    expect(seen).toEqual([
      { progress: 1, total: 3 },
      { progress: 2, total: 3 },
      { progress: 3, total: 3 },
      { level: 'info', data: {} },
    ]);
  });

  it('fails with its own error', async () => {
    const error = await failure(server.request(tool('fail')));
    expect(error).toMatchObject({ failure: 'rpc', rpc: { code: -32050, message: 'as you wish' } });
  });

  it('fails a call when it is killed, and is there for the next', async () => {
    const pid = await pidOf('blue');
    const seen: unknown[] = [];
    const hanging = failure(server.request(tool('hang', { onLog: (it) => seen.push(it) })));
    await expect.poll(() => seen).toHaveLength(1);
    process.kill(pid, 'SIGKILL');
    expect((await hanging).failure).toBe('crashed');
    expect(await pidOf('blue')).not.toBe(pid);
  });

  it('fails when its time is over, by the word of the sandbox', async () => {
    const error = await failure(server.request(tool('hang', { timeoutMs: 500 })));
    expect(error).toMatchObject({
      failure: 'timeout',
      message: 'The server did not answer in time.',
    });
  });

  it('fails at once when its caller gives up', async () => {
    const controller = new AbortController();
    const hanging = failure(
      server.request(tool('hang', { tenant: 'green', timeoutMs: 900, signal: controller.signal })),
    );
    await expect.poll(() => twin.lambda.stats()['Stack/wire']?.coldStarts).toBe(3);
    controller.abort();
    expect((await hanging).failure).toBe('aborted');
  });

  it('passes a large result', async () => {
    const { content } = await server.request(
      aRequest({ params: { name: 'echo', arguments: { text: 'x'.repeat(2_000_000) } } }),
    );
    expect((content as { text: string }[])[0]?.text).toHaveLength(2_000_011);
  });

  it('ends with its sandbox', async () => {
    const pid = await pidOf('blue');
    expect(isRunning(pid)).toBe(true);
    await twin.lambda.close();
    await expect.poll(() => isRunning(pid)).toBe(false);
    expect((await failure(server.request(aRequest()))).failure).toBe('unreachable');
  });
});

/** An invocation that answers with these pieces, and then perhaps fails. */
const answering = (pieces: readonly string[], error?: Error) => {
  const inputs: InvokeInput[] = [];
  const invoke: InvokeFunction = async function* (input) {
    inputs.push(input);
    for (const piece of pieces) yield Buffer.from(piece);
    if (error !== undefined) throw error;
  };
  return { invoke, inputs };
};

const line = (value: object): string => `${JSON.stringify(value)}\n`;
const result = line({ type: 'result', result: { ok: 'ä€😀' } });

describe('the call of a sandbox', () => {
  it('says what it is to do, for whom, and how long', async () => {
    const { invoke, inputs } = answering([result]);
    const elicitation = { answers: [{ action: 'accept' }] };
    const capabilities = { elicitation: { form: {} }, roots: {} };
    const trace = { traceparent: '00-1-2-01' };
    const onLog = () => undefined;
    await upstream(invoke).request(aRequest({ elicitation, capabilities, trace, onLog }));
    const [{ functionName, tenantId, payload } = expect.fail()] = inputs;
    expect({ functionName, tenantId }).toEqual({ functionName: 'wire', tenantId: 'blue' });
    expect(JSON.parse(payload)).toEqual({
      method: 'tools/call',
      params: { name: 'echo', arguments: { a: 1 } },
      env: { API_KEY: 'resolved' },
      timeoutMs: 9_750,
      progress: false,
      log: true,
      elicitation,
      capabilities,
      trace,
      requestId: 'request-1',
    });
  });

  it('reads lines wherever they are cut', async () => {
    const bytes = Buffer.from(line({ type: 'progress', params: { progress: 1 } }) + result);
    const invoke: InvokeFunction = async function* () {
      for (const byte of bytes) yield Buffer.from([byte]);
    };
    const seen: unknown[] = [];
    const request = aRequest({ onProgress: (params) => seen.push(params) });
    expect(await upstream(invoke).request(request)).toEqual({ ok: 'ä€😀' });
    expect(seen).toEqual([{ progress: 1 }]);
  });

  it('reads the answer to its end after the result, so that the connection lives', async () => {
    let ended = false;
    const invoke: InvokeFunction = async function* () {
      yield Buffer.from(result);
      await Promise.resolve();
      ended = true;
    };
    await upstream(invoke).request(aRequest());
    await expect.poll(() => ended).toBe(true);
  });

  it.each([
    ['no line', [], undefined, 'crashed'],
    ['a line that is none of its own', ['{"type":"hello"}\n'], undefined, 'crashed'],
    ['no JSON', ['<html>\n'], undefined, 'crashed'],
    ['half a line', ['{"type":'], undefined, 'crashed'],
    [
      'an error of its own',
      [line({ type: 'error', failure: 'not-mcp', message: 'm' })],
      undefined,
      'not-mcp',
    ],
    [
      'a timeout of the function',
      [],
      new FunctionError('Sandbox.Timedout', 'Task timed out after 3.00 seconds'),
      'timeout',
    ],
    [
      'a timeout as AWS may word it',
      [],
      new FunctionError(
        'Unhandled',
        '{"errorMessage":"2026-11-21 x Task timed out after 3.00 seconds"}',
      ),
      'timeout',
    ],
    [
      'the end of the function',
      [],
      new FunctionError('Runtime.ExitError', 'exit status 1'),
      'crashed',
    ],
    [
      'too many bytes for Lambda',
      [],
      new FunctionError('Function.ResponseSizeTooLarge', ''),
      'too-large',
    ],
    ['a throttle', [], new AwsError('TooManyRequestsException', 'Invoke', 429), 'unreachable'],
    ['a refusal', [], new AwsError('AccessDeniedException', 'Invoke', 403), 'misconfigured'],
    [
      'no such function',
      [],
      new AwsError('ResourceNotFoundException', 'Invoke', 404),
      'misconfigured',
    ],
    [
      'a refused tenant',
      [],
      new AwsError('InvalidParameterValueException', 'Invoke', 400),
      'misconfigured',
    ],
    [
      'a call that is too large',
      [],
      new AwsError('RequestTooLargeException', 'Invoke', 413),
      'too-large',
    ],
    ['no answer', [], new AwsError('Unreachable', 'Invoke'), 'unreachable'],
    ['a fault of Lambda', [], new AwsError('ServiceException', 'Invoke', 500), 'unreachable'],
  ])('words %s', async (_, pieces, error, kind) => {
    const { invoke } = answering(pieces, error);
    const request = aRequest({ timeoutMs: 300 });
    expect((await failure(upstream(invoke).request(request))).failure).toBe(kind);
  });

  it('waits for a place when all are taken, and gives up waiting with its caller', async () => {
    const throttle = new AwsError('TooManyRequestsException', 'Invoke', 429);
    const invoked: InvokeInput[] = [];
    const invoke: InvokeFunction = (input) => {
      invoked.push(input);
      const isTaken = invoked.length < 3;
      return (isTaken ? answering([], throttle) : answering([result])).invoke(input);
    };
    expect(await upstream(invoke).request(aRequest())).toBeDefined();
    expect(invoked).toHaveLength(3);
    const caller = new AbortController();
    setTimeout(() => caller.abort(), 30);
    const always = answering([], throttle).invoke;
    const given = await failure(upstream(always).request(aRequest({ signal: caller.signal })));
    expect(given.failure).toBe('aborted');
  });

  it('takes so many bytes and no more', async () => {
    const progress = line({ type: 'progress', params: { text: 'x'.repeat(900) } });
    const { invoke } = answering([progress, progress, result]);
    expect((await failure(upstream(invoke, 1_500).request(aRequest()))).failure).toBe('too-large');
    const long = answering(['x'.repeat(2_000)]);
    expect((await failure(upstream(long.invoke, 1_500).request(aRequest()))).failure).toBe(
      'too-large',
    );
  });

  it('is misconfigured without its secrets, and does not say which', async () => {
    const { invoke, inputs } = answering([result]);
    const server = new SandboxUpstream({
      spec,
      functionName: 'wire',
      invoke,
      resolve: () => Promise.reject(new Error('s3cret')),
      maxBytes: 1_000,
    });
    const error = await failure(server.request(aRequest()));
    expect(error.failure).toBe('misconfigured');
    expect(error.message).not.toContain('s3cret');
    expect(inputs).toEqual([]);
  });
});
