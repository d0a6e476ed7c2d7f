import { beforeAll, describe, expect, it } from 'vitest';
import { configSchema } from '../../lib/config.ts';
import type { SandboxAsset } from '../../lib/function-assets.ts';
import type { UpstreamSpec } from '../../src/upstreams/upstream-spec.ts';
import { tempFolder } from '../unit/support/temp-dir.ts';
import { grantsOf, readable } from './support/cloudformation.ts';
import {
  builtOnce,
  configOf,
  synthesize,
  synthesizedEnv,
  type Synthesized,
} from './support/synth.ts';

const sandboxesOf = ({ gateway }: Synthesized) =>
  gateway
    .ofType('AWS::Lambda::Function')
    .filter(({ Properties }) => String(Properties['Description']).startsWith('Drawbridge sandbox'));

const specOf = (name: string): UpstreamSpec => ({
  kind: 'sandbox',
  name,
  prefix: name,
  tenants: '*',
  timeoutMs: 30_000,
  listTimeoutMs: 5_000,
  units: { default: 1 },
  sandbox: name,
  env: {},
});

/** dev with these sandboxes, and these settings of them. */
const synthesizeWith = async (
  assets: readonly SandboxAsset[],
  settings: Readonly<Record<string, unknown>> = {},
): Promise<Synthesized> => {
  const dev = configOf('dev');
  const config = configSchema.parse({ ...dev, upstreams: { sandbox: settings } });
  const { bundles } = await builtOnce('dev', dev);
  return synthesize('dev', config, {
    bundles: { ...bundles, sandboxes: assets },
    upstreams: assets.map(({ name }) => specOf(name)),
  });
};

const zip = (name: string): SandboxAsset => ({
  name,
  packaging: 'zip',
  directory: tempFolder({ 'index.cjs': 'exports.handler = () => {};', [name]: '' }),
});

describe('the sandbox of a stdio server', () => {
  let local: Synthesized;
  beforeAll(async () => {
    local = await synthesizedEnv('local');
  });

  it('serves one tenant in each of its environments, and is bounded', () => {
    const [sandbox, ...others] = sandboxesOf(local);
    expect(others).toEqual([]);
    const { Properties } = sandbox!;
    expect(Properties).toMatchObject({
      Description: 'Drawbridge sandbox of everything',
      TenancyConfig: { TenantIsolationMode: 'PER_TENANT' },
      ReservedConcurrentExecutions: 5,
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 512,
      Timeout: 60,
      EphemeralStorage: { Size: 512 },
      LoggingConfig: { LogFormat: 'JSON', ApplicationLogLevel: 'INFO', SystemLogLevel: 'WARN' },
    });
    // Tenancy cannot be changed afterwards, and a name would stand in the way of another function.
    expect(Properties).not.toHaveProperty('FunctionName');
    expect(Properties).not.toHaveProperty('VpcConfig');
    expect(Properties).not.toHaveProperty('Layers');
  });

  it('is told nothing: no secret, no table, no address', () => {
    const [sandbox] = sandboxesOf(local);
    expect(sandbox?.Properties['Environment']).toEqual({ Variables: { SANDBOX_STDERR: 'count' } });
  });

  it('may write its own log and do nothing else', () => {
    const [sandbox] = sandboxesOf(local);
    const role = readable(sandbox?.Properties['Role']).slice(1, -'.Arn}'.length);
    expect(grantsOf(local.gateway, role)).toEqual([
      {
        effect: 'Allow',
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [expect.stringMatching(/^\{UpstreamseverythingLogs\w+\.Arn\}$/)],
      },
    ]);
    const { Properties } = local.gateway.resources[role]!;
    expect(Properties).not.toHaveProperty('ManagedPolicyArns');
    expect(Properties).not.toHaveProperty('Policies');
  });

  it('may be called by the MCP function alone: by its role, which no resource policy widens', () => {
    const [sandbox] = sandboxesOf(local);
    const permissions = local.gateway
      .ofType('AWS::Lambda::Permission')
      .map(({ Properties }) => readable(Properties['FunctionName']));
    expect(permissions).not.toContain(`{${sandbox?.id}.Arn}`);
    const statements = local.gateway.ofType('AWS::IAM::Policy').flatMap(({ id, Properties }) => {
      const { Statement } = Properties['PolicyDocument'] as { Statement: readonly object[] };
      return Statement.map((one) => [id.replace(/[0-9A-F]{8}$/, ''), JSON.stringify(one)] as const);
    });
    const callers = statements
      .filter(
        ([, one]) => one.includes('lambda:InvokeFunction') && one.includes(sandbox?.id ?? '?'),
      )
      .map(([id]) => id);
    expect(callers).toEqual(['McpFunctionRoleDefaultPolicy']);
  });

  it('holds the host, how the server is started, and the server at its exact version', async () => {
    const { bundles } = await builtOnce('local', configOf('local'));
    expect(bundles.sandboxes).toMatchObject([{ name: 'everything', packaging: 'zip' }]);
    const files = Object.values(local.assets).filter((asset) => 'sandbox.json' in asset);
    expect(files).toHaveLength(1);
    expect(Object.keys(files[0]!).sort()).toEqual(['index.cjs', 'sandbox.json']);
    expect(JSON.parse(files[0]!['sandbox.json']!)).toEqual({
      command: 'node',
      args: ['server/node_modules/@modelcontextprotocol/server-everything/dist/index.js'],
      cwd: '.',
    });
  });

  it.each(['dev', 'prod'] as const)('is not in %s, and no secret of an upstream', async (env) => {
    const synthesized = await synthesizedEnv(env);
    expect(sandboxesOf(synthesized)).toEqual([]);
    expect(synthesized.gateway.text).not.toContain('TenancyConfig');
    expect(synthesized.data.text).not.toContain('UpstreamSecret');
  });
});

it('settings reach each sandbox, and the MCP function may call exactly these', async () => {
  const synthesized = await synthesizeWith([zip('one'), zip('two')], {
    memoryMb: 1024,
    timeoutSeconds: 20,
    reservedConcurrency: null,
    ephemeralMb: 1024,
    stderr: 'log',
  });
  const sandboxes = sandboxesOf(synthesized);
  expect(sandboxes).toHaveLength(2);
  for (const { Properties } of sandboxes) {
    expect(Properties).toMatchObject({
      MemorySize: 1024,
      Timeout: 20,
      EphemeralStorage: { Size: 1024 },
      Environment: { Variables: { SANDBOX_STDERR: 'log' } },
    });
    expect(Properties).not.toHaveProperty('ReservedConcurrentExecutions');
  }
  const { gateway } = synthesized;
  const mcp = gateway
    .ofType('AWS::Lambda::Function')
    .find(({ Properties }) => Properties['Description'] === 'Drawbridge MCP server');
  const grants = grantsOf(gateway, readable(mcp?.Properties['Role']).slice(1, -'.Arn}'.length));
  expect(grants.filter(({ actions }) => actions.includes('lambda:InvokeFunction'))).toEqual([
    {
      effect: 'Allow',
      actions: ['lambda:InvokeFunction'],
      resources: sandboxes.map(({ id }) => `{${id}.Arn}`),
    },
  ]);
});

it('an image is one for arm64, synthesized without Docker', async () => {
  const directory = tempFolder({ Dockerfile: 'FROM public.ecr.aws/lambda/nodejs:24' });
  const [sandbox] = sandboxesOf(
    await synthesizeWith([{ name: 'weather', packaging: 'image', directory }]),
  );
  expect(sandbox?.Properties).toMatchObject({
    PackageType: 'Image',
    Architectures: ['arm64'],
    TenancyConfig: { TenantIsolationMode: 'PER_TENANT' },
    ReservedConcurrentExecutions: 5,
    Code: { ImageUri: expect.anything() as unknown },
  });
  expect(sandbox?.Properties).not.toHaveProperty('Handler');
});
