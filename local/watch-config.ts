import { existsSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** Editors write a file in several steps. */
const settleMs = 300;

/** What of `config/` says which upstreams there are. */
const concernsUpstreams = (file: string): boolean =>
  file === 'mcp.json' || file === 'mcp.lock.json' || /^stdio(?:[/\\]|$)/u.test(file);

/** Calls `onChange` some time after upstreams were configured differently. @returns what ends it. */
export const watchUpstreams = (projectDirectory: string, onChange: () => void): (() => void) => {
  const directory = join(projectDirectory, 'config');
  if (!existsSync(directory)) return () => undefined;
  let settling: NodeJS.Timeout | undefined;
  const watcher: FSWatcher = watch(directory, { recursive: true }, (_, file) => {
    if (file !== null && !concernsUpstreams(file)) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, settleMs);
  });
  watcher.on('error', () => watcher.close());
  return () => {
    clearTimeout(settling);
    watcher.close();
  };
};
