import { isUsedBy } from './matching.ts';
import type { Grant, readRecording } from './recording.ts';
import { unusedWithReason } from './reasoned.ts';
import { deployedServices } from './deployed-services.ts';

type Recording = ReturnType<typeof readRecording>;

const shortRole = (role: string): string =>
  role
    .replace(/^drawbridge-local-/u, '')
    .replace(/\/Resource$/u, '')
    .replace(/\/(?:Service)?Role$/u, '');

/** A resource by its place in the stacks, in the place of an ARN with generated names. */
const readableResource = (resource: string, names: Recording['names']): string => {
  if (resource === '*') return '`*`';
  const known = Object.entries(names)
    .filter(([arn]) => resource === arn || resource.startsWith(arn))
    .toSorted(([a], [b]) => b.length - a.length)[0];
  if (known === undefined) {
    return `\`${resource.replaceAll('000000000000', '<account>').replaceAll('us-east-1', '<region>')}\``;
  }
  const [arn, name] = known;
  const path = name.replace(/^drawbridge-local-/u, '').replace(/\/Resource$/u, '');
  return `${path}${resource === arn ? '' : ` \`${resource.slice(arn.length)}\``}`;
};

const reasonOf = (grant: Grant): string =>
  unusedWithReason.find(({ is }) => is(grant))?.reason ?? '';

const tableOf = (rows: readonly (readonly string[])[], head: readonly string[]): string => {
  const widths = head.map((title, column) =>
    Math.max(3, title.length, ...rows.map((row) => (row[column] ?? '').length)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
};

/** `docs/permissions.md`, from what was recorded. */
export const permissionsPage = ({ grants, calls, names }: Recording): string => {
  const roles = [...new Set(grants.map(({ role }) => role))].toSorted();
  const sections = roles.map((role) => {
    const rows = grants
      .filter((grant) => grant.role === role)
      .map((grant) => {
        const used = calls.some(isUsedBy(grant));
        return [
          `\`${grant.action}\``,
          readableResource(grant.resource, names),
          used ? 'called' : reasonOf(grant),
        ] as const;
      })
      .toSorted((a, b) => (a.join() < b.join() ? -1 : 1));
    return `### ${shortRole(role)}\n\n${tableOf(rows, ['action', 'resource', 'in the tests'])}`;
  });
  return `${head}\n${sections.join('\n\n')}\n\n${deployer()}`;
};

const head = `# Permissions

Generated from a full run of the integration tests on the twin, which checks every AWS call of a function against the
function's own role (test/permissions): a test fails when a role may do what nothing did, or a function tried what its role
does not allow. Written by \`npx vitest run --project integration --project permissions -u\`. The resources are those of \`env=local\`.

## What each role may do
`;

const deployer = (): string => `## What a deployer needs

\`cdk deploy\` acts through the roles of the bootstrap, so that the person or the job who deploys needs one right:

\`\`\`json
{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": "sts:AssumeRole",
      "Resource": "arn:aws:iam::<account>:role/cdk-hnb659fds-*"
    }
  ]
}
\`\`\`

CloudFormation's own role, \`cdk-hnb659fds-cfn-exec-role-…\`, makes what the templates have. By default it is an administrator;
\`cdk bootstrap --cloudformation-execution-policies\` gives it a policy of yours, which needs actions of these services:

${tableOf(
  deployedServices().map(({ service, types }) => [`\`${service}\``, types.join(', ')]),
  ['service', 'for'],
)}
`;
