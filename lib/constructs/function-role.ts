import type { RemovalPolicy } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Construct } from 'constructs';
import { logProtection } from './log-protection.ts';

export interface FunctionRoleProps {
  readonly description: string;
  readonly logRetention: RetentionDays;
  readonly logRemovalPolicy: RemovalPolicy;
}

/** A log group of a function's own, and a role that may write it and nothing else. */
export const addFunctionRole = (
  scope: Construct,
  { description, logRetention, logRemovalPolicy }: FunctionRoleProps,
): { readonly role: Role; readonly logGroup: LogGroup } => {
  const logGroup = new LogGroup(scope, 'Logs', {
    retention: logRetention,
    removalPolicy: logRemovalPolicy,
    ...logProtection(),
  });
  const role = new Role(scope, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description,
  });
  logGroup.grantWrite(role);
  return { role, logGroup };
};
