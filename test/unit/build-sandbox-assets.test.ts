import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
} from 'node:fs';
import { join } from 'node:path';
import { FileSystem } from 'aws-cdk-lib';
import { describe, expect, it } from 'vitest';
import { assembleSandbox, type SandboxAsset } from '../../build/upstreams/assemble-sandbox.ts';
import type { SandboxPlan } from '../../build/upstreams/sandbox-plan.ts';
import { startRegistry } from './support/npm-registry.ts';
import { tempFolder } from './support/temp-dir.ts';
import { lockFiles, readProject } from './support/upstream-project.ts';

const host = { 'index.cjs': 'exports.handler = () => {};' };

const assemble = (
  plan: SandboxPlan | undefined,
  environment: Readonly<Record<string, string | undefined>> = {},
  cache = join(tempFolder({}), 'vendor'),
): Promise<SandboxAsset> => {
  if (plan === undefined) throw new Error('there is no sandbox');
  return assembleSandbox(plan, {
    hostDirectory: tempFolder(host),
    directory: join(tempFolder({}), 'asset'),
    cache,
    platform: 'host',
    environment,
  });
};

const filesIn = (directory: string): readonly string[] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1))
    .sort();

const plansOf = async (entry: unknown, files: Readonly<Record<string, string>>) =>
  (await readProject({ mcpServers: { mine: entry } }, { files })).sandboxes;

const script = { command: 'node', args: ['main.js'], directory: 'mine' };

describe('a server in a folder', () => {
  it('goes along with its modules; repository and variables stay behind', async () => {
    const [plan] = await plansOf(script, {
      'mine/main.js': 'main',
      'mine/node_modules/a/index.js': 'a',
      'mine/.git/config': 'git',
      'mine/.env': 'TOKEN=canary',
    });
    const { directory, packaging } = await assemble(plan);
    expect(packaging).toBe('zip');
    expect(filesIn(directory)).toEqual([
      'index.cjs',
      'sandbox.json',
      'server/main.js',
      'server/node_modules/a/index.js',
    ]);
    expect(JSON.parse(readFileSync(join(directory, 'sandbox.json'), 'utf8'))).toEqual({
      command: 'node',
      args: ['main.js'],
      cwd: 'server',
    });
  });

  it('can be read and run by another user, whatever its modes were', async () => {
    const [plan] = await plansOf(script, { 'mine/main.js': '', 'mine/lib/serve': '' });
    if (plan?.contents.kind !== 'directory') throw new Error('it is no folder');
    const source = plan.contents.directory;
    chmodSync(join(source, 'main.js'), 0o600);
    chmodSync(join(source, 'lib', 'serve'), 0o700);
    chmodSync(join(source, 'lib'), 0o700);
    const { directory } = await assemble(plan);
    const modeOf = (path: string) =>
      (statSync(join(directory, 'server', path)).mode & 0o777).toString(8);
    expect(['main.js', 'lib', 'lib/serve'].map(modeOf)).toEqual(['644', '755', '755']);
  });

  it('the same files are the same asset, whenever they were written', async () => {
    const [plan] = await plansOf(script, { 'mine/main.js': 'main', 'mine/a/b.js': 'b' });
    if (plan?.contents.kind !== 'directory') throw new Error('it is no folder');
    const one = await assemble(plan);
    utimesSync(join(plan.contents.directory, 'main.js'), 1, 1);
    const other = await assemble(plan);
    expect(FileSystem.fingerprint(other.directory)).toBe(FileSystem.fingerprint(one.directory));
  });

  it('links inside of it stay links; one that leads out is refused by its name', async () => {
    const [plan] = await plansOf(script, { 'mine/main.js': 'main', 'other/secret': '' });
    if (plan?.contents.kind !== 'directory') throw new Error('it is no folder');
    const source = plan.contents.directory;
    mkdirSync(join(source, 'bin'));
    symlinkSync('../main.js', join(source, 'bin', 'link.js'));
    const { directory } = await assemble(plan);
    expect(readFileSync(join(directory, 'server', 'bin', 'link.js'), 'utf8')).toBe('main');
    symlinkSync('../../other/secret', join(source, 'bin', 'out'));
    await expect(assemble(plan)).rejects.toThrow(
      'mcpServers.mine.directory: bin/out leads out of the folder: copy what it leads to',
    );
  });

  it('that is larger than Lambda takes is refused', async () => {
    const [plan] = await plansOf(script, { 'mine/main.js': '', 'mine/model.bin': '' });
    if (plan?.contents.kind !== 'directory') throw new Error('it is no folder');
    // Without blocks on the disk.
    truncateSync(join(plan.contents.directory, 'model.bin'), 262_144_001);
    await expect(assemble(plan)).rejects.toThrow(
      'mcpServers.mine.directory: has 251 MB of files, and Lambda takes 250 MB: give "image", a folder with a Dockerfile',
    );
  });
});

it('the context of an image is its folder and the host beside it', async () => {
  const [plan] = await plansOf(
    { command: 'python3', args: ['-m', 'weather'], image: 'mine' },
    { 'mine/Dockerfile': 'FROM x', 'mine/app/a.py': '', 'mine/drawbridge-host/old.cjs': '' },
  );
  const { directory, packaging } = await assemble(plan);
  expect(packaging).toBe('image');
  expect(filesIn(directory)).toEqual([
    'Dockerfile',
    'app/a.py',
    'drawbridge-host/index.cjs',
    'drawbridge-host/sandbox.json',
  ]);
  expect(
    JSON.parse(readFileSync(join(directory, 'drawbridge-host', 'sandbox.json'), 'utf8')),
  ).toEqual({ command: 'python3', args: ['-m', 'weather'], cwd: '.' });
});

describe('a package of npm', () => {
  const entry = { command: 'npx', args: ['-y', '@acme/files@1.2.3', '/tmp'] };
  const sources = {
    'package.json': JSON.stringify({
      name: '@acme/files',
      version: '1.2.3',
      bin: { files: 'index.js' },
      scripts: { install: "node -e \"require('fs').writeFileSync('ran', '')\"" },
    }),
    'index.js': '#!/usr/bin/env node\n',
  };
  const planOf = async (integrity: string, bin = 'index.js') =>
    (
      await plansOf(
        entry,
        lockFiles('mine', '@acme/files', '1.2.3', { integrity, bin: { files: bin } }),
      )
    )[0];

  it('is installed as locked, without running anything of it, and only once', async () => {
    const registry = await startRegistry('@acme/files', '1.2.3', sources);
    const cache = join(tempFolder({}), 'vendor');
    const environment = registry.environmentWith(tempFolder({}));
    const plan = await planOf(registry.integrity);
    const { directory } = await assemble(plan, environment, cache);
    expect(filesIn(directory)).toEqual([
      'index.cjs',
      'sandbox.json',
      'server/node_modules/@acme/files/index.js',
      'server/node_modules/@acme/files/package.json',
    ]);
    expect(JSON.parse(readFileSync(join(directory, 'sandbox.json'), 'utf8'))).toEqual({
      command: 'node',
      args: ['server/node_modules/@acme/files/index.js', '/tmp'],
      cwd: '.',
    });
    const asked = registry.requests.length;
    const again = await assemble(plan, environment, cache);
    expect(registry.requests).toHaveLength(asked);
    expect(FileSystem.fingerprint(again.directory)).toBe(FileSystem.fingerprint(directory));
    expect(readdirSync(cache)).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
  });

  it('whose contents are not those of the lock is refused, and nothing is left of it', async () => {
    const registry = await startRegistry('@acme/files', '1.2.3', sources);
    const cache = join(tempFolder({}), 'vendor');
    const plan = await planOf(`sha512-${Buffer.alloc(64).toString('base64')}`);
    await expect(assemble(plan, registry.environmentWith(tempFolder({})), cache)).rejects.toThrow(
      /^config\/mcp\.json is not right:\n {2}mcpServers\.mine\.args: @acme\/files@1\.2\.3 could not be installed: Integrity checksum failed/,
    );
    expect(readdirSync(cache)).toEqual([]);
  });

  it('that a killed synthesis left half installed does not count, and is cleared away later', async () => {
    const registry = await startRegistry('@acme/files', '1.2.3', sources);
    const cache = tempFolder({
      'unfinished-old/node_modules/a': '',
      'unfinished-new/package.json': '',
    });
    const twoHoursAgo = Date.now() / 1000 - 7_200;
    utimesSync(join(cache, 'unfinished-old'), twoHoursAgo, twoHoursAgo);
    await assemble(
      await planOf(registry.integrity),
      registry.environmentWith(tempFolder({})),
      cache,
    );
    expect(readdirSync(cache).toSorted()).toEqual([
      expect.stringMatching(/^[0-9a-f]{32}$/),
      'unfinished-new',
    ]);
  });

  it('whose program is not Node’s is refused', async () => {
    const registry = await startRegistry('@acme/files', '1.2.3', {
      ...sources,
      'run.sh': '#!/bin/sh\n',
    });
    await expect(
      assemble(
        await planOf(registry.integrity, 'run.sh'),
        registry.environmentWith(tempFolder({})),
      ),
    ).rejects.toThrow(
      'mcpServers.mine.args: @acme/files@1.2.3 runs run.sh, which is no program of Node: give "image", a folder with a Dockerfile',
    );
  });

  it('that the registry does not have is refused with what npm says', async () => {
    const registry = await startRegistry('@acme/other', '1.2.3', sources);
    const plan = await planOf(registry.integrity);
    await expect(assemble(plan, registry.environmentWith(tempFolder({})))).rejects.toThrow(
      /could not be installed: .*(?:404|not found)/i,
    );
  });
});
