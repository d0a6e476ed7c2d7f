import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  aMcpServer,
  call,
  digestSecret,
  legacy,
  modern,
  userContext,
} from './support/mcp-server.ts';
import { toolCanary } from './support/mcp-tools.ts';

const readonlyCaller = { authorizer: { ...userContext, role: 'readonly' } };

const namesOf = (answer: { rpc: { result?: Record<string, unknown> } }) =>
  (answer.rpc.result?.['tools'] as { name: string }[]).map(({ name }) => name);

const toolError = (text: string, id: number | string = 1) => ({
  jsonrpc: '2.0',
  id,
  result: { content: [{ type: 'text', text }], isError: true },
});

afterEach(() => void vi.useRealTimers());

describe('a readonly caller', () => {
  it('sees only tools that say they are read-only, in both eras', async () => {
    const { post } = aMcpServer();
    const list = modern('tools/list');
    for (const answer of [
      await post(legacy('tools/list'), readonlyCaller),
      await post(list.body, { ...readonlyCaller, headers: list.headers }),
    ]) {
      expect(namesOf(answer)).toEqual([
        'broken',
        'echo',
        'large',
        'picky',
        'steps',
        'stuck',
        'untrue',
      ]);
    }
    expect(namesOf(await post(legacy('tools/list')))).toContain('erase');
  });

  it('may not call the others: they do not exist for it', async () => {
    const { post, ran } = aMcpServer();
    const erase = modern('tools/call', { name: 'erase', arguments: {} });
    const answers = [
      await post(call('erase'), readonlyCaller),
      await post(erase.body, { ...readonlyCaller, headers: erase.headers }),
    ];
    for (const answer of answers) {
      expect(answer.rpc).toEqual({
        jsonrpc: '2.0',
        id: 1,
        error: { code: -32602, message: 'Unknown tool' },
      });
    }
    const unknown = await post(call('no-such-tool'), readonlyCaller);
    expect(answers[0]?.text).toBe(unknown.text);
    expect(ran).toEqual([]);
  });

  it('may call read-only ones', async () => {
    const { post, ran } = aMcpServer();
    await post(call('echo', { text: 'a' }), readonlyCaller);
    expect(ran).toEqual(['echo']);
  });

  it.each(['user', 'admin'])('%s callers may call all', async (role) => {
    const { post, ran } = aMcpServer();
    await post(call('erase'), { authorizer: { ...userContext, role } });
    expect(ran).toEqual(['erase']);
  });
});

describe('a tool that fails', () => {
  it('by an error of its own is answered with a fixed text and the request id', async () => {
    const { post, written, logLines } = aMcpServer();
    const answer = await post(call('broken'));
    expect(answer.status).toBe(200);
    expect(answer.rpc).toEqual(toolError('broken failed. Request req-1.'));
    expect(written()).not.toContain(toolCanary);
    expect(logLines).toHaveLength(1);
    expect(JSON.parse(logLines[0] ?? '')).toMatchObject({
      level: 'ERROR',
      event: 'tool.failed',
      requestId: 'req-1',
      tool: 'broken',
      error: 'Error',
    });
  });

  it('by a ToolError hands its message to the caller, and is nothing to log', async () => {
    const { post, logLines } = aMcpServer();
    expect((await post(call('picky'))).rpc).toEqual(toolError('Ask for a smaller page.'));
    expect(logLines).toEqual([]);
  });

  it('by answering what it did not promise is a failed one', async () => {
    const { post, written, logLines } = aMcpServer();
    const answer = await post(call('untrue'));
    expect(answer.rpc).toEqual(toolError('untrue failed. Request req-1.'));
    expect(`${answer.text}${written()}`).not.toContain(toolCanary);
    expect(logLines).toHaveLength(1);
  });

  it('by answering too much is told to the caller with the limit', async () => {
    const { post } = aMcpServer();
    expect((await post(call('large', { bytes: 1_024 }))).rpc.result).not.toHaveProperty('isError');
    expect((await post(call('large', { bytes: 1_025 }))).rpc).toEqual(
      toolError('The result of large is larger than 1024 bytes. Ask for less.'),
    );
  });
});

describe('deadlines', () => {
  const fakeTimers = () => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });

  it('a tool that does not end is given up after its time, and told so', async () => {
    fakeTimers();
    const { post, stuck, ran, records } = aMcpServer();
    const answer = post(call('stuck'));
    await stuck;
    await vi.advanceTimersByTimeAsync(29_999);
    expect(ran).toEqual(['stuck']);
    await vi.advanceTimersByTimeAsync(1);
    expect((await answer).rpc).toEqual(
      toolError('stuck did not finish within 30 seconds. Request req-1.'),
    );
    expect(ran).toEqual(['stuck', 'stuck aborted']);
    expect(records()).toMatchObject([{ tool: 'stuck', outcome: 'tool_error', httpStatus: 200 }]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a tool that ends leaves no timer behind', async () => {
    fakeTimers();
    const { post } = aMcpServer();
    await post(call('echo', { text: 'a' }));
    await post(call('broken'));
    expect(vi.getTimerCount()).toBe(0);
  });

  it('a request that outlives the function is answered 504 a second before, and recorded once', async () => {
    fakeTimers();
    const { post, records, logLines } = aMcpServer();
    const answer = await post(call('stuck'), { remainingMs: 1_000 });
    expect(answer.status).toBe(504);
    expect(answer.rpc).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -31504,
        message: 'The request took too long',
        data: { code: 'DEADLINE_EXCEEDED', requestId: 'req-1' },
      },
      code: 'DEADLINE_EXCEEDED',
      message: 'The request took too long',
      requestId: 'req-1',
    });
    await vi.advanceTimersByTimeAsync(30_000);
    expect(records()).toMatchObject([
      { tool: 'stuck', outcome: 'refused', decision: 'deny', httpStatus: 504, units: 1 },
    ]);
    expect(logLines.some((line) => line.includes('DEADLINE_EXCEEDED'))).toBe(true);
  });
});

describe('the digest secret', () => {
  it('that cannot be read is 503, and no tool runs', async () => {
    const { post, ran, written, records } = aMcpServer({
      readDigestSecret: async () => {
        throw new Error('canary-arn is not accessible');
      },
    });
    const answer = await post(call('erase'));
    expect(answer.status).toBe(503);
    expect(answer.rpc).toEqual({
      jsonrpc: '2.0',
      id: null,
      error: {
        code: -31503,
        message: 'Service unavailable',
        data: { code: 'UNAVAILABLE', requestId: 'req-1' },
      },
      code: 'UNAVAILABLE',
      message: 'Service unavailable',
      requestId: 'req-1',
    });
    expect(ran).toEqual([]);
    expect(`${answer.text}${written()}`).not.toContain('canary');
    expect(records()).toMatchObject([
      { tool: null, outcome: 'refused', httpStatus: 503, argsDigest: null, units: 0 },
    ]);
  });

  it('is not needed where nothing is called', async () => {
    const { post } = aMcpServer({
      readDigestSecret: async () => {
        throw new Error('no');
      },
    });
    for (const method of ['ping', 'tools/list']) {
      expect((await post(legacy(method))).status).toBe(200);
    }
    expect((await post([legacy('ping'), call('erase', {}, 2)])).status).toBe(503);
  });

  it('is read once, and again after a failure', async () => {
    let reads = 0;
    const { post } = aMcpServer({
      readDigestSecret: async () => {
        if (++reads === 1) throw new Error('throttled');
        return digestSecret;
      },
    });
    const statuses = [];
    for (let calls = 0; calls < 4; calls++) statuses.push((await post(call('erase'))).status);
    expect(statuses).toEqual([503, 200, 200, 200]);
    expect(reads).toBe(2);
  });
});
