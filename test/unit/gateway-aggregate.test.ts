import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineTool } from '../../src/tools/tool.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';
import { anAggregatingGateway } from './support/aggregating-gateway.ts';
import { aCaller } from './support/caller.ts';
import { directoryOf, InMemoryUpstream, specOf, toolNamed } from './support/in-memory-upstream.ts';

const namesOf = ({ items }: { readonly items: readonly JsonObject[] }) =>
  items.map(({ name }) => name);

const ownTool = (name: string) =>
  defineTool({
    name,
    title: name,
    description: name,
    input: z.object({}),
    output: z.object({}),
    annotations: { readOnlyHint: true },
    run: async () => ({}),
  });

describe('the tools of several upstreams', () => {
  it('come with ours in one list, each behind its server, in the order of names', async () => {
    const { gateway } = anAggregatingGateway(
      {
        weather: new InMemoryUpstream([toolNamed('today'), toolNamed('later')]),
        books: new InMemoryUpstream([toolNamed('find')]),
      },
      { own: [ownTool('search')] },
    );
    const list = await gateway.listTools(aCaller());
    expect(namesOf(list)).toEqual(['books_find', 'search', 'weather_later', 'weather_today']);
    expect(list.missing).toEqual([]);
  });

  it('keep their own names where the prefix is empty', async () => {
    const { gateway } = anAggregatingGateway(
      { weather: new InMemoryUpstream([toolNamed('today')]) },
      { specs: [specOf('weather', { prefix: '' })] },
    );
    expect(namesOf(await gateway.listTools(aCaller()))).toEqual(['today']);
  });

  it('never take a name of ours, nor one of each other’s', async () => {
    const { gateway } = anAggregatingGateway(
      {
        a: new InMemoryUpstream([toolNamed('b_c'), toolNamed('d')]),
        'a-b': new InMemoryUpstream([toolNamed('c')]),
        evil: new InMemoryUpstream([toolNamed('search'), toolNamed('a_d')]),
      },
      {
        own: [ownTool('search')],
        specs: [specOf('a'), specOf('a-b', { prefix: 'a_b' }), specOf('evil', { prefix: '' })],
      },
    );
    const names = namesOf(await gateway.listTools(aCaller()));
    expect(names).toHaveLength(6);
    expect(names).toContain('search');
    expect(names.filter((name) => /^a_b_c_[0-9a-f]{8}$/.test(String(name)))).toHaveLength(2);
    expect(names.filter((name) => /^a_d_[0-9a-f]{8}$/.test(String(name)))).toHaveLength(2);
    expect(names.filter((name) => /^search_[0-9a-f]{8}$/.test(String(name)))).toHaveLength(1);
    const answer = await gateway.callTool(aCaller({ name: 'a_b_c' }));
    expect(answer).toEqual({ kind: 'unknown-tool' });
  });

  it('have names that every client takes', async () => {
    const long = 'x'.repeat(120);
    const upstream = new InMemoryUpstream([toolNamed('with.dots/and space'), toolNamed(long)]);
    const { gateway } = anAggregatingGateway({ server: upstream });
    const names = namesOf(await gateway.listTools(aCaller()));
    expect(names).toEqual(['server_with_dots_and_space', `server_${'x'.repeat(48)}_e4cea486`]);
    for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
    await gateway.callTool(aCaller({ name: String(names[1]), args: { a: 1 } }));
    expect(upstream.asked.at(-1)).toMatchObject({
      method: 'tools/call',
      params: { name: long, arguments: { a: 1 } },
    });
  });

  it('pass the filter and take the names that the operator gave', async () => {
    const upstream = new InMemoryUpstream(
      ['read_file', 'write_file', 'stat'].map((n) => toolNamed(n)),
    );
    const { gateway } = anAggregatingGateway(
      { files: upstream },
      {
        specs: [
          specOf('files', {
            tools: { include: ['*_file'], exclude: ['write*'], rename: { read_file: 'open' } },
          }),
        ],
      },
    );
    expect(namesOf(await gateway.listTools(aCaller()))).toEqual(['files_open']);
    await gateway.callTool(aCaller({ name: 'files_open' }));
    expect(upstream.asked.at(-1)?.params).toEqual({ name: 'read_file', arguments: {} });
    for (const name of ['files_write_file', 'files_stat', 'files_read_file']) {
      expect(await gateway.callTool(aCaller({ name }))).toEqual({ kind: 'unknown-tool' });
    }
  });

  it('are listed without what would make clients drop the whole list', async () => {
    const deep = Array.from({ length: 100 }).reduce<object>((inner) => ({ properties: inner }), {});
    const upstream = new InMemoryUpstream([
      toolNamed('good'),
      toolNamed('twice'),
      toolNamed('twice', { description: 'Another.' }),
      toolNamed('bare', { inputSchema: { type: 'object' } }),
      toolNamed('union', { inputSchema: { anyOf: [{ type: 'object' }] } }),
      toolNamed('text', { inputSchema: { type: 'string' } }),
      toolNamed('array-out', { outputSchema: { type: 'array' } }),
      toolNamed('huge', { description: 'x'.repeat(200_000) }),
      toolNamed('deep', { inputSchema: { type: 'object', properties: deep } }),
      { name: 'no-schema' },
      { description: 'no name' },
      'rubbish',
      null,
    ]);
    const { gateway, lines } = anAggregatingGateway({ s: upstream });
    const { items } = await gateway.listTools(aCaller());
    expect(items).toEqual([
      toolNamed('s_array-out', { description: 'Does array-out.' }),
      toolNamed('s_bare', { description: 'Does bare.' }),
      toolNamed('s_good', { description: 'Does good.' }),
    ]);
    expect(lines.join()).toContain(
      '"event":"upstream.left-out","server":"s","kind":"tools","left":10',
    );
  });

  it('of a thousand come in pages, each asked of the upstream once', async () => {
    const upstream = new InMemoryUpstream(
      Array.from({ length: 1_000 }, (_, at) => toolNamed(`t${String(at).padStart(4, '0')}`)),
    );
    upstream.pageSize = 150;
    const { gateway } = anAggregatingGateway({ big: upstream });
    const names: unknown[] = [];
    let cursor: string | undefined;
    do {
      const page = await gateway.listTools(aCaller(), cursor);
      expect(page.items.length).toBeLessThanOrEqual(100);
      names.push(...namesOf(page));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(new Set(names).size).toBe(1_000);
    expect(upstream.count('tools/list')).toBe(7);
  });

  it('are only those of the tenant, as are its calls', async () => {
    const secret = new InMemoryUpstream([toolNamed('plans')]);
    const { gateway } = anAggregatingGateway(
      { acme: secret },
      { specs: [specOf('acme', { tenants: ['acme'] })] },
    );
    const other = aCaller({ name: 'acme_plans' });
    expect((await gateway.listTools(other)).items).toEqual([]);
    expect(await gateway.callTool(other)).toEqual({ kind: 'unknown-tool' });
    expect(await gateway.servers(other)).toHaveLength(1);
    expect(secret.asked).toEqual([]);
    const mine = aCaller({ name: 'acme_plans', who: { tenant: 'acme' } });
    expect((await gateway.callTool(mine)).kind).toBe('result');
  });

  it('are for a readonly caller only those that say they change nothing', async () => {
    const upstream = new InMemoryUpstream([
      toolNamed('look', { annotations: { readOnlyHint: true } }),
      toolNamed('touch', { annotations: { readOnlyHint: false } }),
      toolNamed('silent'),
    ]);
    const { gateway } = anAggregatingGateway({ s: upstream });
    const readonly = { who: { role: 'readonly' } } as const;
    expect(namesOf(await gateway.listTools(aCaller(readonly)))).toEqual(['s_look']);
    for (const name of ['s_touch', 's_silent']) {
      expect(await gateway.callTool(aCaller({ ...readonly, name }))).toEqual({
        kind: 'unknown-tool',
      });
    }
    expect(upstream.count('tools/call')).toBe(0);
  });
});

describe('an upstream that does not answer', () => {
  it('is missing from the list, which comes in time, and is back when it is', async () => {
    const healthy = new InMemoryUpstream([toolNamed('one')]);
    const dead = new InMemoryUpstream([toolNamed('two')]);
    dead.failure = 'unreachable';
    const hanging = new InMemoryUpstream([toolNamed('three')]);
    const hold = Promise.withResolvers<void>();
    hanging.held = hold.promise;
    const { gateway, at } = anAggregatingGateway({ healthy, dead, hanging });
    const before = performance.now();
    const list = await gateway.listTools(aCaller());
    expect(performance.now() - before).toBeLessThan(2_000);
    expect(namesOf(list)).toEqual(['healthy_one']);
    expect(list.missing).toEqual([
      { server: 'dead', state: 'missing', reason: 'unreachable' },
      { server: 'hanging', state: 'missing', reason: 'timeout' },
    ]);
    expect(list.ttlMs).toBe(2_000);
    expect(await gateway.servers(aCaller())).toMatchObject([
      { name: 'drawbridge', state: 'ok' },
      { name: 'dead', state: 'down', lastSuccess: null, lastFailure: { reason: 'unreachable' } },
      { name: 'hanging', state: 'down', lastSuccess: null },
      { name: 'healthy', state: 'ok', tools: 1, lastFailure: null },
    ]);

    dead.failure = undefined;
    hold.resolve();
    at.now += 20_000;
    const whole = await gateway.listTools(aCaller());
    expect(namesOf(whole)).toEqual(['dead_two', 'hanging_three', 'healthy_one']);
    expect(whole.missing).toEqual([]);
  });

  it('is not asked again at once', async () => {
    const dead = new InMemoryUpstream();
    dead.failure = 'unreachable';
    const { gateway, at } = anAggregatingGateway({ dead });
    let facts = 0;
    const count = dead.facts.bind(dead);
    dead.facts = () => (facts++, count());
    await gateway.listTools(aCaller());
    await gateway.listTools(aCaller());
    expect(facts).toBe(1);
    at.now += 2_500;
    await gateway.listTools(aCaller());
    expect(facts).toBe(2);
  });

  it('is listed as it was last, and that is said', async () => {
    const upstream = new InMemoryUpstream([toolNamed('one')]);
    const { gateway, at } = anAggregatingGateway({ s: upstream });
    await gateway.listTools(aCaller());
    upstream.failure = 'timeout';
    at.now += 60_000;
    const list = await gateway.listTools(aCaller());
    expect(namesOf(list)).toEqual(['s_one']);
    expect(list.missing).toEqual([{ server: 's', state: 'stale', reason: 'timeout' }]);
  });

  it('fails a call with a text that says which, and nothing of why', async () => {
    const upstream = new InMemoryUpstream([toolNamed('one')]);
    const { gateway } = anAggregatingGateway({ s: upstream });
    await gateway.listTools(aCaller());
    upstream.failure = 'unreachable';
    expect(await gateway.callTool(aCaller({ name: 's_one' }))).toEqual({
      kind: 'failed',
      text: 's cannot be reached now. Request req-1.',
    });
  });

  it('that was never heard of does not make its tools unknown ones', async () => {
    const dead = new InMemoryUpstream();
    dead.failure = 'unreachable';
    const { gateway } = anAggregatingGateway({ dead });
    const text = 'dead cannot be reached now. Request req-1.';
    expect(await gateway.callTool(aCaller({ name: 'dead_one' }))).toEqual({ kind: 'failed', text });
    expect(await gateway.getPrompt(aCaller({ name: 'dead_one' }))).toEqual({
      kind: 'failed',
      text,
    });
    expect(await gateway.callTool(aCaller({ name: 'other_one' }))).toEqual({
      kind: 'unknown-tool',
    });
  });

  it('does not hold up a call of another, nor of a tool of ours', async () => {
    const hanging = new InMemoryUpstream();
    hanging.held = new Promise(() => undefined);
    const { gateway } = anAggregatingGateway(
      { hanging, quick: new InMemoryUpstream([toolNamed('one')]) },
      { own: [ownTool('search')] },
    );
    expect((await gateway.callTool(aCaller({ name: 'quick_one' }))).kind).toBe('result');
    expect((await gateway.callTool(aCaller({ name: 'search' }))).kind).toBe('own-result');
    expect(hanging.asked).toEqual([]);
  });
});

it('while live records cannot be read, upstreams are not served, and the list says that it is not whole', async () => {
  const { gateway } = anAggregatingGateway(
    {},
    { own: [ownTool('search')], directory: directoryOf([], { isComplete: false }) },
  );
  expect(await gateway.listTools(aCaller())).toMatchObject({
    items: [{ name: 'search' }],
    missing: [{ server: '*', state: 'missing' }],
  });
});

it('a list is asked in the session of the tenant that wants it, and shown to nobody else', async () => {
  const upstream = new InMemoryUpstream();
  const tools: Record<string, string> = { acme: 'of_acme', globex: 'of_globex' };
  const { gateway } = anAggregatingGateway({ s: upstream });
  const answer = upstream.request.bind(upstream);
  upstream.request = async (request) =>
    request.method === 'tools/list'
      ? { tools: [toolNamed(tools[request.tenant] ?? 'of_nobody')] }
      : answer(request);
  for (const tenant of ['acme', 'globex', 'acme']) {
    const list = await gateway.listTools(aCaller({ who: { tenant } }));
    expect(namesOf(list)).toEqual([`s_${tools[tenant]}`]);
  }
  const foreign = aCaller({ name: 's_of_acme', who: { tenant: 'globex' } });
  expect(await gateway.callTool(foreign)).toEqual({ kind: 'unknown-tool' });
});

it('servers of two tenants by one name have tools that differ, and both are shown', async () => {
  const specs = ['acme', 'globex'].map((tenant) =>
    specOf('crm', { tenants: [tenant], url: `https://${tenant}.example/mcp` }),
  );
  const upstream = new InMemoryUpstream();
  const { gateway } = anAggregatingGateway({ crm: upstream }, { specs });
  upstream.tools = [toolNamed('find', { description: 'Of acme.' })];
  expect((await gateway.listTools(aCaller({ who: { tenant: 'acme' } }))).items).toHaveLength(1);
  upstream.tools = [toolNamed('find', { description: 'Of globex.' })];
  expect((await gateway.listTools(aCaller({ who: { tenant: 'globex' } }))).items).toHaveLength(1);
});

describe('how long a list stands', () => {
  it('is what its shortest upstream says, and a minute at most', async () => {
    const brief = new InMemoryUpstream([toolNamed('one')]);
    brief.ttlMs = 7_000;
    const long = new InMemoryUpstream([toolNamed('two')]);
    long.ttlMs = 86_400_000;
    const both = anAggregatingGateway({ brief, long });
    expect((await both.gateway.listTools(aCaller())).ttlMs).toBe(7_000);
    const alone = anAggregatingGateway({ long });
    expect((await alone.gateway.listTools(aCaller())).ttlMs).toBe(60_000);
  });

  it('is how long the upstream is not asked again', async () => {
    const upstream = new InMemoryUpstream([toolNamed('one')]);
    const { gateway, at } = anAggregatingGateway({ s: upstream });
    for (let times = 0; times < 5; times++) await gateway.listTools(aCaller());
    expect(upstream.count('tools/list')).toBe(1);
    at.now += 30_001;
    await gateway.listTools(aCaller());
    expect(upstream.count('tools/list')).toBe(2);
  });
});
