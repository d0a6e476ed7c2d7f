import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveTarget } from '../../cli/target.ts';
import { failureOf } from './admin-fixtures.ts';

const connection = {
  url: 'http://127.0.0.1:7400',
  adminAws: { region: 'us-east-1', accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' },
  twin: { awsEndpoint: 'http://127.0.0.1:4566', deployment: '/drawbridge/local/deployment' },
  apiKey: 'something else',
};
const twin = {
  kind: 'twin',
  env: 'local',
  parameter: '/drawbridge/local/deployment',
  endpoint: 'http://127.0.0.1:4566',
  hosts: ['127.0.0.1:7400'],
  region: 'us-east-1',
  credentials: { accessKeyId: 'A', secretAccessKey: 'S', sessionToken: 'T' },
};

let root: string;
let project: string;
let deep: string;
let elsewhere: string;

beforeAll(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'drawbridge-target-'));
  project = path.join(root, 'project');
  deep = path.join(project, 'examples', 'one');
  elsewhere = path.join(root, 'elsewhere');
  await mkdir(deep, { recursive: true });
  await mkdir(elsewhere);
  await mkdir(path.join(project, '.drawbridge'));
  await writeFile(path.join(project, '.drawbridge', 'connection.json'), JSON.stringify(connection));
});
afterAll(() => rm(root, { recursive: true }));

describe('without --env', () => {
  it('the twin’s connection is found from anywhere in the project', async () => {
    for (const cwd of [project, deep]) {
      expect(await resolveTarget({}, { cwd, packageRoot: elsewhere, env: {} })).toEqual(twin);
    }
  });

  it('outside of it, that of the installed package counts', async () => {
    const surroundings = { cwd: elsewhere, packageRoot: project, env: {} };
    expect(await resolveTarget({}, surroundings)).toEqual(twin);
  });

  it('DRAWBRIDGE_CONNECTION names another file', async () => {
    const file = path.join(elsewhere, 'other.json');
    const adminAws = { region: 'us-east-1', accessKeyId: 'A', secretAccessKey: 'S' };
    await writeFile(file, JSON.stringify({ ...connection, adminAws }));
    const env = { DRAWBRIDGE_CONNECTION: 'other.json' };
    expect(await resolveTarget({}, { cwd: elsewhere, packageRoot: project, env })).toMatchObject({
      credentials: { accessKeyId: 'A', secretAccessKey: 'S' },
    });
  });

  it('no file, or one that cannot be read, is one line that says to start the twin', async () => {
    for (const env of [{}, { DRAWBRIDGE_CONNECTION: 'missing.json' }]) {
      const failure = await failureOf(
        resolveTarget({}, { cwd: elsewhere, packageRoot: elsewhere, env }),
      );
      expect(failure).toMatchObject({ code: 'TWIN_NOT_RUNNING' });
      expect(failure.message).toMatch(
        /^the twin is not running \([^\n]+\): start it with `npm start`/,
      );
    }
  });

  it('a file that is broken or incomplete is named with its fields', async () => {
    for (const [text, fields] of [
      ['{', 'the whole file'],
      [JSON.stringify({ ...connection, twin: {} }), 'twin.awsEndpoint, twin.deployment'],
    ] as const) {
      await writeFile(path.join(elsewhere, 'broken.json'), text);
      const env = { DRAWBRIDGE_CONNECTION: 'broken.json' };
      const failure = await failureOf(
        resolveTarget({}, { cwd: elsewhere, packageRoot: project, env }),
      );
      expect(failure.message).toContain(`check ${fields}`);
    }
  });

  it('--region and --profile are refused rather than ignored', async () => {
    for (const options of [
      { region: 'eu-west-1' },
      { profile: 'ops' },
      { env: 'local', profile: 'x' },
    ]) {
      expect(
        await failureOf(resolveTarget(options, { cwd: project, packageRoot: project, env: {} })),
      ).toMatchObject({ code: 'USAGE' });
    }
  });
});

describe('with --env', () => {
  const surroundings = { cwd: '/', packageRoot: '/', env: {} };

  it('the deployment is looked up under its name', async () => {
    expect(await resolveTarget({ env: 'prod' }, surroundings)).toEqual({
      kind: 'aws',
      env: 'prod',
      parameter: '/drawbridge/prod/deployment',
    });
    expect(
      await resolveTarget({ env: 'dev', region: 'eu-west-1', profile: 'ops' }, surroundings),
    ).toMatchObject({ region: 'eu-west-1', profile: 'ops' });
  });

  it.each(['', 'Prod', '../x', 'a/b', 'a b'])('%j is no name', async (env) => {
    expect(await failureOf(resolveTarget({ env }, surroundings))).toMatchObject({ code: 'USAGE' });
  });
});
