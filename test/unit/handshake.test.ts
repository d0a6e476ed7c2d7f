import { describe, expect, it } from 'vitest';
import { createHandler } from '../../lambdas/handshake/handler.ts';
import { FunctionError } from '../../src/aws/invoke-function.ts';
import { shakeHands } from '../../src/handshake/handshake.ts';
import { invokedServer } from '../../src/handshake/invoked-server.ts';
import type { McpRequest, SendMcp } from '../../src/handshake/mcp-requests.ts';
import { readStreamedAnswer } from '../../src/handshake/streamed-answer.ts';
import { createLog } from '../../src/log/log.ts';
import { fromAuthorizerContext } from '../../src/principals/principal.ts';

const results: Readonly<Record<string, object>> = {
  initialize: { protocolVersion: '2025-11-25', serverInfo: { name: 'x' } },
  'server/discover': { supportedVersions: ['2026-07-28'] },
  'tools/list': { tools: [{ name: 'search' }] },
  'tools/call': { content: [] },
};

const methodOf = ({ body }: McpRequest) => (JSON.parse(body) as { method: string }).method;

const goodServer: SendMcp = async (request) => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, result: results[methodOf(request)] }),
});

const chunksOf = async function* (...chunks: readonly (string | Buffer)[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
};

describe('the hook', () => {
  const event = { DeploymentId: 'd-1', LifecycleEventHookExecutionId: 'h-1' };

  const run = async (serverFor: (signal: AbortSignal) => SendMcp, remainingMs = 180_000) => {
    const told: unknown[] = [];
    const lines: string[] = [];
    const handler = createHandler({
      serverFor,
      codeDeploy: async (operation, input) => {
        told.push([operation, input]);
      },
      log: createLog((line) => void lines.push(line)),
    });
    await handler(event, { getRemainingTimeInMillis: () => remainingMs });
    return { told, lines };
  };

  const tells = (status: string) => [
    [
      'PutLifecycleEventHookExecutionStatus',
      { deploymentId: 'd-1', lifecycleEventHookExecutionId: 'h-1', status },
    ],
  ];

  it('tells CodeDeploy Succeeded when every check passed', async () => {
    const { told, lines } = await run(() => goodServer);
    expect(told).toEqual(tells('Succeeded'));
    expect(lines.filter((line) => line.includes('handshake.passed'))).toHaveLength(6);
  });

  it.each(['legacy', 'modern'])('tells Failed when one check of the %s era failed', async (era) => {
    const { told } = await run(() => async (request) => {
      const isModern = request.headers['Mcp-Method'] !== undefined;
      const answer = await goodServer(request);
      return (era === 'modern') === isModern && methodOf(request) === 'tools/call'
        ? { ...answer, status: 502 }
        : answer;
    });
    expect(told).toEqual(tells('Failed'));
  });

  it('tells Failed when it cannot begin', async () => {
    const { told } = await run(() => {
      throw new Error('no way there');
    });
    expect(told).toEqual(tells('Failed'));
  });

  it('does not wait for a version that never answers: it tells Failed before its own time is over', async () => {
    const never =
      (signal: AbortSignal): SendMcp =>
      () =>
        new Promise((_, reject) => {
          if (signal.aborted) reject(new Error('aborted'));
          signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        });
    const { told } = await run(never, 20_020);
    expect(told).toEqual(tells('Failed'));
  });

  it('writes down no message of the new version', async () => {
    const { lines } = await run(() => async () => ({
      status: 200,
      headers: {},
      body: '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"canary-of-a-message"}}',
    }));
    expect(lines.join()).toContain('JSON-RPC error -32603');
    expect(lines.join()).not.toContain('canary-of-a-message');
  });

  it('refuses an event that is none of CodeDeploy’s, and tells nothing', async () => {
    const told: unknown[] = [];
    const handler = createHandler({
      serverFor: () => goodServer,
      codeDeploy: async (...call) => void told.push(call),
      log: createLog(() => undefined),
    });
    await expect(handler({}, { getRemainingTimeInMillis: () => 1 })).rejects.toThrow();
    expect(told).toEqual([]);
  });
});

describe('the handshake', () => {
  it('names a function that fails by its error’s code, and nothing else of it', async () => {
    const outcomes = await shakeHands(() =>
      Promise.reject(new FunctionError('Runtime.ExitError', 'secret')),
    );
    expect(new Set(outcomes.map(({ problem }) => problem))).toEqual(
      new Set(['FunctionError Runtime.ExitError']),
    );
  });

  it.each([
    ['no JSON', 'hello', 'the answer is not JSON'],
    ['no JSON-RPC', '{}', 'the answer is no JSON-RPC message'],
    ['neither result nor error', '{"jsonrpc":"2.0","id":1}', 'there is no result'],
    [
      'a result of another shape',
      '{"jsonrpc":"2.0","id":1,"result":{}}',
      'the result has not the shape that MCP asks for',
    ],
  ])('fails on %s', async (_, body, problem) => {
    const outcomes = await shakeHands(async () => ({ status: 200, headers: {}, body }));
    expect(outcomes).toHaveLength(6);
    for (const outcome of outcomes) expect(outcome.problem).toBe(problem);
  });
});

describe('a streamed answer', () => {
  it('is read whatever its chunks', async () => {
    const bytes = Buffer.from('{"statusCode":200,"headers":{"X-A":"b"}}\0\0\0\0\0\0\0\0body');
    for (const size of [1, 7, 1_000]) {
      const parts = [];
      for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
      expect(await readStreamedAnswer(chunksOf(...parts))).toEqual({
        status: 200,
        headers: { 'x-a': 'b' },
        body: 'body',
      });
    }
  });

  it.each([
    ['{"statusCode":200}', 'the answer has no head'],
    ['hello\0\0\0\0\0\0\0\0', 'the head of the answer is not JSON'],
    ['{}\0\0\0\0\0\0\0\0', 'the head of the answer is no HTTP head'],
  ])('%j is refused', async (text, message) => {
    await expect(readStreamedAnswer(chunksOf(text))).rejects.toThrow(message);
  });
});

describe('a version that is invoked', () => {
  const invoked = async (perTenant: boolean) => {
    const inputs: { functionName: string; tenantId?: string; payload: string }[] = [];
    const send = invokedServer({
      invoke: (input) => {
        inputs.push(input);
        return chunksOf('{"statusCode":200}\0\0\0\0\0\0\0\0ok');
      },
      functionArn: 'arn:aws:lambda:us-east-1:111122223333:function:mcp:7',
      plan: 'free',
      perTenant,
      newRequestId: () => 'request-1',
      signal: AbortSignal.timeout(1_000),
    });
    await send({ headers: { Accept: '*/*' }, body: '{}' });
    return inputs[0]!;
  };

  it('sees a caller of the reserved tenant who may only read', async () => {
    const { functionName, payload, tenantId } = await invoked(false);
    expect(functionName).toBe('arn:aws:lambda:us-east-1:111122223333:function:mcp:7');
    expect(tenantId).toBeUndefined();
    const { requestContext } = JSON.parse(payload) as { requestContext: { authorizer: unknown } };
    expect(fromAuthorizerContext(requestContext.authorizer)).toEqual({
      tenant: 'drawbridge-handshake',
      subject: 'key:handshake',
      role: 'readonly',
      lane: 'key',
      plan: 'free',
    });
  });

  it('is told the tenant where each has an environment of its own', async () => {
    expect((await invoked(true)).tenantId).toBe('drawbridge-handshake');
  });
});
