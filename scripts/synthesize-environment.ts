import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { runSynth } from '../local/synthesize.ts';
import { environmentsIn } from '../lib/config.ts';

/**
 * Prints as JSON where the cloud assembly of an environment is, made anew, or what is wrong. For the CLI, which imports neither
 * stacks nor build. The folder is the caller’s to remove.
 */
const [env = ''] = process.argv.slice(2);
const projectDirectory = dirname(import.meta.dirname);

const outcome = async (): Promise<
  { readonly directory: string } | { readonly problem: string }
> => {
  const known = environmentsIn(join(projectDirectory, 'config'));
  if (!known.includes(env)) {
    return { problem: `there is no config/${env}.json: config/ has ${known.join(', ')}` };
  }
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-synth-'));
  try {
    await runSynth({ projectDirectory, env, directory });
    return { directory };
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    return { problem: error instanceof Error ? error.message : String(error) };
  }
};

process.stdout.write(JSON.stringify(await outcome()));
