import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type BuildOptions } from 'esbuild';
import type { FunctionDefinition } from '../local/lambda/function-service.ts';
import type { Workload } from './workload.ts';

const requireForModules =
  "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);";

/**
 * AWS's adapter as a Lambda function: handler and server bundled and minified, as `NodejsFunction` of the CDK would, with
 * the role, the memory and the time of the mcp function.
 * @param directory - an empty one, for its code.
 */
export const buildAdapterFunction = async (
  projectDirectory: string,
  directory: string,
  mcp: FunctionDefinition,
  { contentIndexFile }: Workload,
): Promise<FunctionDefinition> => {
  const bundle = (options: BuildOptions) =>
    build({
      bundle: true,
      minify: true,
      platform: 'node',
      target: 'node24',
      format: 'esm',
      banner: { js: requireForModules },
      logLevel: 'error',
      ...options,
    });
  const bench = join(projectDirectory, 'bench');
  await bundle({
    entryPoints: [join(bench, 'adapter', 'handler.mjs')],
    outfile: join(directory, 'index.mjs'),
    nodePaths: [join(bench, 'peers', 'node_modules')],
  });
  await bundle({
    entryPoints: [join(bench, 'servers', 'plain-stdio.ts')],
    outfile: join(directory, 'server.mjs'),
  });
  copyFileSync(contentIndexFile, join(directory, 'content-index.json'));
  return { ...mcp, codeDirectory: directory, handler: 'index.handler', environment: {} };
};
