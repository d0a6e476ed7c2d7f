import { gatewayResponseTypes } from './failures.ts';
import type { Exchange } from './exchange.ts';

/** Value of one `$context` variable; undefined when this request has none. */
export type Variable = (exchange: Exchange) => string | number | undefined;

const errorMessage: Variable = ({ failure }) => {
  if (!failure) return undefined;
  const message =
    failure.message === undefined ? gatewayResponseTypes[failure.type].message : failure.message;
  return message ?? undefined;
};

/** Already a JSON string, quotes included: "the quoted value of $context.error.message". */
export const errorMessageString: Variable = (exchange) =>
  exchange.failure && JSON.stringify(errorMessage(exchange) ?? null);

const never: Variable = () => undefined;

const integrationLatency: Variable = ({ integration }) => integration.latencyMs;
/** "For Lambda proxy integration, the status code returned from AWS Lambda, not from the function." */
const integrationStatus: Variable = ({ integration }) => integration.status;
const integrationError: Variable = ({ integration }) => integration.error;
const authorizerLatency: Variable = ({ authorizerCall }) => authorizerCall.latencyMs;

/** "$context variables for data models, authorizers, mapping templates, and CloudWatch access logging". */
const VARIABLES: Readonly<Record<string, Variable>> = {
  accountId: ({ api }) => api.accountId,
  apiId: ({ api }) => api.apiId,
  'authenticate.error': ({ authentication }) => authentication.error,
  'authenticate.latency': ({ authentication }) => authentication.latencyMs,
  'authenticate.status': ({ authentication }) => authentication.status,
  'authorize.error': ({ authorizerCall }) => authorizerCall.error,
  'authorize.latency': authorizerLatency,
  'authorize.status': ({ authorizerCall }) => authorizerCall.status,
  'authorizer.error': ({ authorizerCall }) => authorizerCall.error,
  'authorizer.integrationLatency': authorizerLatency,
  'authorizer.integrationStatus': ({ authorizerCall }) => authorizerCall.integrationStatus,
  'authorizer.latency': authorizerLatency,
  'authorizer.principalId': ({ grant }) => grant?.principalId,
  'authorizer.requestId': never,
  'authorizer.status': ({ authorizerCall }) => authorizerCall.status,
  awsEndpointRequestId: never,
  'customDomain.basePathMatched': () => '(none)',
  deploymentId: ({ api }) => api.deploymentId,
  domainName: (exchange) => exchange.domainName,
  domainPrefix: (exchange) => exchange.domainName.split('.', 1)[0],
  'error.message': errorMessage,
  'error.messageString': errorMessageString,
  'error.responseType': ({ failure }) => failure?.type,
  'error.validationErrorString': never,
  extendedRequestId: (exchange) => exchange.extendedRequestId,
  httpMethod: ({ httpMethod }) => httpMethod,
  'identity.accessKey': ({ iam }) => iam?.accessKey,
  'identity.accountId': ({ iam }) => iam?.accountId,
  'identity.apiKey': ({ apiKey }) => apiKey,
  'identity.apiKeyId': ({ apiKeyId }) => apiKeyId,
  'identity.caller': ({ iam }) => iam?.caller,
  'identity.cognitoAuthenticationProvider': never,
  'identity.cognitoAuthenticationType': never,
  'identity.cognitoIdentityId': never,
  'identity.cognitoIdentityPoolId': never,
  'identity.principalOrgId': ({ iam }) => iam?.principalOrgId,
  'identity.sourceIp': (exchange) => exchange.sourceIp,
  'identity.user': ({ iam }) => iam?.user,
  'identity.userAgent': (exchange) => exchange.header('user-agent'),
  'identity.userArn': ({ iam }) => iam?.userArn,
  'integration.error': integrationError,
  'integration.integrationStatus': integrationStatus,
  'integration.latency': integrationLatency,
  'integration.requestId': never,
  'integration.responseTransferMode': ({ integration }) => integration.transferMode,
  'integration.status': ({ integration }) => integration.functionStatus,
  'integration.timeToAllHeaders': ({ integration }) => integration.timeToAllHeadersMs,
  'integration.timeToFirstContent': ({ integration }) => integration.timeToFirstContentMs,
  integrationErrorMessage: integrationError,
  integrationLatency,
  integrationStatus,
  path: ({ path }) => path,
  protocol: (exchange) => exchange.protocol,
  requestId: ({ requestId }) => requestId,
  requestTime: (exchange) => exchange.requestTime,
  requestTimeEpoch: ({ receivedAt }) => receivedAt,
  resourceId: ({ method }) => method?.resourceId,
  resourcePath: ({ method }) => method?.resourcePath,
  responseLatency: (exchange) => exchange.elapsedMs(),
  responseLength: ({ responseBytes }) => responseBytes,
  stage: ({ api }) => api.stage,
  status: ({ status }) => status,
  'waf.error': ({ waf }) => waf.error,
  'waf.latency': ({ waf }) => waf.latencyMs,
  'waf.status': ({ waf }) => waf.status,
  wafResponseCode: ({ wafVerdict }) => wafVerdict,
  webaclArn: ({ wafArn }) => wafArn,
  xrayTraceId: (exchange) => exchange.traceId.slice('Root='.length),
};

const AUTHORIZER_KEY = /^authorizer\.([\w-]+)$/;

/**
 * The variable of a name, without its `$context.`.
 * @throws Error for a variable that the twin does not know.
 */
export const contextVariable = (name: string): Variable => {
  if (Object.hasOwn(VARIABLES, name)) return VARIABLES[name] ?? never;
  const [, key] = AUTHORIZER_KEY.exec(name) ?? [];
  if (key === undefined) throw new Error(`The twin does not know the variable $context.${name}.`);
  return ({ grant }) => grant?.context[key];
};
