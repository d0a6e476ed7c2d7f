import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { mintApiKey } from '../../src/credentials/api-key.ts';
import { CliError } from '../../cli/errors.ts';
import { runCli } from '../../cli/program.ts';

const folder = join(import.meta.dirname, '../../examples/github-actions');

const permissions = z.record(z.string(), z.enum(['read', 'write']));

const step = z.strictObject({
  name: z.string().optional(),
  id: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
  env: z.record(z.string(), z.string()).optional(),
  shell: z.string().optional(),
  run: z.string().optional(),
});

/** What these workflows use of GitHub’s syntax, and no more: a new key is looked at here. */
const job = z.strictObject({
  if: z.string().optional(),
  needs: z.string().optional(),
  uses: z.string().optional(),
  with: z.record(z.string(), z.string()).optional(),
  'runs-on': z.literal('ubuntu-latest').optional(),
  'timeout-minutes': z.number().optional(),
  environment: z.string().optional(),
  permissions,
  env: z.record(z.string(), z.string()).optional(),
  outputs: z.record(z.string(), z.string()).optional(),
  steps: z.array(step).optional(),
});

const workflow = z.strictObject({
  name: z.string(),
  on: z.unknown(),
  permissions: z.strictObject({}),
  concurrency: z.strictObject({ group: z.string(), 'cancel-in-progress': z.boolean() }).optional(),
  jobs: z.record(z.string(), job),
});

const workflows = readdirSync(folder)
  .filter((name) => name.endsWith('.yml'))
  .map((file) => {
    const text = readFileSync(join(folder, file), 'utf8');
    return { file, text, ...workflow.parse(parse(text)) };
  });

const jobs = workflows.flatMap(({ file, jobs: own }) =>
  Object.entries(own).map(([id, each]) => ({ where: `${file}: ${id}`, ...each })),
);
const steps = jobs.flatMap(({ where, steps: own = [], ...of }) =>
  own.map((each) => ({ where, job: of, ...each })),
);
const runs = steps.flatMap(({ where, run, env, job: of }) =>
  run === undefined ? [] : [{ where, run, env: { ...of.env, ...env } }],
);

it('there are the workflows that the README describes, and no others', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const described = [...readme.matchAll(/^\| `([\w-]+\.yml)`/gmu)].map(([, name]) => name);
  expect(described.toSorted()).toEqual(workflows.map(({ file }) => file).toSorted());
  const used = workflows.flatMap(({ text }) => [...text.matchAll(/\bvars\.(\w+)/gu)]);
  const variables = [...readme.matchAll(/^\| `(DRAWBRIDGE_\w+)` +\| (?:diff|deploy|call|all):/gmu)];
  expect(variables.map(([, name]) => name).toSorted()).toEqual(
    [...new Set(used.map(([, name]) => name))].toSorted(),
  );
});

describe('a job', () => {
  const mayHave: Readonly<Record<string, string>> = {
    contents: 'read',
    'id-token': 'write',
    'pull-requests': 'write',
  };

  it.each(jobs)('$where has the permissions that it needs', (of) => {
    for (const [scope, access] of Object.entries(of.permissions)) {
      expect(mayHave[scope], scope).toBe(access);
    }
    const uses = (of.steps ?? []).map((each) => each.uses ?? '');
    if (of.uses !== undefined) return;
    const has = (scope: string) => of.permissions[scope] !== undefined;
    expect(has('id-token')).toBe(uses.some((use) => use.includes('/configure-aws-credentials@')));
    expect(has('contents')).toBe(uses.some((use) => use.startsWith('actions/checkout@')));
    // Who may write to pull requests runs nothing of theirs.
    if (has('pull-requests')) expect(of.permissions).toEqual({ 'pull-requests': 'write' });
  });

  it.each(jobs)('$where ends by itself', (of) => {
    if (of.uses === undefined) expect(of['timeout-minutes']).toBeLessThanOrEqual(60);
  });

  it('calls only workflows that are here', () => {
    const called = jobs.flatMap(({ uses }) => uses ?? []);
    expect(called.length).toBeGreaterThan(0);
    for (const path of called) {
      const name = path.replace('./.github/workflows/', '');
      expect(workflows.map(({ file }) => file)).toContain(name);
    }
  });
});

describe('nothing long-lived', () => {
  it.each(workflows)('$file has no stored secret and no key', ({ text }) => {
    // The key that smoke calls with is the one secret: AWS is reached by OIDC.
    const rest = text.replace('${{ secrets.DRAWBRIDGE_KEY }}', '');
    expect(rest).not.toMatch(/\bsecrets\s*[.:[]/u);
    expect(text).not.toMatch(/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/u);
    expect(text).not.toMatch(/aws-(?:access-key-id|secret-access-key)/u);
    expect(text).not.toMatch(/^\s*AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY)\s*:/mu);
  });

  it.each(steps.filter(({ uses }) => uses?.includes('configure-aws-credentials')))(
    '$where: the role is a variable',
    ({ with: inputs = {} }) => {
      expect(inputs['role-to-assume']).toMatch(/^\$\{\{ vars\.DRAWBRIDGE_\w+_ROLE \}\}$/u);
      expect(inputs['aws-region']).toBe('${{ vars.DRAWBRIDGE_REGION }}');
    },
  );

  it.each(steps.filter(({ uses }) => uses?.startsWith('actions/checkout@')))(
    '$where: the checkout leaves no token behind',
    ({ with: inputs }) => expect(inputs?.['persist-credentials']).toBe(false),
  );
});

describe('nobody else’s code', () => {
  it.each(workflows)('$file pins actions to commits, and says of which version', ({ text }) => {
    const used = [...text.matchAll(/^ +(?:- )?uses: (.+)$/gmu)].map(([, use = '']) => use);
    for (const use of used) {
      if (use.startsWith('./')) continue;
      expect(use).toMatch(/^[\w.-]+\/[\w.-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/u);
    }
  });

  it('an action has one version everywhere', () => {
    const byName = Map.groupBy(
      steps.flatMap(({ uses }) => uses ?? []),
      (use) => use.split('@')[0],
    );
    for (const [name, uses] of byName) expect(new Set(uses).size, name).toBe(1);
  });

  it.each(runs)('$where: what others write is no part of a script', ({ run }) => {
    expect(run).not.toContain('${{');
  });

  it('pull requests run with their own rights, and forks without credentials', () => {
    for (const { file, on, text } of workflows) {
      expect(text, file).not.toContain('pull_request_target');
      if (on !== 'pull_request') continue;
      for (const of of jobs.filter(({ where }) => where.startsWith(`${file}:`))) {
        if (of.permissions['id-token'] === undefined) continue;
        expect(of.if).toBe('github.event.pull_request.head.repo.full_name == github.repository');
      }
    }
  });
});

describe('deployments', () => {
  const deploy = workflows.find(({ file }) => file === 'deploy.yml')!;
  const one = workflows.find(({ file }) => file === 'deploy-environment.yml')!;

  it('go to dev before prod, after the tests', () => {
    const order = Object.entries(deploy.jobs).map(([id, { needs, with: inputs }]) => [
      id,
      needs,
      inputs?.['environment'],
    ]);
    expect(order).toEqual([
      ['test', undefined, undefined],
      ['dev', 'test', 'dev'],
      ['prod', 'dev', 'prod'],
    ]);
    expect(deploy.on).toEqual({ push: { branches: ['main'] } });
  });

  it('run in GitHub’s environment, which asks for the approval, and are never broken off', () => {
    expect(one.jobs['deploy']?.environment).toBe('${{ inputs.environment }}');
    expect(one.concurrency).toEqual({
      group: 'deploy-${{ inputs.environment }}',
      'cancel-in-progress': false,
    });
  });

  it('are tried right after', () => {
    const scripts = one.jobs['deploy']?.steps?.flatMap(({ run }) => run ?? []) ?? [];
    const deployed = scripts.findIndex((run) => run.startsWith('npx cdk deploy --all '));
    expect(deployed).toBeGreaterThan(-1);
    expect(scripts[deployed + 1]).toBe('npx drawbridge --env "$ENVIRONMENT" smoke');
  });
});

describe('commands', () => {
  /** Each call of a program, with the redirections and what follows cut off. */
  const callsOf = (program: string) =>
    runs.flatMap(({ where, run }) =>
      [...run.matchAll(new RegExp(`^ *npx ${program} ([^\\n>|;&]*)`, 'gmu'))].map(
        ([, words = '']) => ({ where, words: words.replaceAll('"', '').trim().split(/\s+/u) }),
      ),
    );

  it.each(callsOf('drawbridge'))('$where: the CLI understands $words', async ({ words }) => {
    let reached = false;
    let said = '';
    const stop = () => {
      reached = true;
      return Promise.reject(new CliError('TWIN_NOT_RUNNING', 'dry run'));
    };
    await runCli(
      words.map((word) => (word === '$ENVIRONMENT' ? 'prod' : word)),
      {
        terminal: { out: () => undefined, err: (text) => void (said += text) },
        connect: stop,
        readStacks: stop,
        // As the workflow sets it, from a secret of the GitHub environment.
        environment: { DRAWBRIDGE_KEY: mintApiKey('smoke').key },
      },
    );
    expect(reached, said).toBe(true);
  });

  it.each(callsOf('cdk'))('$where: the CDK has the options of $words', ({ words }) => {
    const [verb = ''] = words;
    const cdk = join(import.meta.dirname, '../../node_modules/aws-cdk/bin/cdk');
    const help = execFileSync(process.execPath, [cdk, verb, '--help'], { encoding: 'utf8' });
    for (const option of words.filter((word) => word.startsWith('-'))) {
      const known = option.replace(/^--no-/u, '--');
      expect(help, option).toMatch(new RegExp(`(^|\\s)${known}[,\\s]`, 'mu'));
    }
  });

  it('there are some of both', () => {
    expect(callsOf('drawbridge').length).toBeGreaterThanOrEqual(2);
    expect(callsOf('cdk').length).toBeGreaterThanOrEqual(2);
  });

  it.each(runs)('$where: every variable of the script is set', ({ run, env }) => {
    const ofTheRunner = ['GITHUB_OUTPUT', 'AWS_REGION', 'AWS_ACCESS_KEY_ID'].concat([
      'AWS_SECRET_ACCESS_KEY',
      'AWS_SESSION_TOKEN',
    ]);
    const assigned = [...run.matchAll(/^ *(\w+)=/gmu)].map(([, name]) => name);
    const byJq = [...run.matchAll(/--arg (\w+)/gu)].map(([, name]) => name);
    const known = new Set([...Object.keys(env), ...ofTheRunner, ...assigned, ...byJq]);
    for (const [, name] of run.matchAll(/\$\{?([A-Za-z_]\w*)/gu)) expect(known).toContain(name);
  });
});
