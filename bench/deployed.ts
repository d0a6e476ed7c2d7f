import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
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

/** Where `config/mcp.json` finds the REST service of the examples, which the bench does not call. */
const nobody = 'http://127.0.0.1:9';

/** What `cdk deploy -c env=local` would deploy. */
export interface Deployed {
  readonly cdkOut: string;
  readonly functions: Readonly<Record<FunctionName, FunctionDefinition>>;
  /** Of stdio servers, by the name that `config/mcp.json` gives them. */
  readonly sandboxes: Readonly<Record<string, FunctionDefinition>>;
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
    env: { ...process.env, TMPDIR: directory, ITEMS_API_URL: nobody },
  });
  const definitions = functionDefinitions(loadDeployment(cdkOut, twinAccount));
  const find = (name: FunctionName): FunctionDefinition => {
    const found = definitions.find(({ displayName }) =>
      displayName.split('/').includes(constructs[name]),
    );
    if (found === undefined) throw new Error(`No function is synthesized as ${constructs[name]}.`);
    return found;
  };
  const mcp = find('mcp');
  const sandboxNames = z
    .record(z.string(), z.string())
    .parse(JSON.parse(mcp.environment['SANDBOX_FUNCTIONS'] ?? '{}'));
  const sandboxes = Object.fromEntries(
    Object.entries(sandboxNames).flatMap(([server, name]) =>
      definitions
        .filter((definition) => definition.name === name)
        .map((definition) => [server, definition] as const),
    ),
  );
  return { cdkOut, functions: { authorizer: find('authorizer'), mcp }, sandboxes };
};
