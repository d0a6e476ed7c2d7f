import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { copyProject, projectDirectory, type ProjectCopy } from './project-copy.ts';

/** Entries of `config/mcp.json` that the suites find in the template; what is not wanted is switched off by a record. */
export const stdioServers = {
  /** The fixture of the conformance suite. Its names are the suite's: it has no prefix. */
  conformance: 'conformance',
  /** A server of the SDK's authors, as the example configuration deploys it. */
  everything: 'everything',
} as const;

const servers = {
  [stdioServers.conformance]: {
    command: 'node',
    args: ['main.mjs'],
    directory: 'servers/conformance',
    prefix: '',
  },
  [stdioServers.everything]: {
    command: 'npx',
    args: ['-y', '@modelcontextprotocol/server-everything@2026.8.31'],
  },
};

/** One file, as those deploy who bundle their server: it needs no modules beside it. */
const bundleServer = async (): Promise<string> => {
  const { outputFiles } = await build({
    entryPoints: [join(projectDirectory, 'proof', 'servers', 'stdio.ts')],
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    write: false,
    logLevel: 'error',
  });
  return outputFiles[0]?.text ?? '';
};

/** The project that all suites run. @throws Error with what `cdk synth` said. */
export const copyProofProject = async (): Promise<ProjectCopy> => {
  const bundled = await bundleServer();
  return copyProject(servers, (directory) => {
    const folder = join(directory, 'servers', 'conformance');
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'main.mjs'), bundled);
  });
};
