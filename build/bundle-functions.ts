import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { toolFlags } from '../src/admin/tool-flags.ts';
import { ownServer, policyToolOf } from '../src/gateway/policy-tools.ts';
import { basePoliciesFile, type BasePolicies } from '../src/policy/base-policies.ts';
import type { Tool } from '../src/tools/tool.ts';
import { formatPinLock, type PinLock } from '../src/upstreams/pin-lock.ts';
import type { UpstreamSpec } from '../src/upstreams/upstream-spec.ts';
import { buildContentIndex } from './content-index.ts';
import {
  builtinsDirectly,
  loadedLater,
  toolsOf,
  withoutSchemaCompilers,
} from './esbuild-plugins.ts';
import { lintTools } from './lint-tools.ts';
import { assembleSandbox, type SandboxAsset } from './upstreams/assemble-sandbox.ts';
import type { Environment } from './upstreams/fill-environment.ts';
import { allOf } from './upstreams/problems.ts';
import type { SandboxPlan } from './upstreams/sandbox-plan.ts';
import type { Platform } from './upstreams/vendor-package.ts';

/** Directories that are ready to become Lambda assets. */
export interface FunctionBundles {
  /** Holds the others: whoever asked for them removes it when they have been used. */
  readonly directory: string;
  readonly authorizer: string;
  readonly mcp: string;
  readonly oauth: string;
  readonly preToken: string;
  readonly admin: string;
  readonly handshake: string;
  /** One for each stdio server. */
  readonly sandboxes: readonly SandboxAsset[];
  /** Our own tools by name, as `toolFlags` writes them. */
  readonly ownTools: Readonly<Record<string, string>>;
}

/** Upper bounds of each function's minified `index.cjs`, in bytes: its size is cold start. */
export const sizeBudgets = {
  authorizer: 150_000,
  mcp: 450_000,
  oauth: 450_000,
  'pre-token': 200_000,
  'stdio-host': 320_000,
  admin: 1_000_000,
  handshake: 160_000,
} as const;

/** The same for files that are loaded when they are needed first. */
export const laterBudgets = {
  'access-tokens': 180_000,
  /** Beside its 4.3 MB of WebAssembly. */
  cedar: 160_000,
  'upstream-connections': 450_000,
  'upstream-directory': 200_000,
  'upstream-probe': 420_000,
  'usage-queries': 400_000,
} as const;

/** The files that a function consists of: its handler, and what is loaded later. */
const entryFiles = {
  authorizer: ['index.ts', 'access-tokens.ts'],
  mcp: ['index.ts', 'cedar.ts', 'upstream-connections.ts', 'upstream-directory.ts'],
  oauth: ['index.ts'],
  'pre-token': ['index.ts'],
  'stdio-host': ['index.ts'],
  admin: ['index.ts', 'cedar.ts', 'upstream-probe.ts', 'usage-queries.ts'],
  handshake: ['index.ts'],
} as const satisfies Record<keyof typeof sizeBudgets, readonly string[]>;

export interface BundleOptions {
  readonly projectDirectory: string;
  readonly contentFolder: string;
  readonly contentBaseUrl?: string | undefined;
  /** What was read of `config/mcp.json`. Without it there are no upstreams. */
  readonly upstreams?: UpstreamBundleOptions | undefined;
  /** What was read of `config/policies`. Without it the shipped ones. */
  readonly policies?: BasePolicies | undefined;
}

export interface UpstreamBundleOptions {
  readonly specs: readonly UpstreamSpec[];
  readonly lock: PinLock;
  readonly sandboxes: readonly SandboxPlan[];
  readonly platform: Platform;
  readonly environment: Environment;
}

const noUpstreams: UpstreamBundleOptions = {
  specs: [],
  lock: { version: 1, servers: {} },
  sandboxes: [],
  platform: 'lambda',
  environment: {},
};

const budgetOf = (name: keyof typeof sizeBudgets, file: string): number =>
  file === 'index' ? sizeBudgets[name] : laterBudgets[file as keyof typeof laterBudgets];

/** @throws Error when a file is over its budget. */
const checkSizes = (name: keyof typeof sizeBudgets, { outputs }: Metafile): void => {
  for (const [path, { bytes }] of Object.entries(outputs)) {
    const file = basename(path, '.cjs');
    const budget = budgetOf(name, file);
    if (bytes <= budget) continue;
    throw new Error(
      `${file}.cjs of the ${name} function is ${bytes} bytes; its budget is ${budget}. ` +
        `Find what grew with esbuild's --analyze, or move the budget in build/bundle-functions.ts with a measurement.`,
    );
  }
};

/**
 * Bundles one function into `outDirectory`, and says of what.
 * @throws Error when a file of it is over its budget.
 */
export const bundleFunction = async (
  projectDirectory: string,
  name: keyof typeof sizeBudgets,
  outDirectory: string,
): Promise<Metafile> => {
  const { metafile } = await build({
    entryPoints: entryFiles[name].map((file) => join(projectDirectory, 'lambdas', name, file)),
    outdir: outDirectory,
    outExtension: { '.js': '.cjs' },
    absWorkingDir: projectDirectory,
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'error',
    plugins: [
      builtinsDirectly(),
      loadedLater(),
      withoutSchemaCompilers(),
      toolsOf(join(projectDirectory, 'lambdas', 'mcp', 'tools')),
    ],
  });
  checkSizes(name, metafile);
  if ((entryFiles[name] as readonly string[]).includes('cedar.ts')) copyCedar(outDirectory);
  return metafile;
};

/** The package looks for its WebAssembly beside the file that it is in, which is then the bundle. */
const copyCedar = (outDirectory: string): void => {
  const wasm = 'cedar_wasm_bg.wasm';
  const { resolve } = createRequire(import.meta.url);
  const cedar = dirname(resolve('@cedar-policy/cedar-wasm/nodejs'));
  copyFileSync(join(cedar, wasm), join(outDirectory, wasm));
};

/** The functions of stdio servers: one bundle of the host, and the files of each server. */
const bundleSandboxes = async (
  projectDirectory: string,
  directory: string,
  { sandboxes, platform, environment }: UpstreamBundleOptions,
): Promise<readonly SandboxAsset[]> => {
  if (sandboxes.length === 0) return [];
  const hostDirectory = join(directory, 'stdio-host');
  await bundleFunction(projectDirectory, 'stdio-host', hostDirectory);
  return allOf(
    sandboxes.map(
      (plan) => () =>
        assembleSandbox(plan, {
          hostDirectory,
          directory: join(directory, `sandbox-${plan.name}`),
          cache: join(projectDirectory, 'node_modules', '.cache', 'drawbridge', 'vendor'),
          platform,
          environment,
        }),
    ),
  );
};

/**
 * Lints the tools, bundles each function with its dependencies, installs and copies stdio servers, and indexes the
 * documents. The result depends on sources only: the same sources give the same bytes, and so the same asset hashes.
 *
 * @throws Error that names the file and the reason when a tool, a document, a server or a bundle is not fit to deploy.
 */
export const bundleFunctions = async (options: BundleOptions): Promise<FunctionBundles> => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bundles-'));
  try {
    return await bundleInto(directory, options);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
};

const byName = (a: Tool, b: Tool): number => (a.name < b.name ? -1 : 1);

/** In the order of names: the same tools are the same text. */
const ownToolsOf = (tools: readonly Tool[]): FunctionBundles['ownTools'] =>
  Object.fromEntries(
    tools
      .toSorted(byName)
      .map(({ name, annotations }) => [
        name,
        toolFlags(policyToolOf({ name, annotations }, ownServer)),
      ]),
  );

const bundleInto = async (
  directory: string,
  {
    projectDirectory,
    contentFolder,
    contentBaseUrl,
    upstreams = noUpstreams,
    policies,
  }: BundleOptions,
): Promise<FunctionBundles> => {
  const authorizer = join(directory, 'authorizer');
  const mcp = join(directory, 'mcp');
  const oauth = join(directory, 'oauth');
  const preToken = join(directory, 'pre-token');
  const admin = join(directory, 'admin');
  const handshake = join(directory, 'handshake');
  for (const folder of [authorizer, mcp, oauth, preToken, admin, handshake]) mkdirSync(folder);
  const [sandboxes, tools] = await Promise.all([
    bundleSandboxes(projectDirectory, directory, upstreams),
    lintTools(join(projectDirectory, 'lambdas', 'mcp', 'tools')),
    bundleFunction(projectDirectory, 'authorizer', authorizer),
    bundleFunction(projectDirectory, 'mcp', mcp),
    bundleFunction(projectDirectory, 'oauth', oauth),
    bundleFunction(projectDirectory, 'pre-token', preToken),
    bundleFunction(projectDirectory, 'admin', admin),
    bundleFunction(projectDirectory, 'handshake', handshake),
  ]);
  const index = buildContentIndex({
    directory: join(projectDirectory, contentFolder),
    baseUrl: contentBaseUrl,
  });
  writeFileSync(join(mcp, 'content-index.json'), JSON.stringify(index));
  const base: BasePolicies = policies ?? { base: 'default' };
  for (const folder of [mcp, admin]) {
    writeFileSync(join(folder, basePoliciesFile), JSON.stringify(base));
  }
  writeFileSync(join(mcp, 'upstreams.json'), JSON.stringify(upstreams.specs));
  writeFileSync(join(mcp, 'mcp.lock.json'), formatPinLock(upstreams.lock));
  return {
    directory,
    authorizer,
    mcp,
    oauth,
    preToken,
    admin,
    handshake,
    sandboxes,
    ownTools: ownToolsOf(tools),
  };
};
