import { describe, expect, it } from 'vitest';
import { npxPackageOf } from '../../src/admin/npx-package.ts';
import { parseEntry, type StdioEntry } from '../../src/upstreams/mcp-servers.ts';

const entryOf = (entry: Record<string, unknown>): StdioEntry => {
  const parsed = parseEntry('server', entry);
  if (parsed.kind !== 'stdio') throw new Error('not stdio');
  return parsed;
};
const packageOf = (command: string, ...args: string[]) =>
  npxPackageOf('server', entryOf({ command, args }));

describe('npxPackageOf', () => {
  it.each([
    [['npx', '-y', '@scope/name'], { name: '@scope/name', range: 'latest', args: [] }],
    [
      ['npx', '--yes', 'name@1.2.3', '-y', '/tmp'],
      { name: 'name', range: '1.2.3', args: ['-y', '/tmp'] },
    ],
    [['npx', 'name@latest'], { name: 'name', range: 'latest', args: [] }],
    [['npx', '-y', '-q', '@a/b@^1.2'], { name: '@a/b', range: '^1.2', args: [] }],
    [['npx.cmd', '-y', 'name'], { name: 'name', range: 'latest', args: [] }],
    [['/usr/local/bin/npx', '-y', 'name'], { name: 'name', range: 'latest', args: [] }],
    [['cmd', '/c', 'npx', '-y', 'name', 'x'], { name: 'name', range: 'latest', args: ['x'] }],
  ])('%j', ([command = '', ...args], expected) => {
    expect(packageOf(command, ...args)).toEqual(expected);
  });

  it('what runs from a folder of the project has no package', () => {
    for (const from of [{ directory: 'servers/own' }, { image: 'servers/python' }]) {
      expect(npxPackageOf('server', entryOf({ command: 'python', ...from }))).toBeUndefined();
    }
  });

  it.each([
    [['uvx', 'mcp-server-fetch'], /"uvx" cannot run in the deployment: .*"image"/],
    [['docker', 'run', '-i', 'mcp/github'], /"docker" cannot run.*Dockerfile/],
    [['/usr/bin/python3', 'x.py'], /"\/usr\/bin\/python3" cannot run/],
    [['bunx', 'x'], /write it for npx/],
    [['pnpm', 'dlx', 'x'], /write it for npx/],
    [['node', '/home/me/server.js'], /"node" is not in the deployment: give "directory"/],
    [['./server'], /give "directory"/],
    [['npx'], /name no package/],
    [['npx', '-y'], /name no package/],
    [['npx', '-p', 'name', 'bin'], /not -p/],
    [['npx', '--package=name', 'bin'], /not --package=name/],
    [['npx', '-y', 'github:me/server'], /no package of the npm registry/],
    [['npx', '-y', './server'], /no package of the npm registry/],
    [['npx', '-y', 'https://x.example.com/a.tgz'], /no package of the npm registry/],
    [['npx', '-y', 'name@https://x.example.com/a.tgz'], /no package of the npm registry/],
    [['npx', '-y', 'name@npm:other'], /no package of the npm registry/],
    [['npx', '-y', 'name@1; rm -rf /'], /no package of the npm registry/],
    [
      ['npx', '-y', 'mcp-remote', 'https://x.example.com/sse'],
      /only leads to an HTTP server: add that, with \{"url": "https:\/\/x\.example\.com\/sse"\}/,
    ],
  ])('%j is refused with what to write', ([command = '', ...args], message) => {
    expect(() => packageOf(command, ...args)).toThrow(message);
    expect(() => packageOf(command, ...args)).toThrow(/^mcpServers\.server\.(command|args): /);
  });
});
