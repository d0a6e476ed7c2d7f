import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import type { CiCredentials } from '../../local/twin.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { runTwin, type RunningTwin } from './support/running-twin.ts';

const run = promisify(execFile);
const projectDirectory = join(import.meta.dirname, '../..');

const jobs = z
  .object({
    jobs: z.record(
      z.string(),
      z.object({
        steps: z.array(
          z.object({
            id: z.string().optional(),
            run: z.string().optional(),
            env: z.record(z.string(), z.string()).optional(),
          }),
        ),
      }),
    ),
  })
  .parse(
    parse(readFileSync(join(projectDirectory, 'examples/github-actions/call-tool.yml'), 'utf8')),
  ).jobs;

let running: RunningTwin;
let ci: CiCredentials;
let variables: Readonly<Record<string, string>>;
beforeAll(async () => {
  running = await runTwin();
  await running.keyOn('premium', 'acme');
  if (running.twin.ciRole === undefined) throw new Error('the template has no CiRole');
  ci = running.twin.ciRole;
  variables = { 'vars.DRAWBRIDGE_CI_URL': `${running.twin.url}/ci/mcp` };
  await addPrincipal(running.admin, { arn: ci.roleArn, tenant: 'acme', role: 'user' });
});
afterAll(() => running[Symbol.asyncDispose]());

/** Runs the step as a runner does: GitHub fills in `env`, the step before leaves the credentials in the environment. */
const runStep = (job: string, query: string, credentials: CiCredentials = ci) => {
  const step = jobs[job]?.steps.find(({ id }) => id === 'call');
  const known: Readonly<Record<string, string>> = { ...variables, 'inputs.query': query };
  const env = Object.fromEntries(
    Object.entries(step?.env ?? {}).map(([name, value]) => [
      name,
      value.replace(/\$\{\{ (.+?) \}\}/gu, (_, of: string) => known[of] ?? `no ${of}`),
    ]),
  );
  return run('bash', ['-c', step?.run ?? 'exit 9'], {
    cwd: projectDirectory,
    env: {
      // The runner’s Node is 24, as the step before says.
      PATH: `${join(process.execPath, '..')}:${process.env['PATH']}`,
      AWS_REGION: credentials.region,
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
      ...(credentials.sessionToken === undefined
        ? {}
        : { AWS_SESSION_TOKEN: credentials.sessionToken }),
      ...env,
    },
  });
};

describe.each(['curl', 'node'])('the job %s of examples/github-actions/call-tool.yml', (job) => {
  it('calls the tool as the role and prints what it found', async () => {
    const { stdout } = await runStep(job, 'usage "plan" $(id)');
    const { results } = z
      .object({ results: z.array(z.object({ title: z.string() })) })
      .parse(JSON.parse(stdout));
    expect(results.length).toBeGreaterThan(0);
  });

  it('fails when the signature is wrong, and prints no credential', async () => {
    const wrong = { ...ci, secretAccessKey: 'wrong-but-not-printed' };
    const failure = await runStep(job, 'plan', wrong).then(
      () => undefined,
      (error: unknown) =>
        z.object({ code: z.number(), stdout: z.string(), stderr: z.string() }).parse(error),
    );
    expect(failure?.code).toBe(1);
    const said = `${failure?.stdout}${failure?.stderr}`;
    expect(said).toContain('UNAUTHENTICATED');
    for (const secret of [wrong.secretAccessKey, ci.sessionToken ?? ci.accessKeyId]) {
      expect(said).not.toContain(secret);
    }
  });

  it('fails when the tool does', async () => {
    await expect(runStep(job, '')).rejects.toMatchObject({ code: 1 });
  });
});
