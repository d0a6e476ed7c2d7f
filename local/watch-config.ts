import { existsSync, watch, type FSWatcher } from 'node:fs';
import { join } from 'node:path';

/** Editors write a file in several steps. */
const settleMs = 300;

/** What of `config/` says which upstreams there are. Locks of stdio servers change together with `mcp.json`. */
const files: ReadonlySet<string> = new Set(['mcp.json', 'mcp.lock.json']);

/** Calls `onChange` some time after upstreams were configured differently. @returns what ends it. */
export const watchUpstreams = (projectDirectory: string, onChange: () => void): (() => void) => {
  const directory = join(projectDirectory, 'config');
  if (!existsSync(directory)) return () => undefined;
  let settling: NodeJS.Timeout | undefined;
  // Not recursive: on Linux that follows a file by its inode, and is deaf once the file was replaced by another.
  const watcher: FSWatcher = watch(directory, (_, file) => {
    if (file !== null && !files.has(file)) return;
    clearTimeout(settling);
    settling = setTimeout(onChange, settleMs);
  });
  watcher.on('error', () => watcher.close());
  return () => {
    clearTimeout(settling);
    watcher.close();
  };
};
