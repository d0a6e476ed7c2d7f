import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, inject } from 'vitest';
import type { AuthorizedCall } from '../../../local/aws/authorization.ts';
import type { TwinOptions } from '../../../local/twin.ts';
import { startRig, type Rig } from '../../../proof/support/rig.ts';
import type { AdminPorts } from '../../../src/admin/ports.ts';
import { callRecorder, recordGrants } from '../../permissions/recording.ts';

/** A rig whose calls of AWS are recorded, for the test of least privilege. */
export interface RunningTwin extends Omit<Rig, 'close'> {
  readonly refusals: readonly AuthorizedCall[];
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
  const refusals: AuthorizedCall[] = [];
  const recorder = callRecorder(basename(expect.getState().testPath ?? 'unknown'));
  const rig = await startRig({
    cdkOut: inject('cdkOut'),
    onCall: recorder.onCall,
    onRefusal: (call) => {
      refusals.push(call);
      recorder.onRefusal(call);
    },
    ...options,
  });
  const { twin, stateDirectory, admin } = rig;
  // A template that a test has changed says nothing of the roles that are deployed.
  if (options.cdkOut === undefined) recordGrants(twin.deployment);
  if (!upstreams) await switchOffUpstreams(admin);
  return {
    ...rig,
    refusals,
    keyOn: (plan, tenant, input = {}) => rig.keyOn(plan, tenant, { name: 'test', ...input }),
    everythingWritten: () =>
      readdirSync(stateDirectory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
        .join('\n'),
    stop: () => twin.close(),
    [Symbol.asyncDispose]: () => rig.close(),
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
