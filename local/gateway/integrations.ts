import type {
  LambdaIntegration,
  Method,
  MockIntegration,
  MockResponse,
  TenantSource,
} from './model.ts';
import type { IntegrationProperties, MethodProperties } from './rest-api-schema.ts';

const LAMBDA_URI =
  /^arn:aws[\w-]*:apigateway:[^:]+:lambda:path\/(2015-03-31|2021-11-15)\/functions\/(.+)\/(invocations|response-streaming-invocations)$/;

/** "Integration timeout": 29 seconds unless the template says otherwise; a stream may take up to 15 minutes. */
const DEFAULT_TIMEOUT_MS = 29_000;
const MAX_STREAM_TIMEOUT_MS = 900_000;

/**
 * The function behind a Lambda integration or authorizer URI.
 * @throws Error naming `displayName` when the URI is none.
 */
export const lambdaOfUri = (
  displayName: string,
  uri: string | undefined,
): { readonly functionArn: string; readonly streams: boolean } => {
  const [, , functionArn, action] = LAMBDA_URI.exec(uri ?? '') ?? [];
  if (functionArn === undefined) {
    throw new Error(`${displayName}: the twin does not implement the integration URI ${uri}.`);
  }
  return { functionArn, streams: action === 'response-streaming-invocations' };
};

const TENANT_HEADER = 'integration.request.header.X-Amz-Tenant-Id';

/** @throws Error naming `displayName` when the mapping is another than that of a tenant. */
const readTenantSource = (
  displayName: string,
  parameters: Readonly<Record<string, unknown>>,
): TenantSource | undefined => {
  const { [TENANT_HEADER]: source, ...others } = parameters;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    throw new Error(
      `${displayName}: the twin does not implement the integration parameter ${unknown}.`,
    );
  }
  if (source === undefined) return undefined;
  if (source === 'context.identity.userArn') return { kind: 'userArn' };
  const key =
    typeof source === 'string' ? /^context\.authorizer\.(\w+)$/.exec(source)?.[1] : undefined;
  if (key !== undefined) return { kind: 'authorizer', key };
  throw new Error(
    `${displayName}: the twin does not map ${JSON.stringify(source)} to ${TENANT_HEADER}.`,
  );
};

const readLambda = (displayName: string, integration: IntegrationProperties): LambdaIntegration => {
  const { functionArn, streams } = lambdaOfUri(displayName, integration.Uri);
  const transferMode = integration.ResponseTransferMode ?? 'BUFFERED';
  if ((transferMode === 'STREAM') !== streams) {
    throw new Error(
      `${displayName}: ResponseTransferMode ${transferMode} does not go with the integration URI ${integration.Uri}.`,
    );
  }
  const tenantFrom = readTenantSource(displayName, integration.RequestParameters);
  const timeoutMs = integration.TimeoutInMillis ?? DEFAULT_TIMEOUT_MS;
  if (streams && timeoutMs > MAX_STREAM_TIMEOUT_MS) {
    throw new Error(`${displayName}: a stream lasts at most ${MAX_STREAM_TIMEOUT_MS} ms.`);
  }
  return {
    kind: 'lambda',
    functionArn,
    transferMode,
    timeoutMs,
    ...(tenantFrom === undefined ? {} : { tenantFrom }),
  };
};

/** A request template of a mock is VTL; the twin reads those that are plain JSON once `$context.x` is filled in. */
const mockStatus = (displayName: string, template: string): number => {
  try {
    const value: unknown = JSON.parse(template.replace(/\$context(\.\w+)+/g, '0'));
    const status = value instanceof Object && 'statusCode' in value ? value.statusCode : undefined;
    if (typeof status === 'number' && Number.isInteger(status)) return status;
  } catch {
    // Not JSON: named below, like JSON without a status.
  }
  throw new Error(
    `${displayName}: the twin does not implement the mock request template ${template} ({"statusCode": N} only).`,
  );
};

const RESPONSE_HEADER = /^method\.response\.header\.(.+)$/;

const readMockResponse = (
  displayName: string,
  response: IntegrationProperties['IntegrationResponses'][number],
  declared: MethodProperties['MethodResponses'],
): MockResponse => {
  const methodResponse = declared.find((item) => item.StatusCode === response.StatusCode);
  if (!methodResponse) {
    throw new Error(
      `${displayName}: integration response ${response.StatusCode} has no method response of that status.`,
    );
  }
  const headers: Record<string, string> = {};
  for (const [target, source] of Object.entries(response.ResponseParameters)) {
    const [, header] = RESPONSE_HEADER.exec(target) ?? [];
    if (header === undefined || !(target in methodResponse.ResponseParameters)) {
      throw new Error(
        `${displayName}: ${target} is not declared in the method response ${response.StatusCode}.`,
      );
    }
    headers[header] = source;
  }
  return {
    statusCode: Number(response.StatusCode),
    headers,
    templates: response.ResponseTemplates,
    ...(response.SelectionPattern !== undefined &&
      response.SelectionPattern !== '' && {
        selects: new RegExp(`^(?:${response.SelectionPattern})$`),
      }),
  };
};

const readMock = (displayName: string, method: MethodProperties): MockIntegration => {
  const integration = method.Integration;
  return {
    kind: 'mock',
    passthrough: integration?.PassthroughBehavior ?? 'WHEN_NO_MATCH',
    statusByContentType: new Map(
      Object.entries(integration?.RequestTemplates ?? {}).map(([type, template]) => [
        type.toLowerCase(),
        mockStatus(displayName, template),
      ]),
    ),
    responses: (integration?.IntegrationResponses ?? []).map((response) =>
      readMockResponse(displayName, response, method.MethodResponses),
    ),
  };
};

/** @throws Error naming the method and the integration that the twin does not implement. */
export const readIntegration = (
  displayName: string,
  method: MethodProperties,
): Method['integration'] => {
  switch (method.Integration?.Type) {
    case 'AWS_PROXY':
      return readLambda(displayName, method.Integration);
    case 'MOCK':
      return readMock(displayName, method);
    default:
      throw new Error(
        `${displayName}: the twin does not implement the integration type ${method.Integration?.Type}.`,
      );
  }
};
