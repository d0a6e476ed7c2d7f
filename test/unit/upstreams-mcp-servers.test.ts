import { describe, expect, it } from 'vitest';
import {
  openApiSpec,
  parseMcpServers,
  remoteSpec,
  sandboxSpec,
  UpstreamConfigError,
} from '../../src/upstreams/mcp-servers.ts';
import { upstreamSpec } from '../../src/upstreams/upstream-spec.ts';

const parse = (mcpServers: unknown) => parseMcpServers(JSON.stringify({ mcpServers }));

const problemsOf = (text: string): readonly string[] => {
  try {
    parseMcpServers(text);
  } catch (error) {
    if (!(error instanceof UpstreamConfigError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
  return expect.fail('it was taken');
};

const refused = (mcpServers: unknown) => problemsOf(JSON.stringify({ mcpServers }));

describe('a configuration in the shape of Claude Desktop', () => {
  it('is taken as READMEs of servers show it', () => {
    const entries = parse({
      filesystem: {
        command: 'npx',
        args: ['-y', '@modelcontextprotocol/server-filesystem', '/tmp'],
      },
      memory: {
        command: 'npx',
        args: ['-y', '@modelcontextprotocol/server-memory'],
        env: { A: 'b' },
      },
      weather: {
        type: 'http',
        url: 'https://weather.example/mcp',
        headers: { Authorization: 'Bearer ${secret:weather-token}' },
      },
      legacy: { url: 'https://old.example/sse', transport: 'sse' },
      items: { openapi: 'items.json', baseUrl: 'https://items.example/v1/' },
    });
    expect([...entries].map(([name, { kind }]) => [name, kind])).toEqual([
      ['filesystem', 'stdio'],
      ['memory', 'stdio'],
      ['weather', 'remote'],
      ['legacy', 'remote'],
      ['items', 'openapi'],
    ]);
  });

  it('becomes what runs, with the defaults', () => {
    const entries = parse({
      weather: { url: 'https://weather.example/mcp', units: 3, prefix: '' },
      legacy: { url: 'https://old.example/sse', transport: 'sse', units: { tools: { big: 10 } } },
      items: { openapi: 'items.json', baseUrl: 'https://items.example/v1/', tenants: ['acme'] },
      memory: { command: 'npx', args: ['x@1.0.0'], timeoutMs: 5_000 },
    });
    const specs = [...entries].map(([name, entry]) => {
      switch (entry.kind) {
        case 'remote':
          return remoteSpec(name, entry);
        case 'openapi':
          return openApiSpec(name, entry, []);
        case 'stdio':
          return sandboxSpec(name, entry);
      }
    });
    expect(specs).toMatchObject([
      {
        kind: 'http',
        prefix: '',
        tenants: '*',
        units: { default: 3 },
        transport: 'streamable-http',
      },
      {
        kind: 'http',
        prefix: 'legacy',
        units: { default: 1, tools: { big: 10 } },
        transport: 'sse',
      },
      {
        kind: 'openapi',
        baseUrl: 'https://items.example/v1',
        tenants: ['acme'],
        timeoutMs: 30_000,
      },
      { kind: 'sandbox', sandbox: 'memory', timeoutMs: 5_000, listTimeoutMs: 5_000 },
    ]);
    for (const spec of specs) expect(upstreamSpec.parse(spec)).toEqual(spec);
  });
});

describe('a mistake is told with its path and what to write instead', () => {
  it.each([
    ['syntax', '{"mcpServers": {', /^\(file\): is not JSON: /],
    ['no servers', '{}', /^mcpServers: /],
    [
      'another key at the top',
      '{"mcpServers":{},"servers":{}}',
      /^servers: there is no such setting$/,
    ],
  ])('%s', (_, text, problem) => {
    expect(problemsOf(text)[0]).toMatch(problem);
  });

  it.each<[string, unknown, string]>([
    [
      'nothing to run',
      { a: { args: [] } },
      'mcpServers.a: needs "command" (a stdio server), "url" (an HTTP server) or "openapi" (a REST API)',
    ],
    [
      'two things to run',
      { a: { command: 'x', url: 'https://x.example' } },
      'mcpServers.a: has "command" and "url": one of them is right',
    ],
    [
      'an unknown key',
      { a: { command: 'x', cmd: 'y' } },
      'mcpServers.a.cmd: there is no such setting',
    ],
    [
      'a name that cannot stand in tool names',
      { 'My Server': { command: 'x' } },
      'mcpServers.My Server: a server name is 1 to 32 of a-z, 0-9 and -, and begins with a letter',
    ],
    [
      'a credential in a URL',
      { a: { url: 'https://me:pw@x.example/mcp' } },
      'mcpServers.a.url: has a user name or password in it: send "Authorization" with "${secret:NAME}" in headers',
    ],
    ['a URL that is none', { a: { url: 'x.example' } }, 'mcpServers.a.url: is not a URL'],
    [
      'a URL of another scheme',
      { a: { url: 'file:///etc/passwd' } },
      'mcpServers.a.url: must begin with https://',
    ],
    [
      'a secret in plain sight',
      { a: { url: 'https://x.example', headers: { Authorization: 'Bearer abc' } } },
      'mcpServers.a.headers.Authorization: looks like a secret: write "${secret:NAME}" in its place, and keep the value in Secrets Manager',
    ],
    [
      'a secret in a variable',
      { a: { command: 'npx', env: { GITHUB_PERSONAL_ACCESS_TOKEN: '<YOUR_TOKEN>' } } },
      'mcpServers.a.env.GITHUB_PERSONAL_ACCESS_TOKEN: looks like a secret: write "${secret:NAME}" in its place, and keep the value in Secrets Manager',
    ],
    [
      'a reference that is none',
      { a: { url: 'https://x.example', headers: { Place: '${vault:x}' } } },
      'mcpServers.a.headers.Place: ${vault:x} is no reference: there are ${secret:NAME}, ${secret:NAME#FIELD} and ${env:NAME}',
    ],
    [
      'the same prefix twice',
      { a: { command: 'x' }, b: { command: 'y', prefix: 'a' } },
      'mcpServers.b.prefix: "a" is the prefix of "a" already: choose another',
    ],
  ])('%s', (_, servers, problem) => {
    expect(refused(servers)).toEqual([problem]);
  });

  it('all of them at once', () => {
    expect(refused({ a: {}, b: { command: 'x', y: 1, z: 2 }, c: { url: 'x' } })).toHaveLength(4);
  });

  it('without the value of a secret', () => {
    const said = refused({ a: { url: 'https://x.example', headers: { 'X-Api-Key': 'canary' } } });
    expect(said.join()).not.toContain('canary');
  });
});
