import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runSynth } from '../../local/synthesize.ts';

export const projectDirectory = dirname(dirname(import.meta.dirname));

/** What synthesis reads. */
const sources = [
  ...['bin', 'build', 'cli', 'config', 'content', 'examples', 'lambdas', 'lib', 'local', 'scripts'],
  ...['src', 'cdk.json', 'package.json', 'package-lock.json', 'tsconfig.json'],
];

/** A copy of this project that has upstreams of its own, as one who deploys Drawbridge has. */
export interface ProjectCopy {
  readonly directory: string;
  /** What `cdk synth -c env=local` made of it. */
  readonly cdkOut: string;
  remove(): void;
}

/**
 * @param mcpServers - the entries of `config/mcp.json`.
 * @param lay - puts further files into the copy before it is synthesized: the folders of stdio servers.
 * @throws Error with what `cdk synth` said.
 */
export const copyProject = async (
  mcpServers: Readonly<Record<string, object>>,
  lay: (directory: string) => void = () => undefined,
): Promise<ProjectCopy> => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-proof-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    for (const name of sources) {
      cpSync(join(projectDirectory, name), join(directory, name), { recursive: true });
    }
    symlinkSync(join(projectDirectory, 'node_modules'), join(directory, 'node_modules'));
    writeFileSync(join(directory, 'config', 'mcp.json'), JSON.stringify({ mcpServers }));
    lay(directory);
    const cdkOut = join(directory, 'cdk.out');
    await runSynth({ projectDirectory: directory, env: 'local', directory: cdkOut });
    return { directory, cdkOut, remove };
  } catch (error) {
    remove();
    throw error;
  }
};
