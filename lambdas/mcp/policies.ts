import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsCall } from '../../src/aws/aws-client.ts';
import { basePolicies, basePoliciesFile, textOf } from '../../src/policy/base-policies.ts';
import type { PolicyDecider } from '../../src/policy/policy-decider.ts';
import { TenantPolicies } from '../../src/policy/tenant-policies.ts';
import { DynamoDbPolicyReader } from '../../src/registry/dynamodb-policy-reader.ts';

export interface PoliciesOptions {
  /** Where the function's own files are. */
  readonly taskRoot: string;
  readonly dynamodb: AwsCall;
  readonly tableName: string;
}

/**
 * The policies that this function was deployed with, and those of tenants. The file is read for the first caller; Cedar is
 * loaded for the first caller that needs it.
 */
export const openPolicies = ({ taskRoot, dynamodb, tableName }: PoliciesOptions): PolicyDecider => {
  const open = async (): Promise<PolicyDecider> => {
    const file: unknown = JSON.parse(await readFile(join(taskRoot, basePoliciesFile), 'utf8'));
    return new TenantPolicies({
      base: textOf(basePolicies.parse(file)),
      reader: new DynamoDbPolicyReader({
        getItem: (input) => dynamodb('GetItem', input),
        tableName,
      }),
      loadCedar: async () => (await import('./cedar.ts')).openCedar(),
    });
  };
  let opened: Promise<PolicyDecider> | undefined;
  /** A failure is not remembered: the next caller tries again. */
  const decider = async (): Promise<PolicyDecider> => {
    const opening = (opened ??= open());
    try {
      return await opening;
    } catch (error) {
      if (opened === opening) opened = undefined;
      throw error;
    }
  };
  return {
    listable: async (caller, tools) => (await decider()).listable(caller, tools),
    decide: async (caller, tool, args) => (await decider()).decide(caller, tool, args),
  };
};
