import { isAbsolute, resolve } from 'node:path';
import * as z from 'zod';

/** `sandbox.json`, beside the bundle: the server that was vendored at synthesis. Paths start at the task root. */
export const sandboxFile = z.strictObject({
  /** `node`, a program on the path, or a path. */
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  cwd: z.string().default('.'),
});
export type SandboxFile = z.infer<typeof sandboxFile>;

/** What to spawn. */
export interface ServerCommand {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
}

export const serverCommand = (
  { command, args, cwd }: SandboxFile,
  taskRoot: string,
  nodePath: string,
): ServerCommand => {
  const isPath = command.includes('/') && !isAbsolute(command);
  return {
    file: command === 'node' ? nodePath : isPath ? resolve(taskRoot, command) : command,
    args,
    cwd: resolve(taskRoot, cwd),
  };
};

/**
 * All that a server finds in its environment: nothing of the function's own. Its credentials and the address of the
 * Runtime API, where the next tenant's event could be read, are not in it.
 */
export const childEnvironment = (
  env: Readonly<Record<string, string>>,
  { path, temporaryDirectory }: { readonly path: string; readonly temporaryDirectory: string },
): Readonly<Record<string, string>> => ({
  HOME: temporaryDirectory,
  TMPDIR: temporaryDirectory,
  LANG: 'en_US.UTF-8',
  NODE_ENV: 'production',
  ...env,
  PATH: path,
});
