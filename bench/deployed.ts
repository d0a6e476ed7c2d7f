import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { functionDefinitions } from '../local/lambda/function-definitions.ts';
import type { FunctionDefinition } from '../local/lambda/function-service.ts';
import { loadDeployment } from '../local/template/load-deployment.ts';
import { twinAccount } from '../local/twin.ts';

const run = promisify(execFile);

export const functionNames = ['authorizer', 'mcp'] as const;
export type FunctionName = (typeof functionNames)[number];

const constructs: Readonly<Record<FunctionName, string>> = {
  authorizer: 'AuthorizerFunction',
  mcp: 'McpFunction',
};

/** What `cdk deploy -c env=local` would deploy. */
export interface Deployed {
  readonly cdkOut: string;
  readonly functions: Readonly<Record<FunctionName, FunctionDefinition>>;
}

/**
 * Synthesizes below a directory of the bench's own: the project's cdk.out may belong to a running twin.
 * @throws Error with what cdk said.
 */
export const synthesizeBelow = async (
  directory: string,
  projectDirectory: string,
): Promise<Deployed> => {
  const cdkOut = join(directory, 'cdk.out');
  const cdk = join(projectDirectory, 'node_modules', 'aws-cdk', 'bin', 'cdk');
  const quiet = ['--quiet', '--no-notices', '--no-version-reporting'];
  await run(process.execPath, [cdk, 'synth', ...quiet, '-c', 'env=local', '-o', cdkOut], {
    cwd: projectDirectory,
    env: { ...process.env, TMPDIR: directory },
  });
  const definitions = functionDefinitions(loadDeployment(cdkOut, twinAccount));
  const find = (name: FunctionName): FunctionDefinition => {
    const found = definitions.find(({ displayName }) =>
      displayName.split('/').includes(constructs[name]),
    );
    if (found === undefined) throw new Error(`No function is synthesized as ${constructs[name]}.`);
    return found;
  };
  return { cdkOut, functions: { authorizer: find('authorizer'), mcp: find('mcp') } };
};
