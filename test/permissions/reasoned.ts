import type { Grant } from './recording.ts';

export interface Exception {
  readonly is: (grant: Grant) => boolean;
  readonly reason: string;
}

const action =
  (...actions: readonly string[]) =>
  (grant: Grant): boolean =>
    actions.includes(grant.action);

/** What is granted although no function of ours calls it, and why it has to be. */
export const unusedWithReason: readonly Exception[] = [
  {
    is: action('logs:CreateLogStream', 'logs:PutLogEvents'),
    reason: 'Lambda itself writes what a function prints, with the function’s role.',
  },
  {
    is: action('xray:PutTraceSegments', 'xray:PutTelemetryRecords'),
    reason: 'Lambda itself hands traces over, with the function’s role.',
  },
  {
    is: ({ role, action: granted }) => role.includes('CiRole') && granted === 'execute-api:Invoke',
    reason:
      'API Gateway asks for it when a job calls, not an AWS API (test/integration/iam.test.ts).',
  },
  {
    is: ({ role }) => role.includes('/Live/Handshake/'),
    reason:
      'CodeDeploy runs the hook: test/integration/deployments.test.ts does, in twins of its own.',
  },
  {
    is: ({ role, action: granted, resource }) =>
      role.includes('/Admin/') &&
      granted.startsWith('apigateway:') &&
      resource.includes('/usageplans/'),
    reason: 'One grant for each plan: the tests move tenants between some of them.',
  },
  {
    is: ({ role, action: granted }) =>
      role.includes('/Admin/') && ['apigateway:PATCH', 'apigateway:DELETE'].includes(granted),
    reason: 'Taking back a tenant that could not be made, and the doctor’s mending, over HTTP.',
  },
  {
    is: ({ role, action: granted, resource }) =>
      role.includes('/Admin/') &&
      granted === 'secretsmanager:GetSecretValue' &&
      resource.includes('UpstreamSecret'),
    reason: 'To connect to a live server when an operator asks how it is.',
  },
];

/** Calls that are refused because a test takes the right away, by test file. */
export const refusedOnPurpose: ReadonlySet<string> = new Set(['faults.test.ts', 'metrics.test.ts']);
