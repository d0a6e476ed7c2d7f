import { describe, expect, it } from 'vitest';
import { Authorizer } from '../../../local/aws/authorization.ts';
import { LocalCredentials } from '../../../local/aws/credentials.ts';
import { rolePolicies } from '../../../local/aws/role-policies.ts';
import {
  accountId,
  deploymentOf,
  region,
  resource,
  roleArn,
  tableArn,
  template,
} from './aws-fixture.ts';

describe('role policies', () => {
  const role = (properties: Record<string, unknown>) => [
    ...template.filter(({ type }) => type !== 'AWS::IAM::Role'),
    resource('AWS::IAM::Role', 'FunctionRole', roleArn, properties),
  ];

  it('are the inline, attached and managed ones', () => {
    const policies = rolePolicies(
      deploymentOf(
        role({
          ManagedPolicyArns: ['arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole'],
          Policies: [{ PolicyName: 'inline', PolicyDocument: { Statement: [] } }],
        }),
      ),
      roleArn,
    );
    expect(policies.map(({ name }) => name)).toEqual([
      'inline',
      'FunctionPolicy',
      'arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole',
    ]);
  });

  it.each([
    [
      'a managed policy',
      { ManagedPolicyArns: ['arn:aws:iam::aws:policy/AdministratorAccess'] },
      /Test\/FunctionRole: the twin does not know the managed policy .*AdministratorAccess/,
    ],
    ['a permissions boundary', { PermissionsBoundary: 'arn:x' }, /PermissionsBoundary/],
    [
      'a condition',
      {
        Policies: [
          {
            PolicyName: 'p',
            PolicyDocument: {
              Statement: {
                Effect: 'Allow',
                Action: '*',
                Resource: '*',
                Condition: { StringEquals: { 'dynamodb:LeadingKeys': 'x' } },
              },
            },
          },
        ],
      },
      /does not evaluate the condition key dynamodb:LeadingKeys of the policy p/,
    ],
  ])('refuse %s that the twin cannot evaluate', (_name, properties, message) => {
    expect(() => rolePolicies(deploymentOf(role(properties)), roleArn)).toThrow(message);
  });
});

describe('authorization', () => {
  const credentials = (statement: Record<string, unknown>[]) =>
    new LocalCredentials(accountId, () => [
      { name: 'p', policy: { Version: '2012-10-17', Statement: statement } },
    ]).forRole({ roleArn, sessionName: 'f', displayName: 'Test/F' }).principal;
  const allowAll = { Effect: 'Allow', Action: 'dynamodb:*', Resource: '*' };

  it('lets an explicit deny win', async () => {
    const authorizer = new Authorizer({ accountId, region });
    const deny = { Effect: 'Deny', Action: 'dynamodb:DeleteItem', Resource: tableArn };
    const principal = credentials([allowAll, deny]);
    await authorizer.authorize(principal, 'dynamodb:PutItem', tableArn);
    await expect(authorizer.authorize(principal, 'dynamodb:DeleteItem', tableArn)).rejects.toThrow(
      /with an explicit deny in an identity-based policy/,
    );
  });

  it('evaluates conditions on the context that it knows', async () => {
    const authorizer = new Authorizer({ accountId, region });
    const inRegion = (name: string) =>
      credentials([{ ...allowAll, Condition: { StringEquals: { 'aws:RequestedRegion': name } } }]);
    await authorizer.authorize(inRegion(region), 'dynamodb:GetItem', tableArn);
    await expect(
      new Authorizer({ accountId, region }).authorize(
        inRegion('eu-west-1'),
        'dynamodb:GetItem',
        tableArn,
      ),
    ).rejects.toThrow(/no identity-based policy allows/);
  });

  it('keeps two roles apart', async () => {
    const authorizer = new Authorizer({ accountId, region });
    await authorizer.authorize(credentials([allowAll]), 'dynamodb:GetItem', tableArn);
    const other = new LocalCredentials(accountId, () => []).forRole({
      roleArn: `${roleArn}Other`,
      sessionName: 'g',
      displayName: 'Test/G',
    }).principal;
    await expect(authorizer.authorize(other, 'dynamodb:GetItem', tableArn)).rejects.toThrow(
      'Test/G',
    );
  });
});
