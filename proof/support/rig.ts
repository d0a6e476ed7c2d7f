import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectTo } from '../../cli/connect.ts';
import { startTwin, type Twin, type TwinOptions } from '../../local/twin.ts';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey, type CreateKeyInput } from '../../src/admin/keys.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';

/** A twin with a state directory of its own, and an operator's hands on it. */
export interface Rig {
  readonly twin: Twin;
  readonly mcpUrl: string;
  readonly stateDirectory: string;
  readonly admin: AdminPorts;
  /** What went wrong in the twin itself. */
  readonly problems: readonly string[];
  /** Makes a tenant on the plan with one key, and returns the key. */
  keyOn(plan: string, tenant: string, input?: Partial<CreateKeyInput>): Promise<string>;
  /** The state directory goes, unless it was given. */
  close(): Promise<void>;
}

export type RigOptions = Pick<TwinOptions, 'cdkOut'> & Partial<TwinOptions>;

/** Where an operator's CLI finds the twin, and as whom. */
export const operatorTarget = (twin: Twin) =>
  ({
    kind: 'twin',
    env: 'local',
    parameter: '/drawbridge/local/deployment',
    endpoint: twin.aws.url,
    hosts: [new URL(twin.url).host],
    region: twin.operator.region,
    credentials: twin.operator,
  }) as const;

/** @throws Error as `startTwin` does. */
export const startRig = async (options: RigOptions): Promise<Rig> => {
  const stateDirectory = options.stateDirectory ?? mkdtempSync(join(tmpdir(), 'drawbridge-rig-'));
  const problems: string[] = [];
  const twin = await startTwin({
    port: 0,
    onProblem: (line) => problems.push(line),
    ...options,
    stateDirectory,
  });
  const admin = await connectTo(operatorTarget(twin));
  return {
    twin,
    mcpUrl: `${twin.url}/mcp`,
    stateDirectory,
    admin,
    problems,
    keyOn: async (plan, tenant, input = {}) => {
      await createTenant(admin, { tenant, plan });
      const { key } = await createKey(admin, { tenant, name: 'proof', ...input });
      return key;
    },
    close: async () => {
      await twin.close();
      if (options.stateDirectory === undefined) {
        rmSync(stateDirectory, { recursive: true, force: true });
      }
    },
  };
};
