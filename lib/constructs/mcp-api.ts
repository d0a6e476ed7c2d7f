import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import {
  ApiKeySourceType,
  AuthorizationType,
  EndpointType,
  IdentitySource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RequestAuthorizer,
  ResponseTransferMode,
  RestApi,
  type Method,
} from 'aws-cdk-lib/aws-apigateway';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { DrawbridgeConfig } from '../config.ts';
import { accessLogFormat } from './access-log-format.ts';
import type { BundledFunction } from './bundled-function.ts';
import { addGatewayResponses, errorTemplate } from './gateway-responses.ts';
import { addMockRoute } from './mock-route.ts';

export interface McpApiProps {
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly authorizer: BundledFunction;
  readonly mcp: BundledFunction;
  readonly logRemovalPolicy: RemovalPolicy;
}

/** The stage that everything is deployed to. A custom domain hides its name. */
const stageName = 'live';

const methodNotAllowed = {
  statusCode: '405',
  headers: { Allow: 'POST', 'Cache-Control': 'no-store' },
  body: errorTemplate('METHOD_NOT_ALLOWED', 'Method not allowed: MCP is served by POST'),
};

/** The public HTTP surface (content/http-api.md). Every route is in this file, with who may call it. */
export class McpApi extends Construct {
  readonly api: RestApi;
  /** Routes that anybody may call. */
  readonly openRoutes: readonly Method[];
  /** Routes behind the authorizer and a usage plan. */
  readonly keyedRoutes: readonly Method[];

  constructor(scope: Construct, id: string, props: McpApiProps) {
    super(scope, id);
    const { config, envName } = props;
    const accessLogs = new LogGroup(this, 'AccessLogs', {
      retention: config.logs.accessRetentionDays as RetentionDays,
      removalPolicy: props.logRemovalPolicy,
    });
    this.api = new RestApi(this, 'Api', {
      restApiName: `drawbridge-${envName}`,
      description: `Drawbridge ${envName}: MCP servers behind keys and plans`,
      endpointTypes: [EndpointType.REGIONAL],
      apiKeySourceType: ApiKeySourceType.AUTHORIZER,
      cloudWatchRole: config.manageApiGatewayAccount,
      deployOptions: {
        stageName,
        throttlingRateLimit: config.throttle.rateLimit,
        throttlingBurstLimit: config.throttle.burstLimit,
        metricsEnabled: true,
        loggingLevel: MethodLoggingLevel.ERROR,
        // Would log bodies and bearer tokens.
        dataTraceEnabled: false,
        accessLogDestination: new LogGroupLogDestination(accessLogs),
        accessLogFormat,
      },
    });
    addGatewayResponses(this.api);

    const keyed = {
      authorizationType: AuthorizationType.CUSTOM,
      authorizer: new RequestAuthorizer(this, 'Authorizer', {
        handler: props.authorizer.function,
        identitySources: [IdentitySource.header('Authorization')],
        resultsCacheTtl: Duration.seconds(config.authorizer.cacheSeconds),
      }),
      apiKeyRequired: true,
    };
    const served = new LambdaIntegration(props.mcp.function, {
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: Duration.seconds(config.mcp.timeoutSeconds),
      allowTestInvoke: false,
    });
    const mcp = this.api.root.addResource('mcp');
    const tools = this.api.root.addResource('tools');
    this.keyedRoutes = [
      mcp.addMethod('POST', served, keyed),
      tools.addMethod('GET', served, keyed),
      tools.addResource('{name}').addMethod('POST', served, keyed),
      this.api.root.addResource('openapi.json').addMethod('GET', served, keyed),
    ];
    this.openRoutes = [
      addMockRoute(mcp, 'GET', methodNotAllowed),
      addMockRoute(mcp, 'DELETE', methodNotAllowed),
      addMockRoute(this.api.root.addResource('health'), 'GET', {
        statusCode: '200',
        headers: { 'Cache-Control': 'no-store' },
        body: JSON.stringify({ status: 'healthy', service: 'drawbridge', env: envName }),
      }),
    ];
  }
}
