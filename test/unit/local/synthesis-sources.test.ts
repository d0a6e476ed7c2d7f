import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourcesHash } from '../../../local/synthesis-sources.ts';
import { tempFolder } from '../support/temp-dir.ts';

const mcpServers = {
  mine: { command: 'node', args: ['main.js'], directory: 'servers/mine' },
  python: { command: 'python3', image: 'servers/python' },
  items: { openapi: 'examples/openapi.json', baseUrl: '${env:ITEMS_URL}' },
};

const project = {
  'config/local.json': '{}',
  'config/mcp.json': JSON.stringify({ mcpServers }),
  'config/mcp.lock.json': '{}',
  'config/stdio/everything/package-lock.json': '{}',
  'servers/mine/main.js': 'one',
  'servers/mine/node_modules/a/index.js': 'one',
  'servers/mine/.git/HEAD': 'one',
  'servers/python/Dockerfile': 'one',
  'examples/openapi.json': 'one',
  'examples/schemas/item.yaml': 'one',
  'examples/server.ts': 'one',
  'examples/node_modules/a/package.json': 'one',
  'other/file.js': 'one',
};

const variables = { ITEMS_URL: 'http://127.0.0.1:1', OTHER: 'one' };

const before = () => {
  const folder = tempFolder(project);
  return { folder, hash: sourcesHash(folder, 'local', variables) };
};

describe('what is synthesized depends on', () => {
  it.each([
    'config/mcp.json',
    'config/mcp.lock.json',
    'config/stdio/everything/package-lock.json',
    'servers/mine/main.js',
    'servers/mine/node_modules/a/index.js',
    'servers/python/Dockerfile',
    'examples/openapi.json',
    'examples/schemas/item.yaml',
  ] as const)('%s', (file) => {
    const { folder, hash } = before();
    writeFileSync(join(folder, file), `${project[file]} `);
    expect(sourcesHash(folder, 'local', variables)).not.toBe(hash);
    rmSync(join(folder, file));
    expect(sourcesHash(folder, 'local', variables)).not.toBe(hash);
  });

  it('the variables that config/mcp.json names', () => {
    const { folder, hash } = before();
    expect(
      sourcesHash(folder, 'local', { ...variables, ITEMS_URL: 'http://127.0.0.1:2' }),
    ).not.toBe(hash);
    expect(sourcesHash(folder, 'local', {})).not.toBe(hash);
    expect(sourcesHash(folder, 'local', { ...variables, OTHER: 'two' })).toBe(hash);
  });

  it.each([
    'servers/mine/.git/HEAD',
    'examples/server.ts',
    'examples/node_modules/a/package.json',
    'other/file.js',
  ] as const)('but not on %s', (file) => {
    const { folder, hash } = before();
    writeFileSync(join(folder, file), 'two');
    expect(sourcesHash(folder, 'local', variables)).toBe(hash);
  });

  it('a configuration that is not right, as text: synthesis will say what is wrong', () => {
    const { folder, hash } = before();
    writeFileSync(join(folder, 'config/mcp.json'), '{"mcpServers":');
    expect(sourcesHash(folder, 'local', variables)).not.toBe(hash);
  });
});
