import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readAssembly, readStacks } from '../../cli/project/read-stacks.ts';
import { tempFolder } from './support/temp-dir.ts';

const template = JSON.stringify({ Resources: { Key: { Type: 'AWS::KMS::Key' } } });

const manifest = JSON.stringify({
  artifacts: {
    'app-Data.assets': { type: 'cdk:asset-manifest' },
    'app-Data': {
      type: 'aws:cloudformation:stack',
      environment: 'aws://unknown-account/eu-central-1',
      displayName: 'app-Data',
      properties: { templateFile: 'app-Data.template.json' },
    },
    Tree: { type: 'cdk:tree', properties: { file: 'tree.json' } },
  },
});

describe('a cloud assembly', () => {
  it('is read: its stacks with their regions and templates', async () => {
    const folder = tempFolder({ 'manifest.json': manifest, 'app-Data.template.json': template });
    const expected = [
      {
        name: 'app-Data',
        region: 'eu-central-1',
        template: { Resources: { Key: { Type: 'AWS::KMS::Key', Properties: {} } }, Outputs: {} },
      },
    ];
    expect(await readAssembly(folder)).toEqual(expected);
    expect(await readStacks('/nowhere')({ cdkOut: folder })).toEqual(expected);
  });

  it.each([
    ['manifest.json', {}],
    ['app-Data.template.json', { 'manifest.json': manifest }],
  ])('without %s is named', async (missing, files) => {
    await expect(readAssembly(tempFolder(files))).rejects.toMatchObject({
      code: 'SYNTHESIS_FAILED',
      message: expect.stringContaining(missing) as string,
    });
  });
});

describe('an environment', () => {
  const projectWith = (script: string): string =>
    tempFolder({ 'scripts/synthesize-environment.ts': script });

  it('is synthesized by the project’s script, whose folder is removed', async () => {
    const folder = tempFolder({ 'manifest.json': manifest, 'app-Data.template.json': template });
    const project = projectWith(
      `process.stdout.write(JSON.stringify({ directory: ${JSON.stringify(folder)} }))`,
    );
    expect(await readStacks(project)({ config: 'dev' })).toHaveLength(1);
    await expect(readAssembly(folder)).rejects.toMatchObject({ code: 'SYNTHESIS_FAILED' });
  });

  it('that config/ does not have is named by the real script, with those it has', async () => {
    const project = path.join(import.meta.dirname, '..', '..');
    await expect(readStacks(project)({ config: 'nowhere' })).rejects.toMatchObject({
      code: 'SYNTHESIS_FAILED',
      message: 'there is no config/nowhere.json: config/ has dev, local, prod',
    });
  });

  it('that cannot be synthesized fails with what was said', async () => {
    const project = projectWith(
      `process.stdout.write(JSON.stringify({ problem: 'no ' + process.argv[2] }))`,
    );
    await expect(readStacks(project)({ config: 'stage' })).rejects.toMatchObject({
      code: 'SYNTHESIS_FAILED',
      message: 'no stage',
    });
  });
});
