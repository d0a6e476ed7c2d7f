import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { buildContentIndex } from './content-index.ts';
import { builtinsDirectly, loadedLater, toolsOf } from './esbuild-plugins.ts';
import { lintTools } from './lint-tools.ts';

/** Directories that are ready to become Lambda assets. */
export interface FunctionBundles {
  /** Holds the others: whoever asked for them removes it when they have been used. */
  readonly directory: string;
  readonly authorizer: string;
  readonly mcp: string;
  readonly oauth: string;
  readonly preToken: string;
}

/** Upper bounds of the minified code, in bytes: size is cold start. */
export const sizeBudgets = {
  authorizer: 450_000,
  mcp: 900_000,
  oauth: 450_000,
  'pre-token': 200_000,
} as const;

/** The files that a function consists of: its handler, and what is loaded when it is needed first. */
const entryFiles = {
  authorizer: ['index.ts', 'access-tokens.ts'],
  mcp: ['index.ts'],
  oauth: ['index.ts'],
  'pre-token': ['index.ts'],
} as const satisfies Record<keyof typeof sizeBudgets, readonly string[]>;

export interface BundleOptions {
  readonly projectDirectory: string;
  readonly contentFolder: string;
  readonly contentBaseUrl?: string | undefined;
}

/**
 * Bundles one function into `outDirectory`, and says of what.
 * @throws Error when the bundle is over its budget.
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
      toolsOf(join(projectDirectory, 'lambdas', 'mcp', 'tools')),
    ],
  });
  const bytes = Object.values(metafile.outputs).reduce((sum, output) => sum + output.bytes, 0);
  if (bytes > sizeBudgets[name]) {
    throw new Error(
      `The ${name} function's bundle is ${bytes} bytes; its budget is ${sizeBudgets[name]}. ` +
        `Find what grew with esbuild's --analyze, or move the budget in build/bundle-functions.ts with a measurement.`,
    );
  }
  return metafile;
};

/**
 * Lints the tools, bundles each function with its dependencies, and indexes the documents. The result depends on
 * sources only: the same sources give the same bytes, and so the same asset hashes.
 *
 * @throws Error that names the file and the reason when a tool, a document or a bundle is not fit to deploy.
 */
export const bundleFunctions = async (options: BundleOptions): Promise<FunctionBundles> => {
  const { projectDirectory } = options;
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-bundles-'));
  const authorizer = join(directory, 'authorizer');
  const mcp = join(directory, 'mcp');
  const oauth = join(directory, 'oauth');
  const preToken = join(directory, 'pre-token');
  for (const folder of [authorizer, mcp, oauth, preToken]) mkdirSync(folder);
  await Promise.all([
    lintTools(join(projectDirectory, 'lambdas', 'mcp', 'tools')),
    bundleFunction(projectDirectory, 'authorizer', authorizer),
    bundleFunction(projectDirectory, 'mcp', mcp),
    bundleFunction(projectDirectory, 'oauth', oauth),
    bundleFunction(projectDirectory, 'pre-token', preToken),
  ]);
  const index = buildContentIndex({
    directory: join(projectDirectory, options.contentFolder),
    baseUrl: options.contentBaseUrl,
  });
  writeFileSync(join(mcp, 'content-index.json'), JSON.stringify(index));
  return { directory, authorizer, mcp, oauth, preToken };
};
