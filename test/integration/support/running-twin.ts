import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, inject } from 'vitest';
import { connectTo } from '../../../cli/connect.ts';
import type { AuthorizedCall } from '../../../local/aws/authorization.ts';
import { startTwin, type Twin, type TwinOptions } from '../../../local/twin.ts';
import { createKey, type CreateKeyInput } from '../../../src/admin/keys.ts';
import type { AdminPorts } from '../../../src/admin/ports.ts';
import { createTenant } from '../../../src/admin/create-tenant.ts';
import { callRecorder, recordGrants } from '../../permissions/recording.ts';

/** A twin with a state directory of its own, and an operator's hands on it. */
export interface RunningTwin {
  readonly twin: Twin;
  readonly mcpUrl: string;
  readonly stateDirectory: string;
  readonly admin: AdminPorts;
  readonly refusals: readonly AuthorizedCall[];
  readonly problems: readonly string[];
  /** Makes a tenant on the plan with one key, and returns the key. */
  keyOn(plan: string, tenant: string, input?: Partial<CreateKeyInput>): Promise<string>;
  /** Everything that has been logged and every file of the state, as one text. */
  everythingWritten(): string;
  stop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface RunTwinOptions extends Partial<TwinOptions> {
  /** Serves what `config/mcp.json` deploys, too. @default false: they are switched off, as an operator would */
  readonly upstreams?: boolean;
}

export const runTwin = async ({
  upstreams = false,
  ...options
}: RunTwinOptions = {}): Promise<RunningTwin> => {
  const stateDirectory = options.stateDirectory ?? mkdtempSync(join(tmpdir(), 'drawbridge-twin-'));
  const refusals: AuthorizedCall[] = [];
  const problems: string[] = [];
  const recorder = callRecorder(basename(expect.getState().testPath ?? 'unknown'));
  const twin = await startTwin({
    cdkOut: inject('cdkOut'),
    port: 0,
    onCall: recorder.onCall,
    onRefusal: (call) => {
      refusals.push(call);
      recorder.onRefusal(call);
    },
    onProblem: (line) => problems.push(line),
    ...options,
    stateDirectory,
  });
  // A template that a test has changed says nothing of the roles that are deployed.
  if (options.cdkOut === undefined) recordGrants(twin.deployment);
  const admin = await connectTo({
    kind: 'twin',
    env: 'local',
    parameter: '/drawbridge/local/deployment',
    endpoint: twin.aws.url,
    hosts: [new URL(twin.url).host],
    region: twin.operator.region,
    credentials: twin.operator,
  });
  if (!upstreams) await switchOffUpstreams(admin);
  const stop = () => twin.close();
  return {
    twin,
    mcpUrl: `${twin.url}/mcp`,
    stateDirectory,
    admin,
    refusals,
    problems,
    keyOn: async (plan, tenant, input = {}) => {
      await createTenant(admin, { tenant, plan });
      const { key } = await createKey(admin, { tenant, name: 'test', ...input });
      return key;
    },
    everythingWritten: () =>
      readdirSync(stateDirectory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
        .join('\n'),
    stop,
    [Symbol.asyncDispose]: async () => {
      await stop();
      if (options.stateDirectory === undefined) {
        rmSync(stateDirectory, { recursive: true, force: true });
      }
    },
  };
};

/** The tests of everything else have only our own tools, and start no sandboxes. */
const switchOffUpstreams = async ({ deployment, upstreams }: AdminPorts): Promise<void> => {
  const now = new Date().toISOString();
  for (const { name } of deployment.upstreams) {
    if ((await upstreams.getUpstream('*', name)) !== undefined) continue;
    const record = { scope: '*', name, enabled: false, revision: 1 };
    await upstreams.putUpstream({ ...record, createdAt: now, updatedAt: now });
  }
};

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, or undefined. */
  readonly json: Rpc | undefined;
}

export interface Rpc {
  readonly jsonrpc?: string;
  readonly id?: unknown;
  readonly code?: string;
  readonly result?: { readonly [name: string]: unknown; readonly isError?: boolean };
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

const jsonOrNothing = (text: string): Rpc | undefined => {
  try {
    return JSON.parse(text) as Rpc;
  } catch {
    return undefined;
  }
};

/** One POST as curl would make it. */
export const post = async (
  url: string,
  body: string | object,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answer> => {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: jsonOrNothing(text) };
};

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

export const callOf = (name: string, args: unknown, id: unknown = 1): object => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
});
