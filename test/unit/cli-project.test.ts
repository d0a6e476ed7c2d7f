import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openProject } from '../../cli/project/open-project.ts';
import { failureOf } from './admin-fixtures.ts';
import { startNpmRegistry } from './npm-registry.ts';

const packageRoot = path.resolve(import.meta.dirname, '../..');

let registry: Awaited<ReturnType<typeof startNpmRegistry>>;
let directory: string;

beforeAll(async () => {
  registry = await startNpmRegistry(
    {
      '@acme/server': {
        '1.0.0': { bin: 'server.js', dependencies: { helper: '^1.0.0' } },
        '1.2.0': {
          bin: 'server.js',
          dependencies: { helper: '^1.0.0' },
          scripts: { postinstall: 'touch /tmp/owned' },
        },
        '2.0.0-beta.1': { bin: 'server.js' },
      },
      helper: { '1.0.5': {} },
      library: { '1.0.0': {} },
    },
    { '@acme/server': '1.2.0', helper: '1.0.5', library: '1.0.0' },
  );
  for (const [name, value] of Object.entries(registry.env)) vi.stubEnv(name, value);
  directory = await mkdtemp(path.join(os.tmpdir(), 'drawbridge-project-'));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await registry[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});
afterEach(() => rm(path.join(directory, 'stdio'), { recursive: true, force: true }));

const project = () => openProject(packageRoot, directory);
const locked = async (server: string, file: string) =>
  JSON.parse(await readFile(path.join(directory, 'stdio', server, file), 'utf8')) as unknown;

describe('package locks, with npm and a registry', () => {
  it('finds the version as npx would, and locks it with what it depends on, by integrity', async () => {
    expect(await project().packages.lock('acme', '@acme/server', 'latest')).toEqual({
      name: '@acme/server',
      version: '1.2.0',
    });
    expect(await locked('acme', 'package.json')).toEqual({
      name: 'stdio-acme',
      private: true,
      dependencies: { '@acme/server': '1.2.0' },
    });
    const lock = await locked('acme', 'package-lock.json');
    expect(lock).toMatchObject({
      lockfileVersion: 3,
      packages: {
        '': { dependencies: { '@acme/server': '1.2.0' } },
        'node_modules/@acme/server': {
          version: '1.2.0',
          integrity: expect.stringMatching(/^sha512-/) as string,
        },
        'node_modules/helper': {
          version: '1.0.5',
          integrity: expect.stringMatching(/^sha512-/) as string,
        },
      },
    });
    // Neither the registry that was used, nor anything of the package itself, is here.
    expect(JSON.stringify(lock)).not.toMatch(/resolved|registry\.invalid|127\.0\.0\.1/);
    expect((await readdir(path.join(directory, 'stdio', 'acme'))).sort()).toEqual([
      'package-lock.json',
      'package.json',
    ]);
    expect(await readdir(path.join(directory, 'stdio'))).toEqual(['acme']);
    expect(registry.asked.join()).not.toContain('.tgz');
  }, 60_000);

  it('takes ranges, tags and exact versions, and puts a new lock in the place of the old', async () => {
    const { packages } = project();
    expect(await packages.lock('acme', '@acme/server', '~1.0')).toMatchObject({ version: '1.0.0' });
    expect(await packages.lock('acme', '@acme/server', '2.0.0-beta.1')).toMatchObject({
      version: '2.0.0-beta.1',
    });
    expect(await locked('acme', 'package.json')).toMatchObject({
      dependencies: { '@acme/server': '2.0.0-beta.1' },
    });
    expect(await readdir(path.join(directory, 'stdio'))).toEqual(['acme']);
    await packages.remove('acme');
    await packages.remove('acme');
    expect(existsSync(path.join(directory, 'stdio', 'acme'))).toBe(false);
  }, 60_000);

  it.each([
    ['not-published', 'latest', /npm could not lock not-published@latest: .*(404|Not Found)/i],
    ['@acme/server', '9.9.9', /npm could not lock @acme\/server@9\.9\.9: .*No matching version/],
    ['library', 'latest', /the package has no program to run/],
  ])(
    '%s@%s is refused with npm’s reason, and nothing is left',
    async (name, range, message) => {
      const failure = await failureOf(project().packages.lock('acme', name, range));
      expect(failure).toMatchObject({ code: 'PACKAGE_UNRESOLVED' });
      expect(failure.message).toMatch(message);
      expect(failure.message).not.toContain(os.homedir());
      expect(await readdir(path.join(directory, 'stdio'))).toEqual([]);
    },
    60_000,
  );

  it('without npm on the PATH it says so', async () => {
    vi.stubEnv('PATH', directory);
    const failure = await failureOf(project().packages.lock('acme', '@acme/server', 'latest'));
    vi.stubEnv('PATH', process.env['PATH'] ?? '');
    expect(failure.message).toContain('npm is not on the PATH');
  });
});

describe('files', () => {
  it('a file that is not there is undefined; one that is written is whole', async () => {
    const { mcpJson, pinLock } = project();
    expect(await mcpJson.read()).toBeUndefined();
    expect(mcpJson.name).toBe(path.join(directory, 'mcp.json'));
    expect(openProject(packageRoot).mcpJson.name).toBe('config/mcp.json');
    await mcpJson.write('{}\n');
    expect(await mcpJson.read()).toBe('{}\n');
    expect(await pinLock.read()).toBeUndefined();
    expect(await readdir(directory)).toEqual(['mcp.json']);
  });

  it('an OpenAPI document is compiled, and its mistakes are told with their places', async () => {
    const file = path.join(directory, 'openapi', 'openapi.json');
    await mkdir(path.dirname(file), { recursive: true });
    const document = {
      openapi: '3.1.0',
      info: { title: 'Items', version: '1' },
      paths: {
        '/items/{id}': {
          get: {
            operationId: 'get_item',
            summary: 'One item',
            parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
            responses: { 200: { description: 'It.' } },
          },
        },
      },
    };
    await writeFile(file, JSON.stringify(document));
    const { tools } = await project().compileOpenApi(file);
    expect(tools).toMatchObject([
      { definition: { name: 'get_item' }, method: 'GET', path: '/items/{id}' },
    ]);
    await writeFile(file, JSON.stringify({ swagger: '2.0', info: {}, paths: {} }));
    const failure = await failureOf(project().compileOpenApi(file));
    expect(failure.name).toBe('UpstreamConfigError');
    expect(failure.message).toContain(`${file} is not right:\n`);
  }, 30_000);
});
