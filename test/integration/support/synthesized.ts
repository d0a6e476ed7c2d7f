import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { runSynth } from '../../../local/synthesize.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The synthesized application of `env=local`: made once, read by every integration test. */
    cdkOut: string;
  }
}

const projectDirectory = join(import.meta.dirname, '..', '..', '..');

export default async (project: TestProject): Promise<() => void> => {
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-cdk-out-'));
  await runSynth({ projectDirectory, env: 'local', directory });
  project.provide('cdkOut', directory);
  return () => rmSync(directory, { recursive: true, force: true });
};
