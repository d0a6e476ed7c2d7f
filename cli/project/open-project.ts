import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import writeFileAtomic from 'write-file-atomic';
import * as z from 'zod';
import type { ProjectPorts, TextFile } from '../../src/admin/ports.ts';
import { UpstreamConfigError } from '../../src/upstreams/mcp-servers.ts';
import { openApiTool } from '../../src/upstreams/openapi-tool.ts';
import { lockPackage } from './lock-package.ts';

const run = promisify(execFile);

const textFile = (directory: string, file: string, shownDirectory: string): TextFile => ({
  name: path.posix.join(shownDirectory, file),
  read: async () => {
    try {
      return await readFile(path.join(directory, file), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  },
  write: (text) => writeFileAtomic(path.join(directory, file), text),
});

/** What `scripts/compile-openapi.ts` prints. */
const compiled = z.union([
  z.strictObject({ tools: z.array(openApiTool), warnings: z.array(z.string()) }),
  z.strictObject({ problems: z.array(z.strictObject({ path: z.string(), message: z.string() })) }),
]);

/** The compiler belongs to the build, which the CLI starts as a program (docs/architecture.md, "Arrows"). */
const compileOpenApi = async (projectDirectory: string, file: string) => {
  const absolute = path.resolve(projectDirectory, file);
  const { stdout } = await run(
    process.execPath,
    [path.join(projectDirectory, 'scripts', 'compile-openapi.ts'), absolute],
    { maxBuffer: 64_000_000, timeout: 60_000 },
  );
  const result = compiled.parse(JSON.parse(stdout));
  if ('problems' in result) throw new UpstreamConfigError(file, result.problems);
  return result;
};

/**
 * The project's files that upstreams are configured by.
 * @param configDirectory - where `mcp.json` is; `config/` of the project.
 */
export const openProject = (
  projectDirectory: string,
  configDirectory = path.join(projectDirectory, 'config'),
): ProjectPorts => {
  const shown = path.relative(projectDirectory, configDirectory);
  const shownDirectory = shown.startsWith('..') ? configDirectory : shown;
  const locks = path.join(configDirectory, 'stdio');
  return {
    mcpJson: textFile(configDirectory, 'mcp.json', shownDirectory),
    pinLock: textFile(configDirectory, 'mcp.lock.json', shownDirectory),
    packages: {
      lock: (server, name, range) => lockPackage(locks, server, name, range),
      remove: (server) => rm(path.join(locks, server), { recursive: true, force: true }),
    },
    compileOpenApi: (file) => compileOpenApi(projectDirectory, file),
  };
};
