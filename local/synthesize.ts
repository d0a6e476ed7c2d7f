import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import * as z from 'zod';
import { OrphanReaper } from './orphan-reaper.ts';
import { JsonFile } from './state/json-file.ts';
import { hashOf, sourcesHash } from './synthesis-sources.ts';

const stamp = z.object({ env: z.string(), sources: z.string(), manifest: z.string() });

export interface SynthesizeOptions {
  readonly projectDirectory: string;
  readonly env: string;
  /** Variables beside this process's own, for `${env:NAME}` of `config/mcp.json`. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Ends `cdk synth` and what it started, at once, as a kill of this process then does; `directory` is not whole after it. */
  readonly signal?: AbortSignal;
}

/**
 * Brings `cdk.out` up to date with the sources, by the same command that a deployment runs, and returns its path.
 * Sources that have not changed are not synthesized again, so a template changed by hand stays as it is.
 *
 * @throws Error with what `cdk synth` said.
 */
export const synthesize = async ({
  projectDirectory,
  env,
  environment = {},
  signal,
}: SynthesizeOptions): Promise<{ readonly directory: string; readonly fresh: boolean }> => {
  const directory = join(projectDirectory, 'cdk.out');
  const manifest = join(directory, 'manifest.json');
  const manifestHash = () => (existsSync(manifest) ? hashOf([manifest], projectDirectory) : '');
  const wanted = sourcesHash(projectDirectory, env, { ...process.env, ...environment });
  const stampPath = join(directory, 'twin-stamp.json');
  const known = existsSync(stampPath)
    ? stamp.safeParse(JSON.parse(readFileSync(stampPath, 'utf8'))).data
    : undefined;
  if (known?.env === env && known.sources === wanted && known.manifest === manifestHash()) {
    return { directory, fresh: false };
  }
  rmSync(stampPath, { force: true });
  const ending = signal === undefined ? {} : { signal };
  await runSynth({ projectDirectory, env, environment, directory, ...ending });
  new JsonFile(stampPath, stamp, { env: '', sources: '', manifest: '' }).save({
    env,
    sources: wanted,
    manifest: manifestHash(),
  });
  return { directory, fresh: true };
};

/** Ends the child's group when the signal or this process ends. @returns what to do when it has ended by itself. */
const endWith = (signal: AbortSignal, { pid }: ChildProcess): (() => void) => {
  if (pid === undefined) return () => undefined;
  const reaper = new OrphanReaper();
  reaper.watch(pid);
  const end = (): void => reaper.close();
  signal.addEventListener('abort', end);
  return () => {
    signal.removeEventListener('abort', end);
    if (signal.aborted) return;
    reaper.forget(pid);
    reaper.close();
  };
};

export interface SynthOptions extends SynthesizeOptions {
  /** Where the cloud assembly goes. */
  readonly directory: string;
}

/** Runs `cdk synth`. @throws Error with what it said; the reason of `signal`. */
export const runSynth = ({
  projectDirectory,
  env,
  environment = {},
  directory,
  signal,
}: SynthOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const cdk = join(projectDirectory, 'node_modules', 'aws-cdk', 'bin', 'cdk');
    const args = [
      ...[cdk, 'synth', '--quiet', '--no-notices', '--no-version-reporting'],
      ...['-c', `env=${env}`, '-o', directory],
    ];
    const child = spawn(process.execPath, args, {
      cwd: projectDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own can be ended whole; without a signal, Ctrl-C has to reach it.
      detached: signal !== undefined,
      // The CDK runs `node bin/drawbridge.ts`: with the Node that runs this.
      env: {
        ...process.env,
        ...environment,
        FORCE_COLOR: '0',
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      },
    });
    const letGo = signal === undefined ? undefined : endWith(signal, child);
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      letGo?.();
      if (signal?.aborted) reject(signal.reason as Error);
      else if (code === 0) resolve();
      else reject(new Error(meaningful(Buffer.concat(said).toString('utf8'))));
    });
  });

/** What cdk said, without the lines that tell nothing to a reader. */
const meaningful = (output: string): string =>
  output
    .split('\n')
    .filter(
      (line) =>
        line.trim() !== '' && !/Subprocess exited with error|^npm warn|feature flags/u.test(line),
    )
    .join('\n')
    .trim();
