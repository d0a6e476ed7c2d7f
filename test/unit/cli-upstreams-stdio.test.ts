import { describe, expect, it } from 'vitest';
import { anUpstream } from '../contract/upstream-registry.contract.ts';
import { aServersCli } from './cli-servers.ts';

/** As the README of each package gives it. */
const filesystem = `{
  "mcpServers": {
    "filesystem": {
      "command": "npx",
      "args": [
        "-y",
        "@modelcontextprotocol/server-filesystem",
        "/Users/username/Desktop",
        "/path/to/other/allowed/dir"
      ]
    }
  }
}`;
const memory = `{
  "mcpServers": {
    "memory": {
      "command": "npx",
      "args": [
        "-y",
        "@modelcontextprotocol/server-memory"
      ]
    }
  }
}`;

const aCli = async (options: Parameters<typeof aServersCli>[0] = {}) => {
  const cli = await aServersCli(options);
  cli.published.set('@modelcontextprotocol/server-filesystem@latest', '2026.1.14');
  cli.published.set('@modelcontextprotocol/server-memory@latest', '2026.1.26');
  cli.published.set('@modelcontextprotocol/server-memory@2025.9.25', '2025.9.25');
  return cli;
};

describe('upstreams add, stdio', () => {
  it('writes pasted entries at the exact version that was found, and says what happens next', async () => {
    const cli = await aCli();
    const { out, exitCode } = await cli.run('upstreams', 'add', filesystem);
    expect(exitCode).toBe(0);
    expect(out).toBe(
      [
        'Server filesystem written to config/mcp.json:',
        '',
        '  runs     npx -y @modelcontextprotocol/server-filesystem@2026.1.14 /Users/username/Desktop /path/to/other/allowed/dir',
        '  version  @modelcontextprotocol/server-filesystem 2026.1.14',
        '  lock     stdio/filesystem/package-lock.json, beside that file',
        '',
        'warning: /Users/username/Desktop, /path/to/other/allowed/dir: the server runs in a sandbox, where such a folder is empty or missing; it may write to /tmp only',
        'The running twin picks it up. A deployment has it after its next deploy: npx cdk deploy --all',
        '',
      ].join('\n'),
    );
    expect(await cli.json('upstreams', 'add', memory)).toEqual([
      {
        name: 'memory',
        where: 'project',
        kind: 'stdio',
        file: 'config/mcp.json',
        entry: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory@2026.1.26'] },
        package: { name: '@modelcontextprotocol/server-memory', version: '2026.1.26' },
        replaced: false,
      },
    ]);
    expect(cli.files.get('config/mcp.json')).toBe(
      [
        '{',
        '  "mcpServers": {',
        '    "filesystem": {',
        '      "command": "npx",',
        '      "args": [',
        '        "-y",',
        '        "@modelcontextprotocol/server-filesystem@2026.1.14",',
        '        "/Users/username/Desktop",',
        '        "/path/to/other/allowed/dir"',
        '      ]',
        '    },',
        '    "memory": {',
        '      "command": "npx",',
        '      "args": ["-y", "@modelcontextprotocol/server-memory@2026.1.26"]',
        '    }',
        '  }',
        '}',
        '',
      ].join('\n'),
    );
    expect([...cli.locks.keys()]).toEqual(['filesystem', 'memory']);
    expect(await cli.upstreams.listUpstreams()).toEqual([]);
    expect(cli.probe.asked).toEqual([]);
  });

  it('does not need the twin', async () => {
    const cli = await aCli({ isDown: true });
    await cli.json('upstreams', 'add', memory);
    expect(cli.files.get('config/mcp.json')).toContain('server-memory@2026.1.26');
    expect(
      await cli.errorOf('upstreams', 'add', 'x', '--url', 'https://x.example.com'),
    ).toMatchObject({ code: 'TWIN_NOT_RUNNING' });
  });

  it('keeps what the file has, options and references included', async () => {
    const cli = await aCli();
    const before =
      '{ "$schema": "./x.json",\n  "mcpServers": { "own": {"command": "node", "directory": "own"} } }\n';
    cli.files.set('config/mcp.json', before);
    const entry = JSON.stringify({
      command: 'npx',
      args: ['-y', '@modelcontextprotocol/server-memory@2025.9.25'],
      env: { API_TOKEN: '${secret:memory-token}', REGION: '${env:REGION}' },
      units: 2,
    });
    await cli.json('upstreams', 'add', 'memory', entry, '--tenant', 'acme', '--prefix', 'mem');
    const text = cli.files.get('config/mcp.json') ?? '';
    expect(text.startsWith(before.slice(0, before.indexOf(' } }')))).toBe(true);
    expect(JSON.parse(text)).toEqual({
      $schema: './x.json',
      mcpServers: {
        own: { command: 'node', directory: 'own' },
        memory: {
          command: 'npx',
          args: ['-y', '@modelcontextprotocol/server-memory@2025.9.25'],
          env: { API_TOKEN: '${secret:memory-token}', REGION: '${env:REGION}' },
          units: 2,
          prefix: 'mem',
          tenants: ['acme'],
        },
      },
    });
  });

  it('a name that is taken is refused, and --replace changes it in its place', async () => {
    const cli = await aCli();
    await cli.json('upstreams', 'add', memory);
    const directory = ['upstreams', 'add', 'memory', '{"command":"node","directory":"own"}'];
    expect(await cli.errorOf(...directory)).toMatchObject({
      code: 'SERVER_EXISTS',
      message: expect.stringContaining('config/mcp.json already') as string,
    });
    expect(await cli.json(...directory, '--replace')).toMatchObject([{ replaced: true }]);
    expect(JSON.parse(cli.files.get('config/mcp.json') ?? '')).toEqual({
      mcpServers: { memory: { command: 'node', directory: 'own' } },
    });
    // It no longer comes from npm.
    expect([...cli.locks.keys()]).toEqual([]);
  });

  it('a live server’s name is not taken', async () => {
    const cli = await aCli();
    await cli.upstreams.putUpstream(anUpstream('memory'));
    expect(await cli.errorOf('upstreams', 'add', memory)).toMatchObject({
      code: 'SERVER_EXISTS',
      message: expect.stringContaining('`upstreams remove memory` first') as string,
    });
    expect(cli.files.size).toBe(0);
  });

  it('a package that is not found leaves everything as it was', async () => {
    const cli = await aCli();
    const both = JSON.stringify({
      mcpServers: {
        memory: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] },
        gone: { command: 'npx', args: ['-y', 'not-published'] },
      },
    });
    expect(await cli.errorOf('upstreams', 'add', both)).toMatchObject({
      exitCode: 1,
      code: 'PACKAGE_UNRESOLVED',
    });
    expect(cli.files.size).toBe(0);
    expect(cli.locks.size).toBe(0);
  });

  it('a prefix that another entry has is refused, and a broken file is not touched', async () => {
    const cli = await aCli();
    cli.files.set(
      'config/mcp.json',
      '{"mcpServers":{"own":{"url":"https://x.example.com","prefix":"m"}}}',
    );
    const before = cli.files.get('config/mcp.json');
    const error = await cli.errorOf('upstreams', 'add', memory, '--prefix', 'm');
    expect(error.message).toContain('mcpServers.memory.prefix: "m" is the prefix of "own" already');
    expect(cli.files.get('config/mcp.json')).toBe(before);
    expect(cli.locks.size).toBe(0);
    cli.files.set('config/mcp.json', '{"mcpServers": {');
    expect(await cli.errorOf('upstreams', 'add', memory)).toMatchObject({ code: 'CONFIG_INVALID' });
    expect(cli.files.get('config/mcp.json')).toBe('{"mcpServers": {');
  });

  it('a document with both kinds is written to both places, unless one is refused', async () => {
    const document = (url: string) =>
      JSON.stringify({
        mcpServers: {
          memory: { command: 'npx', args: ['-y', '@modelcontextprotocol/server-memory'] },
          weather: { url },
        },
      });
    const refused = await aCli();
    await refused.errorOf('upstreams', 'add', document('http://10.0.0.1/mcp'));
    expect(refused.files.size).toBe(0);
    const cli = await aCli();
    expect(
      await cli.json('upstreams', 'add', document('https://weather.example.com/mcp')),
    ).toMatchObject([
      { name: 'memory', where: 'project' },
      { name: 'weather', where: 'live' },
    ]);
  });

  it('a secret in an environment variable is refused', async () => {
    const cli = await aCli();
    const entry = '{"command":"npx","args":["-y","x"],"env":{"GITHUB_TOKEN":"canary"}}';
    const { message } = await cli.errorOf('upstreams', 'add', 'github', entry);
    expect(message).toMatch(/env\.GITHUB_TOKEN: looks like a secret/);
    expect(message).not.toContain('canary');
  });
});
