import * as z from 'zod';
import type { DeployedResource, Deployment } from './deployment.ts';

const permission = z.object({
  Action: z.literal('lambda:InvokeFunction'),
  FunctionName: z.string(),
  Principal: z.string(),
  SourceArn: z.string().optional(),
});

const functionIn = /functions\/(arn:aws:lambda:[^/]+)\//u;

const uriOf = ({ properties }: DeployedResource): unknown =>
  properties['AuthorizerUri'] ??
  (properties['Integration'] as Record<string, unknown> | undefined)?.['Uri'];

/**
 * API Gateway may call a function only by a permission of the function's. Where one is missing AWS answers 500 at run
 * time; the twin says so before it starts.
 *
 * @throws Error that names the route or authorizer and the function.
 */
export const assertInvokePermissions = (deployment: Deployment): void => {
  const permitted = new Set(
    deployment
      .ofType('AWS::Lambda::Permission')
      .map(({ properties }) => permission.parse(properties))
      .filter(({ Principal }) => Principal === 'apigateway.amazonaws.com')
      .map(({ FunctionName }) => FunctionName),
  );
  for (const type of ['AWS::ApiGateway::Method', 'AWS::ApiGateway::Authorizer']) {
    for (const resource of deployment.ofType(type)) {
      const uri = uriOf(resource);
      const arn = typeof uri === 'string' ? functionIn.exec(uri)?.[1] : undefined;
      if (arn !== undefined && !permitted.has(arn) && !permitted.has(arn.split(':').at(-1) ?? '')) {
        throw new Error(
          `${resource.displayName} calls ${arn}, but no AWS::Lambda::Permission lets API Gateway do so.`,
        );
      }
    }
  }
};
