import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundleFunction, sizeBudgets } from '../build/bundle-functions.ts';
import { functionNames, type Deployed, type FunctionName } from './deployed.ts';

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

/** What the bundle consists of. */
const inputsOf = async (
  name: FunctionName,
  deployed: Buffer,
  projectDirectory: string,
): Promise<SizeRow['inputs']> => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-sizes-'));
  const metafile = await bundleFunction(projectDirectory, name, directory);
  const isDeployed = deployed.equals(readFileSync(join(directory, 'index.cjs')));
  rmSync(directory, { recursive: true, force: true });
  if (!isDeployed) throw new Error(`The deployed ${name} function is not of these sources.`);
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
        budgetBytes: sizeBudgets[name],
        inputs: await inputsOf(name, bundle, projectDirectory),
      };
    }),
  );
