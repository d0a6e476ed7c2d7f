import * as z from 'zod';
import type { DeployedResource, Deployment } from '../template/deployment.ts';
import type { NamedPolicy } from './credentials.ts';

const statement = z.looseObject({
  Condition: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const policyDocument = z.looseObject({
  Statement: z.union([statement.transform((one) => [one]), z.array(statement)]),
});
const inlinePolicy = z.object({ PolicyName: z.string(), PolicyDocument: policyDocument });
const roleProperties = z.object({
  Policies: z.array(inlinePolicy).default([]),
  ManagedPolicyArns: z.array(z.string()).default([]),
  PermissionsBoundary: z.unknown().optional(),
});
const attachedPolicy = z.object({
  PolicyName: z.string().optional(),
  ManagedPolicyName: z.string().optional(),
  RoleName: z.string().optional(),
  Roles: z.array(z.string()).default([]),
  PolicyDocument: policyDocument,
});

/** The managed policies that the twin knows by heart. Any other one is refused by name. */
const MANAGED: Readonly<Record<string, unknown>> = {
  'service-role/AWSLambdaBasicExecutionRole': {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '*',
      },
    ],
  },
};

/** The condition keys that the twin gives a value; see `requestContext` in authorization.ts. */
export const CONTEXT_KEYS: ReadonlySet<string> = new Set([
  'aws:principalarn',
  'aws:principalaccount',
  'aws:requestedregion',
  'aws:resourceaccount',
  'aws:securetransport',
]);

const parse = <S extends z.ZodType>(schema: S, resource: DeployedResource): z.infer<S> => {
  const parsed = schema.safeParse(resource.properties);
  if (parsed.success) return parsed.data;
  throw new Error(`${resource.displayName}: ${z.prettifyError(parsed.error)}`);
};

const managedPolicy = (
  deployment: Deployment,
  role: DeployedResource,
  arn: string,
): NamedPolicy | undefined => {
  const known = MANAGED[/^arn:aws:iam::aws:policy\/(.+)$/.exec(arn)?.[1] ?? ''];
  if (known !== undefined) return { name: arn, policy: known };
  const own = deployment.ofType('AWS::IAM::ManagedPolicy').find((policy) => policy.arn === arn);
  if (own !== undefined) return { name: arn, policy: parse(attachedPolicy, own).PolicyDocument };
  throw new Error(`${role.displayName}: the twin does not know the managed policy ${arn}.`);
};

const attachedPolicies = (deployment: Deployment, roleName: string): readonly NamedPolicy[] =>
  ['AWS::IAM::Policy', 'AWS::IAM::RolePolicy', 'AWS::IAM::ManagedPolicy']
    .flatMap((type) => deployment.ofType(type))
    .map((resource) => ({ resource, properties: parse(attachedPolicy, resource) }))
    .filter(
      ({ properties }) => properties.Roles.includes(roleName) || properties.RoleName === roleName,
    )
    .map(({ resource, properties }) => ({
      name: properties.PolicyName ?? properties.ManagedPolicyName ?? resource.displayName,
      policy: properties.PolicyDocument,
    }));

const refuseUnknownConditions = (
  role: DeployedResource,
  policies: readonly NamedPolicy[],
): void => {
  for (const { name, policy } of policies) {
    for (const { Condition } of policyDocument.parse(policy).Statement) {
      for (const key of Object.values(Condition ?? {}).flatMap((keys) => Object.keys(keys))) {
        if (!CONTEXT_KEYS.has(key.toLowerCase())) {
          throw new Error(
            `${role.displayName}: the twin does not evaluate the condition key ${key} of the policy ${name}.`,
          );
        }
      }
    }
  }
};

/**
 * Every identity policy of a role in the synthesized template: inline, attached and managed.
 * @throws Error naming the role and what the twin cannot evaluate.
 */
export const rolePolicies = (deployment: Deployment, roleArn: string): readonly NamedPolicy[] => {
  const role = deployment.ofType('AWS::IAM::Role').find(({ arn }) => arn === roleArn);
  if (role === undefined)
    throw new Error(`No AWS::IAM::Role of the template has the ARN ${roleArn}.`);
  const properties = parse(roleProperties, role);
  if (properties.PermissionsBoundary !== undefined) {
    throw new Error(`${role.displayName}: the twin does not evaluate a PermissionsBoundary.`);
  }
  const policies = [
    ...properties.Policies.map(({ PolicyName, PolicyDocument }) => ({
      name: PolicyName,
      policy: PolicyDocument,
    })),
    ...attachedPolicies(deployment, role.physicalId),
    ...properties.ManagedPolicyArns.flatMap((arn) => managedPolicy(deployment, role, arn) ?? []),
  ];
  refuseUnknownConditions(role, policies);
  return policies;
};
