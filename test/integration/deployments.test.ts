import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { MemoryLogSink } from '../../local/log/memory-log-sink.ts';
import type { AuthorizedCall } from '../../local/aws/authorization.ts';
import { callOf, post, bearer, runTwin } from './support/running-twin.ts';
import { withProperties } from './support/edited-template.ts';

const copies: string[] = [];
afterEach(() => {
  for (const copy of copies.splice(0)) rmSync(copy, { recursive: true, force: true });
});

/** What was synthesized, with another program for the MCP function. */
const withProgram = (program: string): string => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-broken-'));
  copies.push(directory);
  cpSync(inject('cdkOut'), directory, { recursive: true });
  const assets = readdirSync(directory)
    .map((name) => join(directory, name))
    .filter((path) => existsSync(join(path, 'content-index.json')));
  expect(assets).toHaveLength(1);
  writeFileSync(join(assets[0]!, 'index.cjs'), program);
  return directory;
};

/** Answers every request as it should, but for what `broken` makes of a method. */
const serverThat = (broken: string): string => `
const result = {
  initialize: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } },
  'server/discover': { supportedVersions: ['2026-07-28'] },
  'tools/list': { tools: [{ name: 'search' }] },
  'tools/call': { content: [] },
};
exports.handler = awslambda.streamifyResponse(async (event, stream) => {
  const { id, method } = JSON.parse(event.body);
  let head = { statusCode: 200, headers: { 'content-type': 'application/json' } };
  let answer = { jsonrpc: '2.0', id, result: result[method] };
  ${broken}
  const out = awslambda.HttpResponseStream.from(stream, head);
  out.write(JSON.stringify(answer));
  out.end();
});`;

const deploy = async (cdkOut: string) => {
  const log = new MemoryLogSink();
  const calls: AuthorizedCall[] = [];
  await using running = await runTwin({ cdkOut, log, onCall: (call) => calls.push(call) });
  const outcomes = await running.twin.simulateDeployments();
  const told = calls.filter(({ action }) => action.startsWith('codedeploy:'));
  const handshakes = running.twin.deployment
    .ofType('AWS::Lambda::Function')
    .filter(({ displayName }) => displayName.includes('/Handshake/'));
  expect(handshakes).toHaveLength(1);
  const { LogGroup } = handshakes[0]!.properties['LoggingConfig'] as { LogGroup: string };
  return { outcomes, told, refusals: running.refusals, lines: log.lines(LogGroup) };
};

const failuresIn = (lines: readonly string[]): readonly string[] =>
  lines.flatMap((line) => {
    const { event, check, problem } = JSON.parse(line) as Record<string, string>;
    return event === 'handshake.failed' ? [`${check}: ${problem}`] : [];
  });

const rolledBack = [
  {
    alias: expect.stringContaining('/Live/Alias/') as string,
    configName: 'CodeDeployDefault.LambdaAllAtOnce',
    hook: 'Failed',
    traffic: 'rolled back',
  },
];

describe('a version that serves', () => {
  it('passes the handshake, which tells CodeDeploy so, and gets its traffic', async () => {
    const { outcomes, told, refusals, lines } = await deploy(inject('cdkOut'));
    expect(lines.filter((line) => line.includes('handshake.passed'))).toHaveLength(6);
    expect(outcomes).toEqual([{ ...rolledBack[0], hook: 'Succeeded', traffic: 'shifted' }]);
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      action: 'codedeploy:PutLifecycleEventHookExecutionStatus',
      resource: expect.stringMatching(
        /^arn:aws:codedeploy:us-east-1:000000000000:deploymentgroup:.+\/.+$/u,
      ) as string,
      principal: {
        kind: 'role',
        displayName: expect.stringContaining('/Live/Handshake/') as string,
      },
    });
    expect(refusals).toEqual([]);
  });
});

describe('a version that is broken', () => {
  it.each([
    ['throws while it starts', `throw new Error('broken');`, 6],
    ['dies at a call', serverThat(`if (method === 'tools/call') process.exit(1);`), 2],
    ['throws at a call', serverThat(`if (method === 'tools/call') throw new Error('broken');`), 2],
  ])('%s: the hook tells CodeDeploy Failed, and the canary stops', async (_, program, failed) => {
    const { outcomes, told, lines } = await deploy(withProgram(program));
    expect(outcomes).toEqual(rolledBack);
    expect(told).toHaveLength(1);
    expect(failuresIn(lines)).toHaveLength(failed);
  });

  it.each([
    [
      'answers calls with a tool error',
      `if (method === 'tools/call') answer.result = { content: [], isError: true };`,
      'search answers with an error',
    ],
    [
      'answers calls with a JSON-RPC error',
      `if (method === 'tools/call') answer = { jsonrpc: '2.0', id, error: { code: -32603, message: 'm' } };`,
      'JSON-RPC error -32603',
    ],
    [
      'answers calls with status 500',
      `if (method === 'tools/call') head.statusCode = 500;`,
      'status 500',
    ],
  ])('%s: the same, and the log says why', async (_, broken, why) => {
    const { outcomes, lines } = await deploy(withProgram(serverThat(broken)));
    expect(outcomes).toEqual(rolledBack);
    expect(failuresIn(lines)).toEqual([`legacy tools/call: ${why}`, `modern tools/call: ${why}`]);
  });

  it('lists no tools: the canary stops', async () => {
    const program = serverThat(`if (method === 'tools/list') answer.result = { tools: [] };`);
    const { outcomes, lines } = await deploy(withProgram(program));
    expect(outcomes).toEqual(rolledBack);
    expect(failuresIn(lines)).toEqual([
      'legacy tools/list: no tool is listed',
      'modern tools/list: no tool is listed',
    ]);
  });
});

it('a hook that says nothing stops the canary, too', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-silent-'));
  copies.push(directory);
  cpSync(inject('cdkOut'), directory, { recursive: true });
  const hooks = await (async () => {
    await using running = await runTwin({ cdkOut: directory });
    const { deployment } = running.twin;
    const [hook] = deployment
      .ofType('AWS::Lambda::Function')
      .filter(({ displayName }) => displayName.includes('/Handshake/'));
    const { S3Key } = hook!.properties['Code'] as { S3Key: string };
    writeFileSync(
      join(deployment.assetDirectory(S3Key), 'index.cjs'),
      'exports.handler = async () => undefined;',
    );
    return running.twin.simulateDeployments();
  })();
  expect(hooks).toEqual([{ ...rolledBack[0], hook: 'none' }]);
});

it('the twin refuses an alias that splits its traffic, by name', async () => {
  const cdkOut = withProperties('AWS::Lambda::Alias', { RoutingConfig: {} });
  copies.push(cdkOut);
  await expect(runTwin({ cdkOut })).rejects.toThrow(/Live\/Alias[\s\S]*RoutingConfig/u);
});

it('the alias is what the API calls', async () => {
  await using running = await runTwin();
  const [alias] = running.twin.deployment.ofType('AWS::Lambda::Alias');
  expect(alias?.arn).toMatch(/:function:[\w-]+:live$/u);
  const key = await running.keyOn('premium', 'acme');
  const answer = await post(running.mcpUrl, callOf('search', { query: 'plan' }), bearer(key));
  expect(answer.json?.result).toMatchObject({ content: [{}] });
});
