import { join } from 'node:path';
import type { UpstreamSpec } from '../src/upstreams/upstream-spec.ts';
import { bundleFunctions, type FunctionBundles } from './bundle-functions.ts';
import { readBasePolicies } from './policies.ts';
import type { Environment } from './upstreams/fill-environment.ts';
import { readPinLock } from './upstreams/read-pin-lock.ts';
import { readUpstreams } from './upstreams/read-upstreams.ts';
import type { Platform } from './upstreams/vendor-package.ts';

/** What of an environment's configuration the build looks at. */
export interface BuildConfig {
  readonly content: { readonly folder: string; readonly baseUrl?: string | undefined };
  readonly secrets: readonly string[];
  readonly upstreams: { readonly allowLoopback: boolean; readonly platform: Platform };
  readonly publicUrl?: string | undefined;
}

export interface BuildOptions {
  readonly projectDirectory: string;
  readonly env: string;
  /** All environments of the project. */
  readonly knownEnvs: readonly string[];
  readonly config: BuildConfig;
  /** What `${env:NAME}` is filled in from, and what npm runs in. */
  readonly environment: Environment;
}

export interface BuiltEnvironment {
  readonly bundles: FunctionBundles;
  readonly upstreams: readonly UpstreamSpec[];
  /** For people; nothing is wrong. */
  readonly warnings: readonly string[];
}

/**
 * Everything that synthesis needs of one environment beside its configuration.
 * @throws Error that names what is not fit to deploy, and why.
 */
export const buildEnvironment = async ({
  projectDirectory,
  env,
  knownEnvs,
  config,
  environment,
}: BuildOptions): Promise<BuiltEnvironment> => {
  const { content, secrets, publicUrl } = config;
  const { allowLoopback, platform } = config.upstreams;
  const configDirectory = join(projectDirectory, 'config');
  const { specs, sandboxes, warnings } = await readUpstreams({
    projectDirectory,
    configDirectory,
    env,
    knownEnvs,
    secrets,
    allowLoopback,
    publicUrl,
    environment,
  });
  const servers = specs.map(({ name }) => name);
  const bundles = await bundleFunctions({
    projectDirectory,
    contentFolder: content.folder,
    contentBaseUrl: content.baseUrl,
    policies: await readBasePolicies(configDirectory),
    upstreams: {
      specs,
      sandboxes,
      lock: readPinLock(configDirectory, servers),
      platform,
      environment,
    },
  });
  return { bundles, upstreams: specs, warnings };
};
