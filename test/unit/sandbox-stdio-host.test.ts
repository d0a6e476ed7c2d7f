import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  aCall,
  fixedPath,
  isRunning,
  processesOf,
  StdioHost,
  toolCall,
} from './support/stdio-host.ts';
import { tempFolder } from './support/temp-dir.ts';

describe('a server in its sandbox', () => {
  it('is started once and stays warm', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const first = await host.tool('pid');
    expect(await host.tool('pid')).toBe(first);
    expect(host.server.pid).toBe(first);
    expect(host.logged('sandbox.started')).toHaveLength(1);
  });

  it('says of itself what it said at initialization', async () => {
    await using host = new StdioHost('behaviours.mjs');
    expect(await host.call(aCall({ method: 'facts', params: {} }))).toEqual([
      {
        type: 'result',
        result: {
          era: 'legacy',
          capabilities: { tools: {} },
          instructions: 'Do not trust me.',
          serverInfo: { name: 'behaviours', version: '1.0.0' },
        },
      },
    ]);
  });

  it('gives its results as they are', async () => {
    await using host = new StdioHost('behaviours.mjs');
    expect(await host.last(toolCall('odd'))).toEqual({
      type: 'result',
      result: { content: [], 'x-unknown': { kept: true }, structuredContent: [1, 2] },
    });
  });

  it('gives its own errors as they are', async () => {
    await using host = new StdioHost('behaviours.mjs');
    expect(await host.last(toolCall('fail'))).toEqual({
      type: 'error',
      failure: 'rpc',
      message: 'The server answered with an error.',
      rpc: { code: -32050, message: 'as you wish', data: { why: 1 } },
    });
  });

  it('forwards progress and log lines before the result, and only when asked', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const call = toolCall('notify', { params: { of: 'mine' }, progress: true, log: true });
    expect(await host.call(call)).toEqual([
      { type: 'progress', params: { progress: 1, total: 3 } },
      { type: 'progress', params: { progress: 2, total: 3 } },
      { type: 'progress', params: { progress: 3, total: 3 } },
      { type: 'log', params: { level: 'info', data: { of: 'mine' } } },
      { type: 'result', result: { content: [{ type: 'text', text: '"done"' }] } },
    ]);
    expect(await host.call(toolCall('notify'))).toHaveLength(1);
  });

  it('loses the notifications that nobody could read any more', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const lines = await host.call(toolCall('chatter', { log: true }));
    expect(lines.length).toBeGreaterThan(900);
    expect(lines.length).toBeLessThan(1_000);
    expect(lines.at(-1)).toMatchObject({ type: 'result' });
  });

  it.each([
    ['sdk-legacy.mjs', 'legacy'],
    ['sdk-modern.mjs', 'modern'],
  ])('may be %s', async (fixture, era) => {
    await using host = new StdioHost(fixture);
    const sum = toolCall('add', { params: { a: 1, b: 2 } });
    expect(await host.last(sum)).toMatchObject({
      type: 'result',
      result: { content: [{ type: 'text', text: '3' }] },
    });
    expect(await host.last(aCall({ method: 'facts' }))).toMatchObject({ result: { era } });
    const list = await host.last(aCall({ method: 'tools/list', params: {} }));
    expect(list).toMatchObject({ result: { tools: [{ name: 'add' }, { name: 'greet' }] } });
  });

  it('may be one that ends at a first request which is not initialize; it learns that once', async () => {
    const starts = join(tempFolder({}), 'starts');
    await using host = new StdioHost('behaviours.mjs', ['--exit-on-unknown', `--starts=${starts}`]);
    expect(await host.tool('echo', { params: { a: 1 } })).toEqual({ a: 1 });
    expect(readFileSync(starts, 'utf8').trim().split('\n')).toHaveLength(2);
    process.kill(host.server.pid ?? 0, 'SIGKILL');
    await expect.poll(() => host.logged('sandbox.ended')).toHaveLength(2);
    await host.tool('echo');
    expect(readFileSync(starts, 'utf8').trim().split('\n')).toHaveLength(3);
  });

  it('may be one that says nothing to a first request which is not initialize', async () => {
    await using host = new StdioHost('behaviours.mjs', ['--silent-on-unknown'], {
      startTimeoutMs: 2_000,
    });
    expect(await host.tool('echo', { params: { a: 1 } })).toEqual({ a: 1 });
  });

  it('is one at a time: a call that is still under way is given up', async () => {
    await using host = new StdioHost('behaviours.mjs', [], { logsStderr: true });
    const hanging = host.last(toolCall('hang'));
    await expect.poll(() => host.logged('sandbox.stderr')).toHaveLength(1);
    expect(await host.tool('echo', { params: { a: 2 } })).toEqual({ a: 2 });
    expect(await hanging).toMatchObject({ failure: 'timeout' });
    expect(await host.tool('cancelled')).toEqual(['The caller gave it up']);
  });
});

describe("a server's environment", () => {
  it('holds the variables of the call and five more, and nothing of the function', async () => {
    process.env['AWS_SECRET_ACCESS_KEY'] = 'of-the-function';
    process.env['AWS_LAMBDA_RUNTIME_API'] = '127.0.0.1:9001';
    process.env['_HANDLER'] = 'index.handler';
    try {
      await using host = new StdioHost('behaviours.mjs');
      expect(await host.tool('env', { env: { API_KEY: 'k', PATH: '/evil' } })).toEqual({
        API_KEY: 'k',
        PATH: fixedPath,
        HOME: '/tmp',
        TMPDIR: '/tmp',
        LANG: 'en_US.UTF-8',
        NODE_ENV: 'production',
      });
    } finally {
      delete process.env['AWS_SECRET_ACCESS_KEY'];
      delete process.env['AWS_LAMBDA_RUNTIME_API'];
      delete process.env['_HANDLER'];
    }
  });

  it('is another one: the server is started anew, and the old one is gone', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const first = (await host.tool('pid', { env: { A: '1', B: '2' } })) as number;
    expect(await host.tool('pid', { env: { B: '2', A: '1' } })).toBe(first);
    expect(await host.tool('env', { env: { A: 'other' } })).toMatchObject({ A: 'other' });
    expect(isRunning(first)).toBe(false);
  });
});

describe('a server that ends', () => {
  it('fails the call in flight, and is there again for the next', async () => {
    await using host = new StdioHost('behaviours.mjs');
    expect(await host.last(toolCall('die'))).toEqual({
      type: 'error',
      failure: 'crashed',
      message: "The server's process ended.",
    });
    expect(await host.tool('echo', { params: { a: 1 } })).toEqual({ a: 1 });
    expect(host.logged('sandbox.ended')).toMatchObject([{ exitCode: 3, signal: null }]);
  });

  it('is as good as killed by somebody', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const pid = (await host.tool('pid')) as number;
    const hanging = host.last(toolCall('hang'));
    await expect.poll(() => host.server.pid).toBe(pid);
    process.kill(pid, 'SIGKILL');
    expect(await hanging).toMatchObject({ failure: 'crashed' });
    expect(await host.tool('echo', { params: { a: 1 } })).toEqual({ a: 1 });
  });

  it('takes what it started with it', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const grandchild = (await host.tool('grandchild')) as number;
    expect(isRunning(grandchild)).toBe(true);
    await host.last(toolCall('die'));
    await expect.poll(() => isRunning(grandchild)).toBe(false);
  });

  it('fails as crashed when it ends at its start, and shows nothing of what it said', async () => {
    await using host = new StdioHost('behaviours.mjs', ['--crash-at-start']);
    expect(await host.last(aCall())).toMatchObject({ failure: 'crashed' });
    expect(host.logLines.join('\n')).not.toContain('s3cret');
    const [end] = host.logged('sandbox.ended');
    expect(end).toMatchObject({ exitCode: 1, garbageLines: 0, tooLarge: false });
    expect(end?.['stderrBytes']).toBeGreaterThan(100);
  });

  it('fails as misconfigured when there is no such program', async () => {
    await using host = new StdioHost('behaviours.mjs', [], {
      command: { file: '/no/such/program', args: [], cwd: '/' },
    });
    expect(await host.last(aCall())).toMatchObject({ failure: 'misconfigured' });
    expect(await host.last(aCall())).toMatchObject({ failure: 'misconfigured' });
  });
});

describe('a server that hangs', () => {
  it('is told that the call is off, and is kept when it still answers', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const pid = await host.tool('pid');
    expect(await host.last(toolCall('hang', { timeoutMs: 100 }))).toEqual({
      type: 'error',
      failure: 'timeout',
      message: 'The server did not answer in time.',
    });
    expect(await host.tool('cancelled')).toEqual(['The caller gave it up']);
    expect(await host.tool('pid')).toBe(pid);
  });

  it('is killed when it answers nothing any more, SIGTERM or not, with what it started', async () => {
    await using host = new StdioHost('behaviours.mjs', ['--ignore-sigterm']);
    const pid = (await host.tool('pid')) as number;
    const grandchild = (await host.tool('grandchild')) as number;
    const began = performance.now();
    expect(await host.last(toolCall('freeze', { timeoutMs: 100 }))).toMatchObject({
      failure: 'timeout',
    });
    expect(performance.now() - began).toBeLessThan(8_000);
    expect(isRunning(pid)).toBe(false);
    await expect.poll(() => isRunning(grandchild)).toBe(false);
    expect(await host.tool('pid')).not.toBe(pid);
    expect(host.logged('sandbox.hangs')).toHaveLength(1);
  });

  it("is given up before the function's own time is over", async () => {
    await using host = new StdioHost('behaviours.mjs');
    await host.tool('echo');
    const began = performance.now();
    expect(await host.last(toolCall('hang'), 1_100)).toMatchObject({ failure: 'timeout' });
    expect(performance.now() - began).toBeLessThan(1_100);
  });

  it('is asked for a sign of life after a freeze, and replaced when it gives none', async () => {
    await using host = new StdioHost('behaviours.mjs', [], { logsStderr: true });
    const pid = (await host.tool('pid')) as number;
    host.now += 60_000;
    expect(await host.tool('pid')).toBe(pid);
    await host.tool('freezeSoon');
    await expect.poll(() => host.logged('sandbox.stderr')).toHaveLength(1);
    host.now += 60_000;
    expect(await host.tool('echo', { params: { a: 1 } })).toEqual({ a: 1 });
    expect(isRunning(pid)).toBe(false);
    expect(host.logged('sandbox.asleep')).toHaveLength(1);
  });

  it('starts on when the call that began it has run out of time', async () => {
    const starts = join(tempFolder({}), 'starts');
    await using host = new StdioHost('behaviours.mjs', [`--starts=${starts}`]);
    expect(await host.last(aCall({ timeoutMs: 1 }))).toMatchObject({ failure: 'timeout' });
    expect(await host.tool('echo', { params: { a: 1 } })).toEqual({ a: 1 });
    expect(readFileSync(starts, 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it('fails as timeout when it never begins, and is gone then', async () => {
    await using host = new StdioHost('behaviours.mjs', ['--mute'], { startTimeoutMs: 600 });
    expect(await host.last(aCall())).toMatchObject({ failure: 'timeout' });
    expect(host.server.pid).toBeUndefined();
    expect(processesOf('behaviours.mjs\0--mute')).toEqual([]);
  });
});

describe('a server that writes what it should not', () => {
  it('is understood all the same, and the rubbish is counted', async () => {
    await using host = new StdioHost('behaviours.mjs');
    expect(await host.tool('rubbish')).toBe('after rubbish');
    await host.last(toolCall('die'));
    expect(host.logged('sandbox.ended')).toMatchObject([{ garbageLines: 3 }]);
  });

  it('fails as too-large with a message above 5 MB, and is started anew', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const pid = await host.tool('pid');
    expect(await host.last(toolCall('huge'))).toMatchObject({ failure: 'too-large' });
    expect(await host.tool('pid')).not.toBe(pid);
  });

  it('may flood its standard error: nothing of it is logged but how much it was', async () => {
    await using host = new StdioHost('behaviours.mjs');
    expect(await host.tool('flood')).toBe('after the flood');
    await host.last(toolCall('die'));
    expect(host.logLines.join('\n')).not.toContain('s3cret');
    expect(host.logged('sandbox.ended')).toMatchObject([
      { stderrBytes: 2_000 * 1_022, lastLineLength: 1_021 },
    ]);
  });

  it('is quoted when an operator asked for it, line by line, cut', async () => {
    await using host = new StdioHost('behaviours.mjs', [], { logsStderr: true });
    await host.tool('flood');
    await expect.poll(() => host.logged('sandbox.stderr').length).toBe(2_000);
    const line = String(host.logged('sandbox.stderr')[0]?.['line']);
    expect(line).toMatch(/^s3cret-of-the-server y+$/);
    expect(line).toHaveLength(500);
  });
});

describe('a server that asks its user', () => {
  const accept = (answer: string) => ({ action: 'accept', content: { answer } });

  it('ends the call as input_required, then hears the answers one by one', async () => {
    await using host = new StdioHost('behaviours.mjs');
    const ask = (answers: object[]) =>
      host.last(
        toolCall('ask', { elicitation: { answers: answers as Record<string, unknown>[] } }),
      );
    expect(await ask([])).toMatchObject({
      result: {
        resultType: 'input_required',
        inputRequests: {
          'input-1': { method: 'elicitation/create', params: { message: 'first?' } },
        },
      },
    });
    expect(await ask([accept('a')])).toMatchObject({
      result: { inputRequests: { 'input-2': { params: { message: 'second?' } } } },
    });
    expect(await ask([accept('a'), accept('b')])).toMatchObject({
      result: { content: [{ text: JSON.stringify([accept('a'), accept('b')]) }] },
    });
  });

  it('fails as needs-input when there is nobody to ask', async () => {
    await using host = new StdioHost('behaviours.mjs');
    expect(await host.last(toolCall('ask'))).toMatchObject({ failure: 'needs-input' });
  });

  it('may be of the SDK of 2025', async () => {
    await using host = new StdioHost('sdk-legacy.mjs');
    const greet = (answers: Record<string, unknown>[]) =>
      host.last(toolCall('greet', { elicitation: { answers } }));
    expect(await greet([])).toMatchObject({ result: { resultType: 'input_required' } });
    expect(await greet([{ action: 'accept', content: { name: 'Ada' } }])).toMatchObject({
      result: { content: [{ text: 'accept Ada' }] },
    });
  });

  it('may be of 2026-07-28: what it asks and hears passes through', async () => {
    await using host = new StdioHost('sdk-modern.mjs');
    const capabilities = { elicitation: { form: {} } };
    const first = await host.last(toolCall('greet', { capabilities }));
    expect(first).toMatchObject({
      result: {
        resultType: 'input_required',
        inputRequests: { name: { method: 'elicitation/create' } },
      },
    });
    const inputResponses = { name: { action: 'accept', content: { name: 'Ada' } } };
    const params = { name: 'greet', arguments: {}, inputResponses };
    expect(await host.last(aCall({ params, capabilities }))).toMatchObject({
      result: { resultType: 'complete', content: [{ text: 'Hello Ada' }] },
    });
  });
});

describe('many calls that are given up', () => {
  it('leave no process behind: 1,000 of them, and the server', async () => {
    const mark = `--starts=${join(tempFolder({}), 'starts')}`;
    const host = new StdioHost('behaviours.mjs', [mark]);
    await host.tool('echo');
    const before = processesOf(mark);
    expect(before).toEqual([host.server.pid]);
    for (let round = 0; round < 1_000; round++) {
      const lines = await host.call(toolCall('hang', { timeoutMs: 2 }));
      expect(lines).toMatchObject([{ failure: 'timeout' }]);
    }
    expect(await host.tool('cancelled')).toHaveLength(1_000);
    expect(processesOf(mark)).toEqual(before);
    await host[Symbol.asyncDispose]();
    expect(processesOf(mark)).toEqual([]);
  });

  it('leave no process behind when each of them kills its server', async () => {
    const mark = `--starts=${join(tempFolder({}), 'starts')}`;
    const host = new StdioHost('behaviours.mjs', [mark]);
    for (let round = 0; round < 10; round++) {
      await host.last(toolCall(round % 2 === 0 ? 'die' : 'freeze', { timeoutMs: 250 }));
    }
    await host[Symbol.asyncDispose]();
    await expect.poll(() => processesOf(mark)).toEqual([]);
  });
});

describe('what the function is not asked', () => {
  it('is refused: a call of another shape', async () => {
    await using host = new StdioHost('behaviours.mjs');
    await expect(host.call({ ...aCall(), extra: 1 } as never)).rejects.toThrow(/extra/);
    await expect(host.call({ ...aCall(), timeoutMs: 0 })).rejects.toThrow();
    expect(host.server.pid).toBeUndefined();
  });
});
