import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { startItemsApi } from '../../../examples/items-api/server.ts';
import { runSynth } from '../../../local/synthesize.ts';
import { beginRecording } from '../../permissions/recording.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The synthesized application of `env=local`: made once, read by every integration test. */
    cdkOut: string;
    /** The REST service of `examples/items-api`, one for all twins: they are given its key as a secret. */
    itemsApi: { readonly url: string; readonly apiKey: string };
  }
}

const projectDirectory = join(import.meta.dirname, '..', '..', '..');

export default async (project: TestProject): Promise<() => Promise<void>> => {
  beginRecording();
  const directory = mkdtempSync(join(tmpdir(), 'drawbridge-cdk-out-'));
  const apiKey = randomBytes(24).toString('base64url');
  const items = await startItemsApi({ port: 0, apiKey });
  await runSynth({
    projectDirectory,
    env: 'local',
    environment: { ITEMS_API_URL: items.url },
    directory,
  });
  project.provide('cdkOut', directory);
  project.provide('itemsApi', { url: items.url, apiKey });
  return async () => {
    await items.close();
    rmSync(directory, { recursive: true, force: true });
  };
};
