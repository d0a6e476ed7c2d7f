import { describe, expect, it } from 'vitest';
import { canonicalDefinition, definitionHash } from '../../src/upstreams/pins.ts';
import { aTool, failing, withMethods } from './admin-fixtures.ts';
import { aServersCli } from './cli-servers.ts';

const url = 'https://weather.example.com/mcp';
const header = 'Authorization=Bearer ${secret:weather-token}';
const now = '2026-11-21T05:00:00.000Z';

const weather = {
  name: 'weather',
  where: 'live',
  kind: 'http',
  tenants: '*',
  prefix: 'weather',
  enabled: true,
  url,
  headers: { Authorization: 'Bearer ${secret:weather-token}' },
  timeoutMs: 30_000,
  listTimeoutMs: 5_000,
  units: { default: 1 },
  revision: 1,
  createdAt: now,
  updatedAt: now,
};

describe('upstreams add, live', () => {
  it('writes a record, connects, and approves the tools that it sees', async () => {
    const cli = await aServersCli();
    const tool = aTool('forecast', { _meta: { x: 1 } });
    cli.probe.servers.set('weather', [tool]);
    const added = await cli.json('upstreams', 'add', 'weather', '--url', url, '--header', header);
    expect(added).toEqual([
      {
        ...weather,
        replaced: false,
        pinned: true,
        warnings: [],
        check: {
          state: 'ok',
          tools: 1,
          era: 'legacy',
          pins: 'match',
          changed: [],
          added: [],
          removed: [],
          invalid: [],
        },
      },
    ]);
    expect(await cli.upstreams.listUpstreams()).toMatchObject([
      { scope: '*', name: 'weather', enabled: true, spec: { kind: 'http', url, tenants: '*' } },
    ]);
    expect(await cli.upstreams.listPins()).toEqual([
      {
        scope: '*',
        server: 'weather',
        tools: { forecast: definitionHash(tool) },
        approvedAt: now,
        revision: 1,
      },
    ]);
    expect(await cli.upstreams.getDefinitions('*', 'weather')).toMatchObject({
      definitions: { forecast: canonicalDefinition(tool) },
    });
    expect(cli.probe.asked).toMatchObject([{ spec: { url }, tenant: 'drawbridge-check' }]);
  });

  it('says to people what was added, with references as they are written', async () => {
    const cli = await aServersCli();
    cli.probe.servers.set('weather', [aTool('forecast')]);
    const { out, exitCode } = await cli.run(
      ...['upstreams', 'add', 'weather', '--url', url, '--header', header],
    );
    expect(exitCode).toBe(0);
    expect(out).toBe(
      [
        'Server weather added: 1 tool, approved as they are now.',
        '',
        '  server                weather',
        '  kind                  http',
        '  where                 live',
        '  url                   https://weather.example.com/mcp',
        '  header Authorization  Bearer ${secret:weather-token}',
        '  tenants               all',
        '  prefix                weather',
        '  enabled               yes',
        '  timeout               30000 ms, lists 5000 ms',
        '  units                 1 a call',
        '  created               2026-11-21T05:00:00.000Z',
        '  updated               2026-11-21T05:00:00.000Z (revision 1)',
        '',
        'Running functions follow within 30 seconds.',
        '',
      ].join('\n'),
    );
  });

  it('a server that cannot be reached is kept, with exit code 0 and a clear word', async () => {
    const cli = await aServersCli();
    const { out, exitCode } = await cli.run('upstreams', 'add', 'weather', '--url', url);
    expect(exitCode).toBe(0);
    expect(out).toMatch(
      /^Server weather added, but it could not be checked \(unreachable\): Nothing answers\.\n/,
    );
    expect(out).toContain('npx drawbridge pins approve weather --all');
    expect(await cli.upstreams.getUpstream('*', 'weather')).toBeDefined();
    expect(await cli.upstreams.listPins()).toEqual([]);
  });

  it('takes a whole pasted document, from an argument, a file’s text or standard input', async () => {
    const document = JSON.stringify({
      mcpServers: {
        weather: {
          type: 'http',
          url,
          headers: { Authorization: 'Bearer ${secret:weather-token}' },
        },
        legacy: { url: 'https://old.example.com/sse', transport: 'sse', disabled: true },
      },
    });
    const cli = await aServersCli({ input: document });
    expect(await cli.json('upstreams', 'add', document)).toMatchObject([
      { name: 'weather', kind: 'http', enabled: true },
      { name: 'legacy', kind: 'sse', enabled: false },
    ]);
    const piped = await aServersCli({ input: document });
    expect(await piped.json('upstreams', 'add', '-')).toHaveLength(2);
    expect(await piped.upstreams.listUpstreams()).toHaveLength(2);
  });

  it('takes one entry by name, and renames the server of a document', async () => {
    const cli = await aServersCli();
    const entry = JSON.stringify({ url, prefix: '', units: 5, tools: { include: ['fore*'] } });
    expect(await cli.json('upstreams', 'add', 'weather', entry)).toMatchObject([
      { prefix: '', units: { default: 5 }, tools: { include: ['fore*'] } },
    ]);
    const document = JSON.stringify({ mcpServers: { 'Weather API': { url } } });
    expect(await cli.json('upstreams', 'add', 'forecasts', document)).toMatchObject([
      { name: 'forecasts', prefix: 'forecasts' },
    ]);
  });

  it('makes one record for each tenant, probed as that tenant', async () => {
    const cli = await aServersCli();
    cli.probe.servers.set('weather', [aTool('forecast')]);
    const args = ['upstreams', 'add', 'weather', '--url', url, '--tenant', 'acme', 'beta'];
    expect(await cli.json(...args)).toMatchObject([
      { tenants: ['acme'], pinned: true },
      { tenants: ['beta'], pinned: true },
    ]);
    expect(await cli.upstreams.listUpstreams()).toMatchObject([
      { scope: 'acme', spec: { tenants: ['acme'] } },
      { scope: 'beta', spec: { tenants: ['beta'] } },
    ]);
    expect(cli.probe.asked.map(({ tenant }) => tenant)).toEqual(['acme', 'beta']);
    expect(
      await cli.errorOf('upstreams', 'add', 'x', '--url', url, '--tenant', 'gone'),
    ).toMatchObject({ code: 'TENANT_NOT_FOUND' });
  });

  it('an OpenAPI document becomes operations, and its warnings are told', async () => {
    const cli = await aServersCli();
    cli.documents.set('items/openapi.json', []);
    const entry = JSON.stringify({
      openapi: 'items/openapi.json',
      baseUrl: 'https://items.example.com/v1/',
    });
    expect(await cli.json('upstreams', 'add', 'items', entry)).toMatchObject([
      {
        kind: 'openapi',
        url: 'https://items.example.com/v1',
        operations: 0,
        warnings: ['paths./x.trace: is no tool'],
      },
    ]);
    const missing = JSON.stringify({ openapi: 'gone.json', baseUrl: 'https://items.example.com' });
    expect(await cli.errorOf('upstreams', 'add', 'gone', missing)).toMatchObject({
      exitCode: 2,
      message: 'gone.json is not right:\n  (file): cannot be read',
    });
  });

  it('a name that is taken is refused, and --replace changes it but not what was approved', async () => {
    const cli = await aServersCli();
    cli.probe.servers.set('weather', [aTool('forecast')]);
    await cli.json('upstreams', 'add', 'weather', '--url', url);
    const again = ['upstreams', 'add', 'weather', '--url', 'https://other.example.com/mcp'];
    expect(await cli.errorOf(...again)).toMatchObject({
      exitCode: 1,
      code: 'SERVER_EXISTS',
      message: expect.stringContaining('--replace') as string,
    });
    cli.at.now += 1_000;
    cli.probe.servers.set('weather', [aTool('forecast', { description: 'Other.' })]);
    expect(await cli.json(...again, '--replace')).toMatchObject([
      {
        url: 'https://other.example.com/mcp',
        revision: 2,
        createdAt: now,
        updatedAt: '2026-11-21T05:00:01.000Z',
        replaced: true,
        pinned: false,
        check: { pins: 'differs', changed: ['forecast'] },
      },
    ]);
    expect(await cli.upstreams.getPins('*', 'weather')).toMatchObject({
      tools: { forecast: definitionHash(aTool('forecast')) },
      revision: 1,
    });
  });

  it('what was deployed is changed in its file, not here', async () => {
    const cli = await aServersCli({
      deployment: { upstreams: [{ name: 'weather', kind: 'http', prefix: 'wx' }] },
    });
    expect(await cli.errorOf('upstreams', 'add', 'weather', '--url', url)).toMatchObject({
      code: 'SERVER_EXISTS',
      message: expect.stringContaining('config/mcp.json') as string,
    });
    expect(
      await cli.errorOf('upstreams', 'add', 'other', '--url', url, '--prefix', 'wx'),
    ).toMatchObject({ message: '"wx" is the prefix of server "weather" already: give --prefix' });
  });

  it('a prefix may be used twice where no tenant sees both', async () => {
    const cli = await aServersCli();
    await cli.json('upstreams', 'add', 'one', '--url', url, '--prefix', 'w', '--tenant', 'acme');
    const second = ['upstreams', 'add', 'two', '--url', url, '--prefix', 'w'];
    expect(await cli.errorOf(...second)).toMatchObject({ code: 'INVALID_INPUT' });
    await cli.json(...second, '--tenant', 'beta');
  });

  it('of several servers none is written when one is refused', async () => {
    const cli = await aServersCli();
    const document = JSON.stringify({
      mcpServers: {
        good: { url },
        bad: { url: 'https://127.0.0.1/mcp' },
        worse: { url, headers: { 'X-Api-Key': '${secret:none}', 'Bad Name': 'x', Host: 'x' } },
      },
    });
    const error = await cli.errorOf('upstreams', 'add', document);
    expect(error).toMatchObject({ exitCode: 2, code: 'INVALID_INPUT' });
    expect(error.message.split('\n')).toEqual([
      'The entry is not right:',
      '  mcpServers.bad.url: is the machine itself: this deployment calls the public internet only',
      '  mcpServers.worse.headers.X-Api-Key: this deployment has no secret "none" (it has weather-token): add the name to "secrets" of config/<env>.json, deploy, and `secrets set none`',
      '  mcpServers.worse.headers.Bad Name: is no name of a header',
      '  mcpServers.worse.headers.Host: is set by HTTP or MCP itself: leave it away',
    ]);
    expect(await cli.upstreams.listUpstreams()).toEqual([]);
  });

  it('a write whose answer was lost is settled by what is stored', async () => {
    const cli = await aServersCli();
    const upstreams = withMethods(cli.upstreams, {
      putUpstream: async (record) => {
        await cli.upstreams.putUpstream(record);
        return false;
      },
    });
    cli.replacePorts({ upstreams });
    await cli.json('upstreams', 'add', 'weather', '--url', url);
    expect(await cli.upstreams.getUpstream('*', 'weather')).toMatchObject({ revision: 1 });
  });

  it('a change by somebody else at the same time is told, and stays', async () => {
    const cli = await aServersCli();
    await cli.json('upstreams', 'add', 'weather', '--url', url);
    const upstreams = withMethods(cli.upstreams, {
      putUpstream: async (record) => {
        const theirs = { ...record, updatedAt: '2026-11-21T05:00:00.500Z', enabled: false };
        await cli.upstreams.putUpstream(theirs);
        return cli.upstreams.putUpstream(record);
      },
    });
    cli.replacePorts({ upstreams });
    expect(
      await cli.errorOf('upstreams', 'add', 'weather', '--url', url, '--replace'),
    ).toMatchObject({ exitCode: 1, code: 'CONFLICT' });
    expect(await cli.upstreams.getUpstream('*', 'weather')).toMatchObject({ enabled: false });
  });

  it('what was written before a failure is named', async () => {
    const cli = await aServersCli();
    const upstreams = withMethods(cli.upstreams, {
      putUpstream: (record) =>
        record.name === 'two' ? failing('down')() : cli.upstreams.putUpstream(record),
    });
    cli.replacePorts({ upstreams });
    const document = JSON.stringify({ mcpServers: { one: { url }, two: { url } } });
    const error = await cli.errorOf('upstreams', 'add', document);
    expect(error.code).toBe('UPSTREAM_FAILED');
    expect(error.message).toMatch(
      /could not write server "two".*Written before it: server "one"\.$/,
    );
  });
});
