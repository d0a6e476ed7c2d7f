import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import type { AuthorizedCall } from '../../local/aws/authorization.ts';
import { rolePolicies } from '../../local/aws/role-policies.ts';
import type { Deployment } from '../../local/template/deployment.ts';

/**
 * What the roles of the template did in the integration tests, and what they may do: written by each twin that the
 * tests start, read by `least-privilege.test.ts` when all of them have run.
 */
const variable = 'DRAWBRIDGE_RECORDED_CALLS';

/** Where this run of the tests writes: each run has a folder of its own, and all of its workers the same. */
const fileOf = (name: string): string => {
  const directory = process.env[variable];
  if (directory === undefined) {
    throw new Error('run the integration tests in the same run: they record what functions do');
  }
  return join(directory, name);
};
const callsFile = (): string => fileOf('calls.jsonl');
const grantsFile = (): string => fileOf('grants.json');

const recordedCall = z.strictObject({
  kind: z.enum(['started', 'allowed', 'refused']),
  /** The test file, as in `quota.test.ts`. */
  test: z.string(),
  roleArn: z.string(),
  action: z.string(),
  resource: z.string(),
});
export type RecordedCall = z.infer<typeof recordedCall>;

const grant = z.strictObject({
  /** `aws:cdk:path` of the role. */
  role: z.string(),
  roleArn: z.string(),
  action: z.string(),
  resource: z.string(),
});
export type Grant = z.infer<typeof grant>;

/** ARNs of the template by the path of their resource, for people. */
const names = z.record(z.string(), z.string());

const recorded = z.strictObject({ grants: z.array(grant), names });

const statement = z.looseObject({
  Effect: z.enum(['Allow', 'Deny']),
  Action: z.union([z.string(), z.array(z.string())]),
  Resource: z.union([z.string(), z.array(z.string())]),
});
const policyDocument = z.looseObject({ Statement: z.union([statement, z.array(statement)]) });

const grantsOf = (deployment: Deployment): readonly Grant[] =>
  deployment.ofType('AWS::IAM::Role').flatMap(({ arn: roleArn, displayName: role }) => {
    let policies;
    try {
      policies = rolePolicies(deployment, roleArn);
    } catch {
      // API Gateway's own role for logs has a policy that AWS manages: nothing of ours.
      return [];
    }
    return policies.flatMap(({ policy }) =>
      [policyDocument.parse(policy).Statement]
        .flat()
        .filter(({ Effect }) => Effect === 'Allow')
        .flatMap(({ Action, Resource }) =>
          [Action]
            .flat()
            .flatMap((action) =>
              [Resource].flat().map((resource) => ({ role, roleArn, action, resource })),
            ),
        ),
    );
  });

/** Before the first test of a run, in the process that starts the workers. */
export const beginRecording = (): void => {
  const directory = process.env[variable] ?? mkdtempSync(join(tmpdir(), 'drawbridge-calls-'));
  mkdirSync(directory, { recursive: true });
  process.env[variable] = directory;
};

/** Writes down each call that a role of the deployment makes, once for each test file. */
export const callRecorder = (test: string) => {
  const started: RecordedCall = { kind: 'started', test, roleArn: '', action: '', resource: '' };
  appendFileSync(callsFile(), `${JSON.stringify(started)}\n`);
  const known = new Set<string>();
  const hear =
    (kind: RecordedCall['kind']) =>
    ({ principal, action, resource }: AuthorizedCall): void => {
      if (principal.kind !== 'role') return;
      const { roleArn } = principal;
      const call: RecordedCall = { kind, test, roleArn, action, resource };
      const line = JSON.stringify(call);
      if (known.has(line)) return;
      known.add(line);
      appendFileSync(callsFile(), `${line}\n`);
    };
  return { onCall: hear('allowed'), onRefusal: hear('refused') };
};

/** Writes down what the roles of the unchanged template may do. */
export const recordGrants = (deployment: Deployment): void => {
  if (existsSync(grantsFile())) return;
  const named = deployment.resources
    .filter(({ arn }) => arn.startsWith('arn:'))
    .map(({ arn, displayName }) => [arn, displayName] as const);
  writeFileSync(
    grantsFile(),
    JSON.stringify({ grants: grantsOf(deployment), names: Object.fromEntries(named) }),
  );
};

/** @throws Error when the integration tests have not run before. */
export const readRecording = () => {
  const calls = readFileSync(callsFile(), 'utf8')
    .trim()
    .split('\n')
    .map((line) => recordedCall.parse(JSON.parse(line)));
  return { calls, ...recorded.parse(JSON.parse(readFileSync(grantsFile(), 'utf8'))) };
};
