import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mcpJsonSchema } from '../../build/upstreams/mcp-json-schema.ts';
import { readPinLock } from '../../build/upstreams/read-pin-lock.ts';
import { readUpstreams } from '../../build/upstreams/read-upstreams.ts';
import { parseMcpServers } from '../../src/upstreams/mcp-servers.ts';
import { tempFolder } from './support/temp-dir.ts';
import { lockFiles, readProject } from './support/upstream-project.ts';

const weather = { url: 'https://weather.example.com/mcp' };
const only = (name: string, entry: unknown) => ({ mcpServers: { [name]: entry } });

const items = {
  openapi: '3.1.0',
  info: { title: 'Items', version: '1' },
  paths: {
    '/items': {
      get: { operationId: 'list_items', responses: { 200: { description: 'Items' } } },
    },
  },
};

describe('the files of this project', () => {
  const config = join(import.meta.dirname, '..', '..', 'config');

  it('config/mcp.json is right', () => {
    expect([...parseMcpServers(readFileSync(join(config, 'mcp.json'), 'utf8')).keys()]).toEqual([
      'everything',
      'items',
    ]);
  });

  it('config/mcp.schema.json is what scripts/write-config-schema.ts writes today', () => {
    const written = readFileSync(join(config, 'mcp.schema.json'), 'utf8');
    expect(written).toBe(`${JSON.stringify(mcpJsonSchema(), null, 2)}\n`);
  });

  it('locks of stdio servers name no registry', () => {
    const lock = readFileSync(join(config, 'stdio', 'everything', 'package-lock.json'), 'utf8');
    expect(lock).not.toContain('"resolved"');
  });
});

describe('upstreams of an environment', () => {
  it('there are none without config/mcp.json', async () => {
    const projectDirectory = tempFolder({ 'config/dev.json': '{}' });
    const upstreams = await readUpstreams({
      projectDirectory,
      configDirectory: join(projectDirectory, 'config'),
      env: 'dev',
      knownEnvs: ['dev'],
      secrets: [],
      allowLoopback: false,
      environment: {},
    });
    expect(upstreams).toEqual({ specs: [], sandboxes: [], warnings: [] });
  });

  it('are the enabled entries of that environment, by name', async () => {
    const { specs } = await readProject({
      mcpServers: {
        zeta: weather,
        alpha: { ...weather, environments: ['dev', 'prod'] },
        other: { ...weather, environments: ['local'] },
        off: { ...weather, disabled: true },
      },
    });
    expect(specs.map(({ name }) => name)).toEqual(['alpha', 'zeta']);
  });

  it('an entry becomes what the MCP function takes, with secrets still as references', async () => {
    const { specs } = await readProject(
      only('weather', {
        ...weather,
        headers: {
          Authorization: 'Bearer ${secret:weather-token#key}',
          'X-Region': '${env:REGION}',
        },
        tenants: ['acme'],
        units: 3,
      }),
      { secrets: ['weather-token'], environment: { REGION: 'eu' } },
    );
    expect(specs).toEqual([
      {
        kind: 'http',
        name: 'weather',
        prefix: 'weather',
        tenants: ['acme'],
        timeoutMs: 30_000,
        listTimeoutMs: 5_000,
        units: { default: 3 },
        url: 'https://weather.example.com/mcp',
        transport: 'streamable-http',
        headers: { Authorization: 'Bearer ${secret:weather-token#key}', 'X-Region': 'eu' },
      },
    ]);
  });

  it('an OpenAPI entry has its operations, and says what it leaves out', async () => {
    const { specs, warnings } = await readProject(
      only('items', { openapi: 'api/items.json', baseUrl: 'https://items.example.com/v1/' }),
      { files: { 'api/items.json': JSON.stringify(items) } },
    );
    expect(specs).toMatchObject([
      {
        kind: 'openapi',
        baseUrl: 'https://items.example.com/v1',
        operations: [{ definition: { name: 'list_items' }, method: 'GET', path: '/items' }],
      },
    ]);
    expect(warnings).toEqual([]);
  });

  it('a package of npm is planned by its lock: the program that npx would run, then the arguments', async () => {
    const { specs, sandboxes } = await readProject(
      only('files', {
        command: 'npx',
        args: ['-y', '@acme/server-files@1.2.3', '/tmp', '${env:DEPTH}'],
        env: { FILES_TOKEN: '${secret:files-token}' },
      }),
      {
        secrets: ['files-token'],
        environment: { DEPTH: '3' },
        files: lockFiles('files', '@acme/server-files', '1.2.3', {
          bin: { 'server-files': './dist/index.js', other: 'dist/other.js' },
        }),
      },
    );
    expect(specs).toMatchObject([
      { kind: 'sandbox', sandbox: 'files', env: { FILES_TOKEN: '${secret:files-token}' } },
    ]);
    expect(sandboxes.map(({ file }) => file)).toEqual([
      {
        command: 'node',
        args: ['server/node_modules/@acme/server-files/dist/index.js', '/tmp', '3'],
        cwd: '.',
      },
    ]);
  });

  it('a folder is planned with node or a program of it, an image with whatever it has', async () => {
    const { sandboxes } = await readProject(
      {
        mcpServers: {
          script: { command: 'node', args: ['dist/main.js', '--x'], directory: 'servers/mine' },
          program: { command: './bin/serve', directory: 'servers/mine' },
          python: { command: 'python3', args: ['-m', 'weather'], image: 'servers/weather' },
        },
      },
      {
        files: {
          'servers/mine/dist/main.js': '',
          'servers/mine/bin/serve': '',
          'servers/weather/Dockerfile': 'FROM scratch',
        },
      },
    );
    expect(sandboxes.map(({ name, file, contents }) => [name, contents.kind, file])).toEqual([
      ['program', 'directory', { command: 'server/bin/serve', args: [], cwd: 'server' }],
      ['python', 'image', { command: 'python3', args: ['-m', 'weather'], cwd: '.' }],
      ['script', 'directory', { command: 'node', args: ['dist/main.js', '--x'], cwd: 'server' }],
    ]);
  });
});

describe('the pins beside the function', () => {
  const hash = 'a'.repeat(43);
  const lock = (text: string) => tempFolder({ 'mcp.lock.json': text });

  it('are those of servers that it has', () => {
    const directory = lock(
      JSON.stringify({
        version: 1,
        servers: { weather: { tools: { today: hash } }, other: { tools: {} } },
      }),
    );
    expect(readPinLock(directory, ['weather'])).toEqual({
      version: 1,
      servers: { weather: { tools: { today: hash } } },
    });
  });

  it('are none without a file', () => {
    expect(readPinLock(tempFolder({}), ['weather'])).toEqual({ version: 1, servers: {} });
  });

  it.each([
    ['{', /^config\/mcp\.lock\.json is not right:\n {2}\(file\): is not JSON: /],
    [
      '{"version":2,"servers":{}}',
      /^config\/mcp\.lock\.json is not right:\n {2}version: .*; `drawbridge pins approve --file` writes it anew$/,
    ],
    [
      '{"version":1,"servers":{"weather":{"tools":{"today":"short"}}}}',
      /\n {2}servers\.weather\.tools\.today: /,
    ],
  ])('%s is refused', (text, message) => {
    expect(() => readPinLock(lock(text), [])).toThrow(message);
  });
});
