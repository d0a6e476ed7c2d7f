import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../cli/operate.ts';
import { runCli, type CliDeps } from '../../cli/program.ts';
import type { SmokeOutcome } from '../../src/smoke/smoke.ts';
import { runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
let key: string;
beforeAll(async () => {
  running = await runTwin();
  key = await running.keyOn('free', 'acme');
});
afterAll(() => running[Symbol.asyncDispose]());

const smoke = async (args: readonly string[], deps: Partial<CliDeps> = {}) => {
  const out: string[] = [];
  const err: string[] = [];
  const exitCode = await runCli([...args, 'smoke'], {
    terminal: { out: (text) => void out.push(text), err: (text) => void err.push(text) },
    connect: async () => running.admin as Connection,
    environment: { DRAWBRIDGE_KEY: key },
    ...deps,
  });
  return { exitCode, out: out.join(''), err: err.join('') };
};

const outcomesOf = (out: string) => JSON.parse(out) as readonly SmokeOutcome[];

describe('smoke of the twin', () => {
  it('passes every check that applies, and lists what somebody has to look at', async () => {
    const { exitCode, out, err } = await smoke(['--json']);
    const failed = outcomesOf(out).filter(({ result }) => result === 'failed');
    expect({ failed, err, exitCode }).toEqual({ failed: [], err: '', exitCode: 0 });
    const results = outcomesOf(out).map(({ check, result }) => `${result} ${check}`);
    expect(results).toEqual([
      'ok legacy initialize',
      'ok legacy tools/list',
      'ok legacy tools/call',
      'ok modern server/discover',
      'ok modern tools/list',
      'ok modern tools/call',
      'ok GET /health',
      'ok no credential',
      'ok wrong credential',
      'ok unknown route',
      'ok GET /mcp',
      'ok trailing slash',
      'ok progress',
      'ok RateLimit headers',
      'ok discovery',
      'skipped default host',
      'manual tenant isolation',
      'manual long streams',
      'manual managed rules',
      'manual sign-in',
      'manual 429',
      'manual cold start',
    ]);
  });

  it('prints a table, and never the key', async () => {
    const { out } = await smoke([]);
    expect(out).toMatch(/^CHECK +RESULT +DETAIL$/mu);
    expect(out).toMatch(/^no credential +ok +WWW-Authenticate: Bearer$/mu);
    expect(out).not.toContain(key);
  });

  it('takes the twin’s demo key where no other is given', async () => {
    const { exitCode } = await smoke([], { environment: {}, demoKey: async () => key });
    expect(exitCode).toBe(0);
  });

  it('does not run without a key, where nobody can be asked for one', async () => {
    const { exitCode, err } = await smoke([], { environment: {} });
    expect(exitCode).toBe(2);
    expect(err).toContain('set DRAWBRIDGE_KEY');
  });

  it('fails with a key that is none, and says at which checks', async () => {
    const { exitCode, out, err } = await smoke(['--json'], {
      environment: { DRAWBRIDGE_KEY: 'smcp_acme_wrong' },
    });
    expect(exitCode).toBe(1);
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'CHECK_FAILED' } });
    expect(outcomesOf(out).filter(({ result }) => result === 'failed')).toContainEqual({
      check: 'legacy tools/call',
      result: 'failed',
      detail: 'status 401',
    });
  });
});

describe('smoke of something that is no deployment', () => {
  let server: Server | undefined;
  afterEach(() => server?.close());

  const at = async (listener: RequestListener): Promise<string> => {
    server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server?.once('listening', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };

  const outcomesAt = async (listener: RequestListener) => {
    const url = await at(listener);
    const out: string[] = [];
    const exitCode = await runCli(['--json', 'smoke', '--url', `${url}/mcp`], {
      terminal: { out: (text) => void out.push(text), err: () => undefined },
      connect: () => Promise.reject(new Error('nobody asks the deployment')),
      environment: { DRAWBRIDGE_KEY: key },
    });
    return { exitCode, outcomes: outcomesOf(out.join('')) };
  };

  it('fails each check, whatever it answers', async () => {
    const { exitCode, outcomes } = await outcomesAt((_, response) => response.end('hello'));
    expect(exitCode).toBe(1);
    const passed = outcomes.filter(({ result }) => result === 'ok');
    expect(passed).toEqual([]);
  });

  it('sees a renamed challenge', async () => {
    const { outcomes } = await outcomesAt((_, response) =>
      response
        .writeHead(401, { 'x-amzn-remapped-www-authenticate': 'Bearer' })
        .end('{"code":"UNAUTHENTICATED"}'),
    );
    expect(outcomes.find(({ check }) => check === 'no credential')).toEqual({
      check: 'no credential',
      result: 'failed',
      detail: 'WWW-Authenticate was renamed on its way',
    });
  });
});
