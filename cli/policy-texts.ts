import { problemText } from '../src/admin/policies.ts';
import type { PolicyCaseResult, PolicyTestRun } from '../src/admin/test-policies.ts';
import type {
  PoliciesSetView,
  PoliciesView,
  PolicyVersionView,
  ValidationView,
} from './commands/policies.ts';
import { renderTable } from './io.ts';

/** What a person reads of policies. */

export const policiesSetText = ({ tenant, version, changed, text }: PoliciesSetView): string => {
  if (!changed) {
    return version === 0
      ? `Tenant ${tenant} has no policies of its own. Nothing changed.`
      : `Version ${version} of the policies of tenant ${tenant} says this already. Nothing changed.`;
  }
  return text.trim() === ''
    ? `Tenant ${tenant} has only the deployment’s policies now (version ${version}): the next call is decided by them.`
    : `Version ${version} of the policies of tenant ${tenant} is in force: the next call is decided by it.`;
};

/** The text is Cedar's with a comment above it, so that it can be written to a file. */
export const policiesText = (view: PoliciesView): string => {
  const { tenant, version, text, createdAt = '', createdBy = '', inForce } = view;
  if (version === 0)
    return `// Tenant ${tenant} has no policies of its own: the deployment’s hold.`;
  const state = inForce ? 'in force' : 'not in force';
  const head = `// Version ${version} of the policies of tenant ${tenant}, ${state}. Set at ${createdAt} by ${createdBy}.`;
  return text === '' ? head : `${head}\n${text.trimEnd()}`;
};

export const policyVersionsText = (versions: readonly PolicyVersionView[]): string =>
  versions.length === 0
    ? 'No policies yet. Set some: npx drawbridge policies set <tenant> <file>'
    : renderTable(
        ['VERSION', 'IN FORCE', 'BYTES', 'SET', 'BY'],
        versions.map(({ version, inForce, bytes, createdAt = '-', createdBy = '-' }) => [
          String(version),
          inForce ? 'yes' : 'no',
          String(bytes),
          createdAt,
          createdBy,
        ]),
      );

export const validationText = ({ problems }: ValidationView): string =>
  problems.length === 0
    ? 'The policies are valid.'
    : problems.map((problem) => `  ${problemText(problem)}`).join('\n');

const decisionText = ({ decision }: PolicyCaseResult): string =>
  decision.kind === 'allow' ? 'allow' : `${decision.kind} (${decision.policyId})`;

export const policyTestText = ({ results, failed }: PolicyTestRun): string =>
  [
    renderTable(
      ['CASE', 'EXPECTED', 'DECIDED', ''],
      results.map((result) => [
        result.name,
        result.expected,
        decisionText(result),
        result.passed ? 'ok' : 'FAILED',
      ]),
    ),
    '',
    failed === 0 ? `All ${results.length} cases passed.` : `${failed} of ${results.length} failed.`,
  ].join('\n');
