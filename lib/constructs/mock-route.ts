import {
  AuthorizationType,
  MockIntegration,
  PassthroughBehavior,
  type IResource,
} from 'aws-cdk-lib/aws-apigateway';
import type { Method } from 'aws-cdk-lib/aws-apigateway';

export interface MockAnswer {
  readonly statusCode: string;
  /** None for an answer without content, such as a 204. */
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A route that API Gateway answers by itself, open to everyone: no function runs, nothing is paid but the request. */
export const addMockRoute = (
  resource: IResource,
  method: string,
  { statusCode, body, headers = {} }: MockAnswer,
): Method => {
  const named = Object.entries(headers).map(
    ([name, value]) => [`method.response.header.${name}`, `'${value}'`] as const,
  );
  return resource.addMethod(
    method,
    new MockIntegration({
      requestTemplates: { 'application/json': JSON.stringify({ statusCode: Number(statusCode) }) },
      passthroughBehavior: PassthroughBehavior.NEVER,
      integrationResponses: [
        {
          statusCode,
          responseParameters: Object.fromEntries(named),
          ...(body === undefined ? {} : { responseTemplates: { 'application/json': body } }),
        },
      ],
    }),
    {
      authorizationType: AuthorizationType.NONE,
      methodResponses: [
        {
          statusCode,
          responseParameters: Object.fromEntries(named.map(([name]) => [name, true])),
        },
      ],
    },
  );
};
