import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App } from 'aws-cdk-lib';
import * as z from 'zod';
import { bundleFunctions, type FunctionBundles } from '../../../build/bundle-functions.ts';
import { loadConfig, type DrawbridgeConfig } from '../../../lib/config.ts';
import { DrawbridgeStage } from '../../../lib/drawbridge-stage.ts';
import { addSecurityChecks } from '../../../lib/security-checks.ts';

export const projectDirectory = join(import.meta.dirname, '..', '..', '..');

const roots: string[] = [];
const tempDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-cdk-'));
  roots.push(directory);
  return directory;
};
process.once('exit', () => {
  for (const directory of roots) rmSync(directory, { recursive: true, force: true });
});

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
      type: z.string(),
      displayName: z.string().optional(),
      properties: z.looseObject({ terminationProtection: z.boolean().optional() }).optional(),
    }),
  ),
});

/** One stack as it was written to disk. */
export class SynthesizedStack {
  readonly text: string;
  readonly resources: Readonly<Record<string, Resource>>;
  readonly terminationProtection: boolean;

  constructor(text: string, terminationProtection: boolean) {
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
  readonly directory: string;
  readonly data: SynthesizedStack;
  readonly gateway: SynthesizedStack;
  /** Directories of the assets, by name. */
  readonly assets: readonly string[];
}

/** The context of cdk.json, and what bin/drawbridge.ts sets besides. */
const contextOfTheApp = (): Record<string, unknown> => ({
  ...z
    .object({ context: z.record(z.string(), z.unknown()) })
    .parse(JSON.parse(readFileSync(join(projectDirectory, 'cdk.json'), 'utf8'))).context,
  '@aws-cdk/core:failSynthOnValidationErrors': true,
});

export const anApp = (): App =>
  new App({
    outdir: tempDirectory(),
    postCliContext: contextOfTheApp(),
    analyticsReporting: false,
  });

let bundles: Promise<FunctionBundles> | undefined;

/** The real bundles, made once. */
export const bundled = (config: DrawbridgeConfig): Promise<FunctionBundles> =>
  (bundles ??= bundleFunctions({ projectDirectory, contentFolder: config.content.folder }));

export const configOf = (env: string): DrawbridgeConfig =>
  loadConfig(join(projectDirectory, 'config'), env);

/** Synthesizes as bin/drawbridge.ts does, and reads back what was written. */
export const synthesize = async (
  env: string,
  config: DrawbridgeConfig = configOf(env),
  assets?: FunctionBundles,
): Promise<Synthesized> => {
  const app = anApp();
  const stage = new DrawbridgeStage(app, env, {
    envName: env,
    config,
    bundles: assets ?? (await bundled(config)),
  });
  addSecurityChecks(app);
  const { directory: root } = app.synth();
  const directory = join(root, stage.artifactId);
  const { artifacts } = manifest.parse(
    JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')),
  );
  const stack = (name: string): SynthesizedStack => {
    const [id, artifact] =
      Object.entries(artifacts).find(
        ([, { type, displayName }]) =>
          type === 'aws:cloudformation:stack' && displayName === `${env}/${name}`,
      ) ?? [];
    if (id === undefined) throw new Error(`there is no stack ${env}/${name}`);
    return new SynthesizedStack(
      readFileSync(join(directory, `${id}.template.json`), 'utf8'),
      artifact?.properties?.terminationProtection === true,
    );
  };
  return {
    config,
    directory,
    data: stack('Data'),
    gateway: stack('Gateway'),
    assets: readdirSync(root)
      .filter((name) => name.startsWith('asset.'))
      .map((name) => join(root, name)),
  };
};

const synthesized = new Map<string, Promise<Synthesized>>();

/** An environment of this project, synthesized once in a process. */
export const synthesizedEnv = (env: 'dev' | 'local' | 'prod'): Promise<Synthesized> => {
  const known = synthesized.get(env) ?? synthesize(env);
  synthesized.set(env, known);
  return known;
};
