import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import * as z from 'zod';
import { JsonFile } from './state/json-file.ts';

/** What the synthesized template depends on, below the project's directory. */
const sources = [
  'bin',
  'lib',
  'build',
  'lambdas',
  'src',
  'config',
  'content',
  'cdk.json',
  'package.json',
  'package-lock.json',
];

const filesBelow = (path: string): readonly string[] =>
  readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();

const hashOf = (files: readonly string[], base: string): string => {
  const hash = createHash('sha256');
  for (const file of files) {
    hash
      .update(`${file.slice(base.length)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
};

const sourcesHash = (projectDirectory: string, contentFolder: string): string =>
  hashOf(
    [...new Set([...sources, contentFolder])]
      .map((name) => join(projectDirectory, name))
      .filter((path) => existsSync(path))
      .flatMap((path) => (/\.json$/u.test(path) ? [path] : filesBelow(path))),
    projectDirectory,
  );

const stamp = z.object({ env: z.string(), sources: z.string(), manifest: z.string() });

const contentSetting = z.object({ content: z.object({ folder: z.string() }).optional() });

/** The content folder that the environment's configuration names; what is wrong with it, synth will say. */
const contentFolderOf = (projectDirectory: string, env: string): string => {
  try {
    const file = join(projectDirectory, 'config', `${env}.json`);
    return (
      contentSetting.parse(JSON.parse(readFileSync(file, 'utf8'))).content?.folder ?? 'content'
    );
  } catch {
    return 'content';
  }
};

export interface SynthesizeOptions {
  readonly projectDirectory: string;
  readonly env: string;
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
}: SynthesizeOptions): Promise<{ readonly directory: string; readonly fresh: boolean }> => {
  const directory = join(projectDirectory, 'cdk.out');
  const manifest = join(directory, 'manifest.json');
  const manifestHash = () => (existsSync(manifest) ? hashOf([manifest], projectDirectory) : '');
  const wanted = sourcesHash(projectDirectory, contentFolderOf(projectDirectory, env));
  const stampPath = join(directory, 'twin-stamp.json');
  const known = existsSync(stampPath)
    ? stamp.safeParse(JSON.parse(readFileSync(stampPath, 'utf8'))).data
    : undefined;
  if (known?.env === env && known.sources === wanted && known.manifest === manifestHash()) {
    return { directory, fresh: false };
  }
  rmSync(stampPath, { force: true });
  await runSynth({ projectDirectory, env, directory });
  new JsonFile(stampPath, stamp, { env: '', sources: '', manifest: '' }).save({
    env,
    sources: wanted,
    manifest: manifestHash(),
  });
  return { directory, fresh: true };
};

export interface SynthOptions {
  readonly projectDirectory: string;
  readonly env: string;
  /** Where the cloud assembly goes. */
  readonly directory: string;
}

/** Runs `cdk synth`. @throws Error with what it said. */
export const runSynth = ({ projectDirectory, env, directory }: SynthOptions): Promise<void> =>
  new Promise((resolve, reject) => {
    const cdk = join(projectDirectory, 'node_modules', 'aws-cdk', 'bin', 'cdk');
    const args = [
      ...[cdk, 'synth', '--quiet', '--no-notices', '--no-version-reporting'],
      ...['-c', `env=${env}`, '-o', directory],
    ];
    const child = spawn(process.execPath, args, {
      cwd: projectDirectory,
      stdio: ['ignore', 'pipe', 'pipe'],
      // The CDK runs `node bin/drawbridge.ts`: with the Node that runs this.
      env: {
        ...process.env,
        FORCE_COLOR: '0',
        PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
      },
    });
    const said: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => said.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => said.push(chunk));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve();
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
