import { Readable } from 'node:stream';
import { startGateway, type Gateway, type GatewayOptions } from '../../../local/gateway/gateway.ts';
import type {
  FunctionService,
  InvokeOptions,
  InvokeResult,
  StreamedInvokeResult,
} from '../../../local/lambda/function-service.ts';
import type { DeployedResource, Deployment } from '../../../local/template/deployment.ts';
import type { UsageMeter } from '../../../local/usage/api-key-service.ts';

export const FUNCTION = 'arn:aws:lambda:us-east-1:111122223333:function:mcp';
export const AUTHORIZER = 'arn:aws:lambda:us-east-1:111122223333:function:authorizer';

export const buffered = (arn: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${arn}/invocations`;
export const streaming = (arn: string): string =>
  `arn:aws:apigateway:us-east-1:lambda:path/2021-11-15/functions/${arn}/response-streaming-invocations`;

export const resource = (
  type: string,
  physicalId: string,
  properties: Readonly<Record<string, unknown>>,
  arn = `arn:aws:fake:${physicalId}`,
): DeployedResource => ({
  stack: 'Gateway',
  logicalId: physicalId,
  displayName: `Gateway/${physicalId}`,
  type: `AWS::${type}`,
  physicalId,
  arn,
  properties,
});

export const deploymentOf = (resources: readonly DeployedResource[]): Deployment => ({
  accountId: '111122223333',
  region: 'us-east-1',
  resources,
  ofType: (type) => resources.filter((item) => item.type === type),
  byPhysicalId: (type, physicalId) => {
    const found = resources.find((item) => item.type === type && item.physicalId === physicalId);
    if (!found) throw new Error(`no ${type} ${physicalId}`);
    return found;
  },
  assetDirectory: (key) => {
    throw new Error(`no asset ${key}`);
  },
});

export const restApi = (properties: Readonly<Record<string, unknown>> = {}): DeployedResource =>
  resource('ApiGateway::RestApi', 'api1', {
    EndpointConfiguration: { Types: ['REGIONAL'] },
    ApiKeySourceType: 'AUTHORIZER',
    ...properties,
  });

export const stage = (properties: Readonly<Record<string, unknown>> = {}): DeployedResource =>
  resource('ApiGateway::Stage', 'prod', { StageName: 'prod', RestApiId: 'api1', ...properties });

export const path = (id: string, part: string, parent = 'root'): DeployedResource =>
  resource('ApiGateway::Resource', id, { PathPart: part, ParentId: parent, RestApiId: 'api1' });

export const method = (
  httpMethod: string,
  resourceId: string,
  properties: Readonly<Record<string, unknown>> = {},
): DeployedResource =>
  resource('ApiGateway::Method', `${httpMethod}-${resourceId}`, {
    HttpMethod: httpMethod,
    ResourceId: resourceId,
    RestApiId: 'api1',
    AuthorizationType: 'NONE',
    Integration: { Type: 'AWS_PROXY', Uri: buffered(FUNCTION) },
    ...properties,
  });

export const authorizer = (properties: Readonly<Record<string, unknown>> = {}): DeployedResource =>
  resource('ApiGateway::Authorizer', 'auth1', {
    RestApiId: 'api1',
    Type: 'REQUEST',
    AuthorizerUri: buffered(AUTHORIZER),
    AuthorizerResultTtlInSeconds: 300,
    IdentitySource: 'method.request.header.Authorization',
    ...properties,
  });

export const CUSTOM = { AuthorizationType: 'CUSTOM', AuthorizerId: 'auth1' };

export const gatewayResponse = (
  type: string,
  properties: Readonly<Record<string, unknown>>,
): DeployedResource =>
  resource('ApiGateway::GatewayResponse', `response-${type}`, {
    RestApiId: 'api1',
    ResponseType: type,
    ...properties,
  });

export const json = (value: unknown): InvokeResult => ({
  kind: 'payload',
  payload: Buffer.from(JSON.stringify(value)),
});

export const functionError = (errorType: string, errorMessage: string): InvokeResult => ({
  kind: 'function-error',
  errorType,
  errorMessage,
  payload: Buffer.from(JSON.stringify({ errorType, errorMessage })),
});

export const streamOf = (metadata: unknown, ...chunks: (string | Buffer)[]): Readable =>
  Readable.from([
    Buffer.concat([Buffer.from(JSON.stringify(metadata)), Buffer.alloc(8)]),
    ...chunks.map((chunk) => Buffer.from(chunk)),
  ]);

export const streamed = (body: Readable): StreamedInvokeResult => ({
  kind: 'stream',
  contentType: 'application/vnd.awslambda.http-integration-response',
  body,
});

export const allow = (overrides: Readonly<Record<string, unknown>> = {}): InvokeResult =>
  json({
    principalId: 'user-1',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Action: 'execute-api:Invoke',
          Effect: 'Allow',
          Resource: 'arn:aws:execute-api:us-east-1:111122223333:api1/prod/*',
        },
      ],
    },
    ...overrides,
  });

/** An event as the fake functions see it. */
export interface SeenEvent {
  readonly [key: string]: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
  readonly requestContext: Readonly<Record<string, unknown>>;
}

type Answer<T> = (event: SeenEvent, payload: Buffer) => T | Promise<T>;

/** Functions in memory: each ARN has one answer, and every call is kept. */
export class FakeFunctions implements FunctionService {
  readonly calls: { readonly arn: string; readonly event: SeenEvent }[] = [];
  readonly traceIds: (string | undefined)[] = [];
  readonly tenantIds: (string | undefined)[] = [];
  readonly #answers: Readonly<Record<string, Answer<InvokeResult | StreamedInvokeResult>>>;

  constructor(answers: Readonly<Record<string, Answer<InvokeResult | StreamedInvokeResult>>>) {
    this.#answers = answers;
  }

  async invoke(arn: string, payload: Buffer, options?: InvokeOptions): Promise<InvokeResult> {
    return (await this.#call(arn, payload, options)) as InvokeResult;
  }

  async invokeWithResponseStream(
    arn: string,
    payload: Buffer,
    options?: InvokeOptions,
  ): Promise<StreamedInvokeResult> {
    return (await this.#call(arn, payload, options)) as StreamedInvokeResult;
  }

  callsOf(arn: string): SeenEvent[] {
    return this.calls.filter((call) => call.arn === arn).map((call) => call.event);
  }

  async #call(
    arn: string,
    payload: Buffer,
    options: InvokeOptions | undefined,
  ): Promise<InvokeResult | StreamedInvokeResult> {
    const event = JSON.parse(payload.toString()) as SeenEvent;
    this.calls.push({ arn, event });
    this.traceIds.push(options?.traceId);
    this.tenantIds.push(options?.tenantId);
    const answer = this.#answers[arn];
    if (!answer) throw new Error(`no function ${arn}`);
    return answer(event, payload);
  }
}

export const echo: Answer<InvokeResult> = () => json({ statusCode: 200, body: 'ok' });

export const noUsage: UsageMeter = { admit: () => ({ kind: 'invalid-key' }) };

export interface Running extends Gateway {
  readonly functions: FakeFunctions;
  readonly lines: string[];
  readonly execution: string[];
  /** Log group and line. */
  readonly wafLines: (readonly [string, string])[];
}

export type StartOptions = Partial<Omit<GatewayOptions, 'deployment' | 'functions'>>;

const running: Gateway[] = [];

/** Starts a gateway on a free port; `stopGateways` stops all of them. */
export const start = async (
  resources: readonly DeployedResource[],
  functions: FakeFunctions = new FakeFunctions({ [FUNCTION]: echo }),
  options: StartOptions = {},
): Promise<Running> => {
  const lines: string[] = [];
  const execution: string[] = [];
  const wafLines: (readonly [string, string])[] = [];
  const gateway = await startGateway({
    deployment: deploymentOf(resources),
    functions,
    usage: noUsage,
    port: 0,
    accessLog: (_, line) => lines.push(line),
    wafLog: (group, line) => wafLines.push([group, line]),
    executionLog: (line) => execution.push(line),
    ...options,
  });
  running.push(gateway);
  return { ...gateway, functions, lines, execution, wafLines };
};

export const stopGateways = async (): Promise<void> => {
  await Promise.all(running.splice(0).map((gateway) => gateway.close()));
};

/** Waits until `check` gives something. */
export const eventually = async <T>(check: () => T | undefined): Promise<T> => {
  for (const end = performance.now() + 15_000; performance.now() < end;) {
    const value = check();
    if (value !== undefined && value !== false) return value;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error('it never happened');
};
