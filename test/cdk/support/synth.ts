import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, type Stack } from 'aws-cdk-lib';
import * as z from 'zod';
import { buildEnvironment, type BuiltEnvironment } from '../../../build/build-environment.ts';
import { environmentsIn, loadConfig, type DrawbridgeConfig } from '../../../lib/config.ts';
import { addEnvironment } from '../../../lib/environment-stacks.ts';
import { addSecurityChecks } from '../../../lib/security-checks.ts';

export const projectDirectory = join(import.meta.dirname, '..', '..', '..');

const resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
  UpdateReplacePolicy: z.string().optional(),
  Metadata: z.record(z.string(), z.unknown()).default({}),
});
export type Resource = z.infer<typeof resource>;

const template = z.looseObject({ Resources: z.record(z.string(), resource) });
const manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      properties: z.looseObject({ terminationProtection: z.boolean().optional() }).optional(),
    }),
  ),
});

/** One stack as it was written to disk. */
export class SynthesizedStack {
  readonly name: string;
  readonly text: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly terminationProtection: boolean;

  constructor(name: string, text: string, terminationProtection: boolean) {
    this.name = name;
    this.text = text;
    this.resources = template.parse(JSON.parse(text)).Resources;
    this.terminationProtection = terminationProtection;
  }

  /** The resources of one type, by logical id, in the order of the template. */
  ofType(type: string): readonly (Resource & { readonly id: string })[] {
    return Object.entries(this.resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, found]) => ({ id, ...found }));
  }

  /** The one resource of a type. */
  only(type: string): Resource & { readonly id: string } {
    const found = this.ofType(type);
    if (found.length !== 1) throw new Error(`${found.length} of ${type}`);
    return found[0]!;
  }
}

export interface Synthesized {
  readonly config: DrawbridgeConfig;
  readonly data: SynthesizedStack;
  readonly gateway: SynthesizedStack;
  readonly operations: SynthesizedStack;
  /** The text of each file of each asset. */
  readonly assets: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/** The context of cdk.json, and what bin/drawbridge.ts sets besides. */
const contextOfTheApp = (): Record<string, unknown> => ({
  ...z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(join(projectDirectory, 'cdk.json'), 'utf8'))).context,
  '@aws-cdk/core:failSynthOnValidationErrors': true,
});

/** An app whose output has to be removed. */
export const anApp = (): App =>
  new App({
    outdir: mkdtempSync(join(tmpdir(), 'drawbridge-cdk-')),
    postCliContext: contextOfTheApp(),
    analyticsReporting: false,
  });

const configDirectory = join(projectDirectory, 'config');

/** What bin/drawbridge.ts builds. */
export const build = (env: string, config: DrawbridgeConfig): Promise<BuiltEnvironment> =>
  buildEnvironment({
    projectDirectory,
    env,
    knownEnvs: environmentsIn(configDirectory),
    config,
    environment: { ...process.env, ITEMS_API_URL: 'http://127.0.0.1:7500' },
  });

const built = new Map<string, Promise<BuiltEnvironment>>();

/** The same, made once for each environment. */
export const builtOnce = (env: string, config: DrawbridgeConfig): Promise<BuiltEnvironment> => {
  const known = built.get(env) ?? build(env, config);
  built.set(env, known);
  return known;
};

export const configOf = (env: string): DrawbridgeConfig => loadConfig(configDirectory, env);

/** At the top of an asset: what a stdio server brings is in a folder. */
const filesOf = (directory: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => [name, readFileSync(join(directory, name), 'utf8')]),
  );

/** Synthesizes as bin/drawbridge.ts does, and reads back what was written. */
export const synthesize = async (
  env: string,
  config: DrawbridgeConfig = configOf(env),
  given?: Pick<BuiltEnvironment, 'bundles' | 'upstreams'>,
): Promise<Synthesized> => {
  const { bundles, upstreams } = given ?? (await builtOnce(env, config));
  const app = anApp();
  const { data, gateway, operations } = addEnvironment(app, {
    envName: env,
    config,
    bundles,
    upstreams,
  });
  addSecurityChecks(app);
  try {
    app.synth();
    return {
      config,
      data: readStack(app.outdir, data),
      gateway: readStack(app.outdir, gateway),
      operations: readStack(app.outdir, operations),
      assets: readAssets(app.outdir),
    };
  } finally {
    rmSync(app.outdir, { recursive: true, force: true });
  }
};

const readStack = (directory: string, stack: Stack): SynthesizedStack => {
  const { artifacts } = manifest.parse(
    JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')),
  );
  const { properties } = artifacts[stack.artifactId] ?? {};
  return new SynthesizedStack(
    stack.stackName,
    readFileSync(join(directory, stack.templateFile), 'utf8'),
    properties?.terminationProtection === true,
  );
};

const readAssets = (directory: string): Synthesized['assets'] =>
  Object.fromEntries(
    readdirSync(directory)
      .filter((name) => name.startsWith('asset.'))
      .map((name) => [name, filesOf(join(directory, name))]),
  );

const synthesized = new Map<string, Promise<Synthesized>>();

/** An environment of this project, synthesized once in a process. */
export const synthesizedEnv = (env: 'dev' | 'local' | 'prod'): Promise<Synthesized> => {
  const known = synthesized.get(env) ?? synthesize(env);
  synthesized.set(env, known);
  return known;
};
