import { App, Stack } from 'aws-cdk-lib';
import { AuthorizationType, MockIntegration, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { CiRole, type CiRoleProps } from '../../lib/constructs/ci-role.ts';

const job = { repository: 'acme/shop', environment: 'production' };

const synthesized = (github: CiRoleProps['github'] = job): Template => {
  const stack = new Stack(new App(), 'Test', {
    env: { account: '123456789012', region: 'us-east-1' },
  });
  const api = new RestApi(stack, 'Api', { deployOptions: { stageName: 'live' } });
  api.root.addMethod('GET', new MockIntegration());
  const route = api.root
    .addResource('ci')
    .addResource('mcp')
    .addMethod('POST', new MockIntegration(), { authorizationType: AuthorizationType.IAM });
  new CiRole(stack, 'CiRole', { github, route });
  return Template.fromStack(stack);
};

interface PolicyDocument {
  readonly Statement: readonly Record<string, unknown>[];
}

const only = (template: Template, type: string): Record<string, unknown> => {
  const found = Object.values(template.findResources(type)) as Record<string, unknown>[];
  expect(found).toHaveLength(1);
  return found[0]?.['Properties'] as Record<string, unknown>;
};

const trustOf = (template: Template) => {
  const roles = Object.entries(template.findResources('AWS::IAM::Role'));
  const [, role] = roles.find(([id]) => id.startsWith('CiRole')) ?? [];
  const { AssumeRolePolicyDocument } = (role as { Properties: Record<string, unknown> }).Properties;
  return (AssumeRolePolicyDocument as PolicyDocument).Statement;
};

describe('the role of CI jobs', () => {
  it('trusts GitHub’s tokens of exactly one environment of one repository', () => {
    const [trust, ...others] = trustOf(synthesized());
    expect(others).toEqual([]);
    expect(trust).toMatchObject({
      Effect: 'Allow',
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: {
        StringEquals: {
          'token.actions.githubusercontent.com:aud': 'sts.amazonaws.com',
          'token.actions.githubusercontent.com:sub': 'repo:acme/shop:environment:production',
        },
      },
    });
  });

  it('may invoke one route of one stage, and nothing else', () => {
    const template = synthesized();
    const { PolicyDocument } = only(template, 'AWS::IAM::Policy') as {
      PolicyDocument: PolicyDocument;
    };
    const [api] = Object.keys(template.findResources('AWS::ApiGateway::RestApi'));
    const [stage] = Object.keys(template.findResources('AWS::ApiGateway::Stage'));
    expect(PolicyDocument.Statement).toEqual([
      {
        Effect: 'Allow',
        Action: 'execute-api:Invoke',
        Resource: {
          'Fn::Join': [
            '',
            [
              'arn:',
              { Ref: 'AWS::Partition' },
              ':execute-api:us-east-1:123456789012:',
              { Ref: api },
              '/',
              { Ref: stage },
              '/POST/ci/mcp',
            ],
          ],
        },
      },
    ]);
  });

  it('makes GitHub’s provider without a function', () => {
    const template = synthesized();
    expect(only(template, 'AWS::IAM::OIDCProvider')).toMatchObject({
      Url: 'https://token.actions.githubusercontent.com',
      ClientIdList: ['sts.amazonaws.com'],
    });
    template.resourceCountIs('AWS::Lambda::Function', 0);
  });

  it('uses the provider that the account has', () => {
    const providerArn =
      'arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com';
    const template = synthesized({ ...job, providerArn });
    template.resourceCountIs('AWS::IAM::OIDCProvider', 0);
    expect(trustOf(template)[0]).toMatchObject({ Principal: { Federated: providerArn } });
  });
});
