import { readFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, loadavg, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';

/** Where and with what the figures were taken. Nothing that names a host or a person. */
export interface Machine {
  readonly date: string;
  readonly system: string;
  readonly processor: string;
  readonly cores: number;
  readonly memoryGb: number;
  /** Of the last minute before the start. Above a tenth of the cores, others were at work. */
  readonly loadAverage: number;
  readonly versions: Readonly<Record<string, string>>;
}

const packages = [
  '@modelcontextprotocol/server',
  'aws-lambda-ric',
  'dynalite',
  'esbuild',
  'undici',
] as const;

const versionOf = (packageFile: string): string =>
  z.object({ version: z.string() }).parse(JSON.parse(readFileSync(packageFile, 'utf8'))).version;

export const describeMachine = (projectDirectory: string): Machine => ({
  date: new Date().toISOString().slice(0, 10),
  system: `${platform()} ${arch()}`,
  processor: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 2 ** 30),
  loadAverage: loadavg()[0] ?? 0,
  versions: {
    drawbridge: versionOf(join(projectDirectory, 'package.json')),
    node: process.versions.node,
    ...Object.fromEntries(
      packages.map((name) => [
        name,
        versionOf(join(projectDirectory, 'node_modules', name, 'package.json')),
      ]),
    ),
  },
});
