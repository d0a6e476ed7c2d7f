import { readFile } from 'node:fs/promises';
import { AdminError } from '../../src/admin/admin-error.ts';
import type { Actor } from '../../src/admin/operator.ts';
import {
  listPolicyVersions,
  removePolicies,
  setPolicies,
  showPolicies,
  validatePolicies,
  type PoliciesSet,
  type TenantPolicies,
} from '../../src/admin/policies.ts';
import type { AdminPorts, PolicyProblem } from '../../src/admin/ports.ts';
import { testPolicies, type PolicyTestRun } from '../../src/admin/test-policies.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';

/** A file's text, or that of standard input for `-`. */
export const textOf = async (file: string, { readInput }: Terminal): Promise<string> => {
  if (file === '-') {
    if (readInput === undefined) throw new CliError('USAGE', 'there is no standard input to read');
    return readInput();
  }
  return readFile(file, 'utf8').catch((error: unknown) => {
    const { code = 'error' } = error as NodeJS.ErrnoException;
    throw new CliError('USAGE', `${file} cannot be read: ${code}`);
  });
};

const jsonOf = (file: string, text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new CliError('USAGE', `${file} is not JSON`, { cause: error });
  }
};

export type PoliciesView = TenantPolicies;

export interface PoliciesSetView extends PoliciesView {
  readonly changed: boolean;
  readonly rewrittenKeys: number;
}

const setView = ({ policies, changed, rewrittenKeys }: PoliciesSet): PoliciesSetView => ({
  ...policies,
  changed,
  rewrittenKeys,
});

export const policiesSet = async (
  ports: AdminPorts,
  actor: Actor,
  tenant: string,
  text: string,
  expectedVersion: number | undefined,
): Promise<PoliciesSetView> =>
  setView(await setPolicies(ports, { tenant, text, expectedVersion, by: actor.subject }));

/** @throws CliError DECLINED when the operator is asked and does not say yes: nothing changed. */
export const policiesRemove = async (
  ports: AdminPorts,
  actor: Actor,
  tenant: string,
  confirm: Terminal['confirm'],
): Promise<PoliciesSetView> => {
  const { version } = await showPolicies(ports, tenant);
  if (confirm !== undefined) {
    const question = `Leave tenant ${tenant} only the deployment’s policies? Version ${version} of its own is in force.`;
    if (!(await confirm(question))) {
      throw new CliError('DECLINED', `the policies of tenant ${tenant} were not removed`);
    }
  }
  const input = { tenant, expectedVersion: version, by: actor.subject };
  return setView(await removePolicies(ports, input));
};

export const policiesShow = (
  ports: AdminPorts,
  tenant: string,
  version: number | undefined,
): Promise<PoliciesView> => showPolicies(ports, tenant, version);

export type PolicyVersionView = Omit<PoliciesView, 'text'> & { readonly bytes: number };

export const policiesVersions = async (
  ports: AdminPorts,
  tenant: string,
): Promise<readonly PolicyVersionView[]> =>
  (await listPolicyVersions(ports, tenant)).map(({ text, ...facts }) => ({
    ...facts,
    bytes: Buffer.byteLength(text),
  }));

export interface ValidationView {
  readonly valid: boolean;
  readonly problems: readonly PolicyProblem[];
}

export const policiesValidate = async (
  ports: AdminPorts,
  text: string,
  tenant: string | undefined,
): Promise<ValidationView> => {
  const problems = await validatePolicies(ports, text, tenant);
  return { valid: problems.length === 0, problems };
};

/** After the problems were printed. @throws AdminError POLICY_INVALID */
export const assertValid = ({ problems }: ValidationView): void => {
  if (problems.length === 0) return;
  throw new AdminError('POLICY_INVALID', 'the policies are not valid');
};

export const policiesTest = async (
  ports: AdminPorts,
  tenant: string,
  cases: { readonly file: string; readonly text: string },
  text: string | undefined,
): Promise<PolicyTestRun> => testPolicies(ports, tenant, jsonOf(cases.file, cases.text), text);

/** After the results were printed. @throws CliError CHECK_FAILED */
export const assertPassed = ({ failed, results }: PolicyTestRun): void => {
  if (failed === 0) return;
  throw new CliError('CHECK_FAILED', `${failed} of ${results.length} cases failed`);
};
