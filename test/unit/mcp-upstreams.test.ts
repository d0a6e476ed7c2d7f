import { describe, expect, it } from 'vitest';
import { UpstreamError, type JsonObject } from '../../src/upstreams/upstream.ts';
import { anAggregatingGateway } from './support/aggregating-gateway.ts';
import { invokeStreaming } from './support/awslambda.ts';
import { InMemoryUpstream, toolNamed } from './support/in-memory-upstream.ts';
import {
  aMcpServer,
  call,
  initialize,
  legacy,
  modern,
  proxyEventOf,
  tokenCanary,
} from './support/mcp-server.ts';

const aServer = (upstreams: Record<string, InMemoryUpstream>) =>
  aMcpServer({ upstreams: anAggregatingGateway(upstreams).parts });

const sent = ({ body, headers }: ReturnType<typeof modern>) => [body, { headers }] as const;

const withTool = () => new InMemoryUpstream([toolNamed('ask')]);

describe('a server with upstreams', () => {
  it('says that it has prompts, resources, completions and logging', async () => {
    const { post } = aServer({});
    const { rpc } = await post(initialize());
    expect(rpc.result?.['capabilities']).toEqual({
      tools: { listChanged: false },
      prompts: { listChanged: false },
      resources: { listChanged: false, subscribe: false },
      completions: {},
      logging: {},
    });
    expect((await post(legacy('logging/setLevel', { level: 'info' }))).rpc.result).toEqual({});
  });

  it('tells a client of 2026 how long a list stands, what it lacks, and never to share it', async () => {
    const dead = new InMemoryUpstream();
    dead.failure = 'unreachable';
    const { post, records } = aServer({ dead, s: withTool() });
    const { rpc } = await post(...sent(modern('tools/list')));
    expect(rpc.result).toMatchObject({
      resultType: 'complete',
      ttlMs: 2_000,
      cacheScope: 'private',
      _meta: {
        'drawbridge/missing': [{ server: 'dead', state: 'missing', reason: 'unreachable' }],
      },
    });
    expect(records()).toMatchObject([{ method: 'tools/list', outcome: 'ok', missing: ['dead'] }]);
    const older = (await post(legacy('tools/list'))).rpc.result;
    expect(older).not.toHaveProperty('ttlMs');
    expect(older).not.toHaveProperty('cacheScope');
  });

  it('writes whose tool was called, what it cost and how long the upstream took', async () => {
    const { post, records } = aServer({ s: withTool() });
    await post(call('s_ask', { q: 1 }));
    expect(records()).toMatchObject([
      { tool: 's_ask', server: 's', units: 1, decision: 'allow', outcome: 'ok', upstreamMs: 0 },
    ]);
  });

  it('passes progress and logs on as they come, before the result', async () => {
    const upstream = withTool();
    upstream.onCall = async ({ onProgress, onLog }) => {
      onProgress?.({ progress: 1, total: 2 });
      onLog?.({ level: 'info', data: 'half way' });
      onProgress?.({ progress: 2, total: 2, message: 'done' });
      return { content: [] };
    };
    const { post } = aServer({ s: upstream });
    const request = legacy('tools/call', { name: 's_ask', _meta: { progressToken: 'p1' } });
    const { events } = await post(request);
    expect(events.map(({ method, params }) => [method, params])).toEqual([
      ['notifications/progress', { progress: 1, total: 2, progressToken: 'p1' }],
      ['notifications/message', { level: 'info', data: 'half way' }],
      ['notifications/progress', { progress: 2, total: 2, message: 'done', progressToken: 'p1' }],
      [undefined, undefined],
    ]);
    expect(events.at(-1)?.result).toEqual({ content: [] });
    const quiet = await post(...sent(modern('tools/call', { name: 's_ask', arguments: {} })));
    expect(quiet.events).toEqual([]);
    expect(quiet.rpc.result).toMatchObject({ content: [] });
  });

  it('passes an upstream’s error on, and says which upstream failed', async () => {
    const upstream = withTool();
    upstream.onCall = () => {
      throw new UpstreamError('rpc', '', { rpc: { code: -32602, message: 'q is missing' } });
    };
    const { post } = aServer({ s: upstream });
    expect((await post(call('s_ask'))).rpc.error).toEqual({
      code: -32602,
      message: 'q is missing',
    });
    upstream.failure = 'crashed';
    expect((await post(call('s_ask'))).rpc.result).toEqual({
      content: [{ type: 'text', text: 's stopped while it ran this call. Request req-1.' }],
      isError: true,
    });
  });

  it.each([
    [{ content: 'text' }],
    [{}],
    [{ content: [{ type: 'text' }] }],
    [{ content: [{ type: 'text', text: 7 }] }],
  ])('answers a result that is not one as a failure of the upstream: %j', async (rubbish) => {
    const upstream = withTool();
    upstream.onCall = () => rubbish;
    const { post, records } = aServer({ s: upstream });
    expect((await post(call('s_ask'))).rpc.result).toEqual({
      content: [{ type: 'text', text: 's gave an answer that is not MCP. Request req-1.' }],
      isError: true,
    });
    expect(records()).toMatchObject([{ tool: 's_ask', outcome: 'tool_error' }]);
  });

  it('takes a subscription of 2025 to a resource that there is, though it says that no update will come', async () => {
    const upstream = withTool();
    upstream.resources = [{ uri: 'a://b', name: 'b' }];
    const { post } = aServer({ s: upstream });
    for (const method of ['resources/subscribe', 'resources/unsubscribe']) {
      expect((await post(legacy(method, { uri: 'a://b' }))).rpc.result).toEqual({});
      expect((await post(legacy(method, { uri: 'a://c' }))).rpc.error).toEqual({
        code: -32602,
        message: 'Resource not found',
      });
      const { rpc } = await post(...sent(modern(method, { uri: 'a://b' })));
      expect(rpc.error).toMatchObject({ code: -32601 });
    }
  });

  it('says that there is no such resource, prompt or reference', async () => {
    const { post } = aServer({ s: withTool() });
    for (const answer of [
      await post(legacy('resources/read', { uri: 'a://b' })),
      await post(...sent(modern('resources/read', { uri: 'a://b' }))),
    ]) {
      expect(answer.rpc.error).toEqual({ code: -32602, message: 'Resource not found' });
    }
    expect((await post(legacy('prompts/get', { name: 'x' }))).rpc.error).toEqual({
      code: -32602,
      message: 'Unknown prompt',
    });
    const ref = { ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } };
    expect((await post(legacy('completion/complete', ref))).rpc.error).toEqual({
      code: -32602,
      message: 'Unknown reference',
    });
  });

  it('asks the user of a client of 2026, and goes on with the answer', async () => {
    const upstream = withTool();
    upstream.onCall = ({ elicitation }) =>
      elicitation?.answers[0] === undefined
        ? {
            resultType: 'input_required',
            inputRequests: {
              'input-0': {
                method: 'elicitation/create',
                params: { message: 'Sure?', requestedSchema: { type: 'object', properties: {} } },
              },
            },
          }
        : { content: [{ type: 'text', text: JSON.stringify(elicitation.answers) }] };
    const { post } = aServer({ s: upstream });
    const ask = (extra: Record<string, unknown> = {}, capabilities: object = { elicitation: {} }) =>
      post(
        ...sent(modern('tools/call', { name: 's_ask', arguments: {}, ...extra }, { capabilities })),
      );
    const first = (await ask()).rpc.result ?? expect.fail('no result');
    expect(first).toMatchObject({ resultType: 'input_required' });
    const { requestState } = first;
    const inputResponses = { 'input-0': { action: 'accept', content: { sure: true } } };
    const second = await ask({ requestState, inputResponses });
    expect(second.rpc.result).toMatchObject({
      content: [{ text: '[{"action":"accept","content":{"sure":true}}]' }],
    });
    const forged = await ask({ requestState: 'forged', inputResponses });
    expect(forged.rpc.error).toEqual({ code: -32602, message: 'Invalid or expired requestState' });
    const mute = await ask({}, {});
    expect(mute.rpc.result).toMatchObject({ isError: true });
  });

  it('refuses arguments that headers do not repeat, before they cost anything', async () => {
    const region = { type: 'string', 'x-mcp-header': 'Region' };
    const inputSchema = { type: 'object', properties: { region } };
    const upstream = new InMemoryUpstream([toolNamed('ask', { inputSchema })]);
    const { post, records } = aServer({ s: upstream });
    const ask = (header: object) => {
      const { body, headers } = modern('tools/call', {
        name: 's_ask',
        arguments: { region: 'canary-eu' },
      });
      return post(body, { headers: { ...headers, ...header } });
    };
    for (const header of [{}, { 'Mcp-Param-Region': 'canary-us' }]) {
      const answer = await ask(header);
      expect(answer.status).toBe(400);
      expect(answer.rpc.error).toEqual({
        code: -32020,
        message: expect.stringContaining('Mcp-Param-*') as string,
      });
      expect(answer.text).not.toContain('canary');
    }
    expect(records()).toMatchObject([
      { tool: 's_ask', rpcCode: -32020, httpStatus: 400, units: 0 },
      { tool: 's_ask', rpcCode: -32020, httpStatus: 400, units: 0 },
    ]);
    expect(upstream.count('tools/call')).toBe(0);
    expect((await ask({ 'Mcp-Param-Region': 'canary-eu' })).rpc.result).toBeDefined();
    const older = await post(call('s_ask', { region: 'canary-eu' }));
    expect(older.rpc.result).toBeDefined();
  });

  it('tells upstreams what the client can be asked for, and nothing else that it declares', async () => {
    const upstream = withTool();
    upstream.onCall = () => {
      const data = { requiredCapabilities: { roots: {} } };
      throw new UpstreamError('rpc', '', { rpc: { code: -32021, message: 'No roots', data } });
    };
    const { post } = aServer({ s: upstream });
    const capabilities = {
      elicitation: { url: {}, canary: {} },
      sampling: { tools: { canary: 1 } },
      experimental: { canary: {} },
    };
    const params = { name: 's_ask', arguments: {} };
    const answer = await post(...sent(modern('tools/call', params, { capabilities })));
    expect(upstream.asked.at(-1)?.capabilities).toEqual({
      elicitation: { form: {} },
      sampling: { tools: {} },
    });
    expect(answer.status).toBe(400);
    expect(answer.rpc.error).toMatchObject({
      code: -32021,
      data: { requiredCapabilities: { roots: {} } },
    });
  });

  it('a call of a tool that waits for approval is like one of an unknown tool, and the audit says why', async () => {
    const { parts } = anAggregatingGateway({ s: withTool() }, { newTools: 'hide' });
    const { post, records } = aMcpServer({ upstreams: parts });
    const hidden = await post(call('s_ask'));
    const unknown = await post(call('s_other'));
    expect(hidden.text).toBe(unknown.text);
    expect(hidden.rpc.error).toEqual({ code: -32602, message: 'Unknown tool' });
    expect(records()).toMatchObject([
      { tool: 's_ask', server: 's', decision: 'deny', policyId: 'pin:new', units: 0 },
      { tool: null, server: null, decision: 'deny', policyId: null },
    ]);
  });

  it('a call to a server that is silent says so, and is no denial', async () => {
    const dead = new InMemoryUpstream();
    dead.failure = 'unreachable';
    const { post, records } = aServer({ dead });
    expect((await post(call('dead_canary'))).rpc.result).toMatchObject({ isError: true });
    expect(records()).toMatchObject([
      { tool: null, server: 'dead', decision: 'allow', outcome: 'tool_error', units: 0 },
    ]);
  });

  it('hands nothing of the caller’s credential to an upstream', async () => {
    const upstream = withTool();
    const { post } = aServer({ s: upstream });
    await post(call('s_ask'), { headers: { Cookie: tokenCanary } });
    const asked = upstream.asked.map((request) => ({ ...request, signal: null }));
    expect(asked.length).toBeGreaterThan(0);
    expect(JSON.stringify(asked)).not.toContain(tokenCanary);
  });

  it('counts the gateways that a request went through, and ends a loop', async () => {
    const upstream = withTool();
    const { post, records } = aServer({ s: upstream });
    await post(call('s_ask'), { headers: { 'X-Drawbridge-Hops': '2' } });
    expect(upstream.asked.at(-1)?.hops).toBe(2);
    for (const hops of ['3', '99', 'many', '-1']) {
      const answer = await post(call('s_ask'), { headers: { 'X-Drawbridge-Hops': hops } });
      expect(answer).toMatchObject({ status: 508, rpc: { code: 'LOOP_DETECTED' } });
    }
    expect(upstream.count('tools/call')).toBe(1);
    expect(records().at(-1)).toMatchObject({ outcome: 'refused', httpStatus: 508 });
  });
});

describe('over plain HTTP', () => {
  const aRoute = async (
    upstreams: Record<string, InMemoryUpstream>,
    resource: string,
    changes: object,
  ) => {
    const server = aServer(upstreams);
    const event = { ...proxyEventOf({}, { resource }), ...changes };
    return { ...server, answer: await invokeStreaming(server.handler, event, {}) };
  };

  it('GET /servers tells the state of each server', async () => {
    const dead = new InMemoryUpstream();
    dead.failure = 'unauthorized';
    const get = { httpMethod: 'GET', body: null };
    const { answer, records } = await aRoute({ dead, s: withTool() }, '/servers', get);
    expect(JSON.parse(answer.text)).toMatchObject({
      servers: [
        { name: 'drawbridge', kind: 'own', state: 'ok' },
        { name: 'dead', state: 'down', lastFailure: { reason: 'unauthorized' } },
        { name: 's', state: 'ok', tools: 1, hidden: 0 },
      ],
    });
    expect(records()).toMatchObject([{ method: 'servers/list', outcome: 'ok' }]);
  });

  it('a tool of an upstream answers with its data, or with its words when it fails', async () => {
    const upstream = withTool();
    const ask = async (result: JsonObject) => {
      upstream.onCall = () => result;
      const { answer } = await aRoute({ s: upstream }, '/tools/{name}', {
        pathParameters: { name: 's_ask' },
      });
      return { status: answer.status, body: JSON.parse(answer.text) as unknown };
    };
    const content = [{ type: 'text', text: 'plain' }];
    expect(await ask({ content: [], structuredContent: { total: 3 } })).toEqual({
      status: 200,
      body: { total: 3 },
    });
    expect(await ask({ content })).toEqual({ status: 200, body: { content } });
    expect(await ask({ content, isError: true })).toMatchObject({
      status: 422,
      body: { code: 'TOOL_FAILED', message: 'plain' },
    });
  });
});
