import type { InvokeFunction } from '../aws/invoke-function.ts';
import { handshakeTenant, toAuthorizerContext, type Principal } from '../principals/principal.ts';
import type { McpRequest, SendMcp } from './mcp-requests.ts';
import { readStreamedAnswer } from './streamed-answer.ts';

export interface InvokedServerOptions {
  readonly invoke: InvokeFunction;
  /** With its version. */
  readonly functionArn: string;
  readonly plan: string;
  /** Whether execution environments serve one tenant only. */
  readonly perTenant: boolean;
  readonly newRequestId: () => string;
  /** Ends whatever is under way. */
  readonly signal: AbortSignal;
}

const principalOn = (plan: string): Principal => ({
  tenant: handshakeTenant,
  subject: 'key:handshake',
  role: 'readonly',
  lane: 'key',
  plan,
});

/** What API Gateway hands to the function (AWS: "Input format of a Lambda function for proxy integration"). */
const proxyEventOf = ({ headers, body }: McpRequest, plan: string, requestId: string) => ({
  resource: '/mcp',
  path: '/mcp',
  httpMethod: 'POST',
  headers,
  multiValueHeaders: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value]]),
  ),
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: null,
  stageVariables: null,
  requestContext: {
    resourcePath: '/mcp',
    httpMethod: 'POST',
    path: '/mcp',
    protocol: 'HTTP/1.1',
    requestId,
    identity: { sourceIp: '127.0.0.1' },
    authorizer: toAuthorizerContext(principalOn(plan)),
  },
  body,
  isBase64Encoded: false,
});

/** A server that is reached past API Gateway: one version of the MCP function, before anybody else reaches it. */
export const invokedServer =
  ({ invoke, functionArn, plan, perTenant, newRequestId, signal }: InvokedServerOptions): SendMcp =>
  async (request) =>
    readStreamedAnswer(
      invoke({
        functionName: functionArn,
        ...(perTenant ? { tenantId: handshakeTenant } : {}),
        payload: JSON.stringify(proxyEventOf(request, plan, newRequestId())),
        signal,
      }),
    );
