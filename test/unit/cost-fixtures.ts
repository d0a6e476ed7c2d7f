import type { StackTemplate } from '../../src/cost/templates.ts';

type Resources = Readonly<
  Record<string, { readonly Type: string; readonly Properties?: Readonly<Record<string, unknown>> }>
>;

export const aStack = (
  Resources: Resources,
  name = 'test-Gateway',
  Outputs: StackTemplate['template']['Outputs'] = {},
): StackTemplate => ({
  name,
  region: 'us-east-1',
  template: {
    Resources: Object.fromEntries(
      Object.entries(Resources).map(([id, { Type, Properties = {} }]) => [
        id,
        { Type, Properties },
      ]),
    ),
    Outputs,
  },
});

const uriOf = (id: string) => ({
  'Fn::Join': [
    '',
    ['arn:aws:apigateway:lambda:path/', { 'Fn::GetAtt': [id, 'Arn'] }, '/invocations'],
  ],
});

/** The least that serves MCP: two functions, one route, one stage. Nothing in it is charged while it is idle. */
export const road = {
  Api: { Type: 'AWS::ApiGateway::RestApi' },
  Stage: { Type: 'AWS::ApiGateway::Stage' },
  McpResource: { Type: 'AWS::ApiGateway::Resource', Properties: { PathPart: 'mcp' } },
  McpMethod: {
    Type: 'AWS::ApiGateway::Method',
    Properties: {
      HttpMethod: 'POST',
      AuthorizationType: 'CUSTOM',
      ResourceId: { Ref: 'McpResource' },
      Integration: { Uri: uriOf('Mcp') },
    },
  },
  Gate: {
    Type: 'AWS::ApiGateway::Authorizer',
    Properties: { AuthorizerUri: uriOf('Authorizer'), AuthorizerResultTtlInSeconds: 60 },
  },
  Mcp: {
    Type: 'AWS::Lambda::Function',
    Properties: { MemorySize: 1024, Architectures: ['arm64'], Role: { Ref: 'McpRole' } },
  },
  McpRole: { Type: 'AWS::IAM::Role' },
  Authorizer: {
    Type: 'AWS::Lambda::Function',
    Properties: { MemorySize: 512, Architectures: ['arm64'], Role: { Ref: 'AuthorizerRole' } },
  },
  AuthorizerRole: { Type: 'AWS::IAM::Role' },
} satisfies Resources;

export const policy = (role: string, action: string, target: unknown) => ({
  Type: 'AWS::IAM::Policy',
  Properties: {
    Roles: [{ Ref: role }],
    PolicyDocument: { Statement: [{ Effect: 'Allow', Action: action, Resource: target }] },
  },
});
