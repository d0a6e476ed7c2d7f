import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';

const run = promisify(execFile);

export interface DemoTenant {
  readonly tenant: string;
  readonly plan: string;
  readonly apiKey: string;
  readonly keyId: string;
}

export const demoTenantId = 'demo';

const createdKey = z.object({ key: z.string(), keyId: z.string(), plan: z.string() });
const shownKey = z.object({ status: z.string(), plan: z.string() });

/** Runs a verb of the operator CLI, as an operator would, and returns what it printed as JSON. */
const drawbridge = async (
  projectDirectory: string,
  connectionFile: string,
  args: readonly string[],
  input = '',
): Promise<unknown> => {
  const running = run(
    process.execPath,
    [join(projectDirectory, 'cli', 'main.ts'), ...args, '--json'],
    { env: { ...process.env, DRAWBRIDGE_CONNECTION: connectionFile }, timeout: 30_000 },
  );
  running.child.stdin?.end(input);
  const { stdout } = await running;
  return JSON.parse(stdout);
};

const failedWith = (error: unknown, code: string): boolean =>
  typeof error === 'object' &&
  error !== null &&
  'stderr' in error &&
  String(error.stderr).includes(`"${code}"`);

export interface DemoOptions {
  readonly projectDirectory: string;
  readonly connectionFile: string;
  /** The plan that a new demo tenant is put on. */
  readonly plan: string;
  /** The key of the last start, which goes on when it still works. */
  readonly known: { readonly apiKey: string; readonly keyId: string } | undefined;
  /** Calls as the demo tenant too, where the template has such a role. */
  readonly ciRoleArn?: string | undefined;
}

/** Gives a secret its value, as an operator would. @throws Error with what the CLI said. */
export const setSecret = async (
  { projectDirectory, connectionFile }: Pick<DemoOptions, 'projectDirectory' | 'connectionFile'>,
  name: string,
  value: string,
): Promise<void> => {
  await drawbridge(projectDirectory, connectionFile, ['secrets', 'set', name], value);
};

type Cli = (...args: string[]) => Promise<unknown>;

const unless = (code: string) => (error: unknown) => {
  if (!failedWith(error, code)) throw error;
};

const ensureKey = async (cli: Cli, { plan, known }: DemoOptions): Promise<DemoTenant> => {
  if (known !== undefined) {
    const shown = await cli('keys', 'show', known.keyId).catch(() => undefined);
    const key = shownKey.safeParse(shown).data;
    if (key?.status === 'active') return { tenant: demoTenantId, plan: key.plan, ...known };
  }
  await cli('tenants', 'create', demoTenantId, '--plan', plan, '--name', 'Demo').catch(
    unless('TENANT_EXISTS'),
  );
  const created = createdKey.parse(
    await cli('keys', 'create', '--tenant', demoTenantId, '--name', 'demo key'),
  );
  return { tenant: demoTenantId, plan: created.plan, apiKey: created.key, keyId: created.keyId };
};

/**
 * The tenant that a newcomer calls as: found again, or made, with the operator CLI.
 * @throws Error with what the CLI said.
 */
export const ensureDemoTenant = async (options: DemoOptions): Promise<DemoTenant> => {
  const { projectDirectory, connectionFile, ciRoleArn } = options;
  const cli: Cli = (...args) => drawbridge(projectDirectory, connectionFile, args);
  const demo = await ensureKey(cli, options);
  if (ciRoleArn !== undefined) {
    await cli('principals', 'add', '--arn', ciRoleArn, '--tenant', demoTenantId).catch(
      unless('PRINCIPAL_EXISTS'),
    );
  }
  return demo;
};
