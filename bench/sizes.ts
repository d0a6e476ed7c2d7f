import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { builtinsDirectly, toolsOf } from '../build/esbuild-plugins.ts';
import { functionNames, type Deployed, type FunctionName } from './deployed.ts';

const budgets: Readonly<Record<FunctionName, number>> = { authorizer: 450_000, mcp: 900_000 };
const inputsShown = 8;

export interface SizeRow {
  readonly name: FunctionName;
  readonly bytes: number;
  readonly gzipBytes: number;
  readonly budgetBytes: number;
  /** Packages and folders by what is left of them in the bundle, the biggest first. */
  readonly inputs: readonly { readonly name: string; readonly bytes: number }[];
}

/** `node_modules/@scope/name`'s package, or the first two folders of the project's own files. */
const groupOf = (path: string): string => {
  const inPackage = /.*node_modules\/((?:@[^/]+\/)?[^/]+)/u.exec(path)?.[1];
  return inPackage ?? (path.includes(':') ? 'generated' : path.split('/').slice(0, 2).join('/'));
};

/**
 * What the bundle consists of: the options of build/bundle-functions.ts once more, for the metafile that it keeps to
 * itself. That the bytes come out the same is checked.
 */
const inputsOf = async (
  name: FunctionName,
  deployed: Buffer,
  projectDirectory: string,
): Promise<SizeRow['inputs']> => {
  const { metafile, outputFiles } = await build({
    entryPoints: [join(projectDirectory, 'lambdas', name, 'index.ts')],
    outfile: join(projectDirectory, 'index.cjs'),
    absWorkingDir: projectDirectory,
    write: false,
    bundle: true,
    minify: true,
    metafile: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'error',
    plugins: [builtinsDirectly(), toolsOf(join(projectDirectory, 'lambdas', 'mcp', 'tools'))],
  });
  if (!deployed.equals(outputFiles[0]?.contents ?? new Uint8Array())) {
    throw new Error(
      `bench/sizes.ts bundles the ${name} function otherwise than build/bundle-functions.ts: give it the same options.`,
    );
  }
  const groups = new Map<string, number>();
  for (const { inputs } of Object.values(metafile.outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const group = groupOf(path);
      groups.set(group, (groups.get(group) ?? 0) + bytesInOutput);
    }
  }
  return [...groups]
    .map(([group, bytes]) => ({ name: group, bytes }))
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, inputsShown);
};

/** Sizes of the bundles that the synthesized template names. */
export const measureSizes = (
  { functions }: Deployed,
  projectDirectory: string,
): Promise<readonly SizeRow[]> =>
  Promise.all(
    functionNames.map(async (name) => {
      const bundle = readFileSync(join(functions[name].codeDirectory, 'index.cjs'));
      return {
        name,
        bytes: bundle.length,
        gzipBytes: gzipSync(bundle, { level: 9 }).length,
        budgetBytes: budgets[name],
        inputs: await inputsOf(name, bundle, projectDirectory),
      };
    }),
  );
