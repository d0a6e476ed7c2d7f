import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { defaultPolicies } from '../../src/policy/default-policies.ts';

/**
 * The deployment's policies as the project has them, `config/policies/*.cedar` in the order of their names: what is tried with
 * them here is decided so by a deployment of this project.
 */
export const readBasePolicies = async (projectDirectory: string): Promise<string> => {
  const directory = path.join(projectDirectory, 'config', 'policies');
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (names === undefined) return defaultPolicies;
  const files = names.filter((name) => name.endsWith('.cedar')).sort();
  const texts = await Promise.all(
    files.map((name) => readFile(path.join(directory, name), 'utf8')),
  );
  return texts.join('\n');
};
