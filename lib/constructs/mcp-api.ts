import { Duration, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import {
  ApiKeySourceType,
  AuthorizationType,
  EndpointType,
  type EndpointConfiguration,
  IdentitySource,
  LambdaIntegration,
  LogGroupLogDestination,
  MethodLoggingLevel,
  RequestAuthorizer,
  ResponseTransferMode,
  RestApi,
  type Method,
} from 'aws-cdk-lib/aws-apigateway';
import { InterfaceVpcEndpoint } from 'aws-cdk-lib/aws-ec2';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { DrawbridgeConfig } from '../config.ts';
import { accessLogFormat } from './access-log-format.ts';
import type { BundledFunction } from './bundled-function.ts';
import { CustomDomain } from './custom-domain.ts';
import { EdgeDistribution, type EdgeMark } from './edge-distribution.ts';
import { ExecutionLog } from './execution-log.ts';
import { addGatewayResponses, errorTemplate } from './gateway-responses.ts';
import { methodThrottles } from './method-throttles.ts';
import { addMockRoute } from './mock-route.ts';
import { onlyByEndpoints } from './private-policy.ts';

/** The stage that everything is deployed to. A custom domain hides its name. */
export const stageName = 'live';

/** By it CloudWatch tells the API's metrics. */
export const apiNameOf = (envName: string): string => `drawbridge-${envName}`;

export interface McpApiProps {
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly authorizer: BundledFunction;
  /** What serves: the alias that deployments move. */
  readonly mcp: IFunction;
  readonly logRemovalPolicy: RemovalPolicy;
}

const methodNotAllowed = {
  statusCode: '405',
  headers: { Allow: 'POST', 'Cache-Control': 'no-store' },
  body: errorTemplate('METHOD_NOT_ALLOWED', 'Method not allowed: MCP is served by POST'),
};

/** The public HTTP surface (content/http-api.md). Every route is in this file, with who may call it. */
export class McpApi extends Construct {
  readonly api: RestApi;
  /** Where clients reach the API, without a slash at its end. */
  readonly publicUrl: string;
  /** Set where the API has a name of the operator's. */
  readonly domain: CustomDomain | undefined;
  /** Where the API is reached past CloudFront: its domain, or the address of its stage. */
  readonly directUrl: string;
  /** The address of the stage, whether or not it answers there. */
  readonly stageUrl: string;
  /** What tells requests that come by CloudFront; undefined where it is off. */
  readonly edgeMark: EdgeMark | undefined;
  readonly accessLogs: LogGroup;
  /** Routes that anybody may call. */
  readonly openRoutes: readonly Method[];
  /** Routes behind the authorizer and a usage plan. */
  readonly keyedRoutes: readonly Method[];
  /** The route of jobs that sign with an IAM role (SigV4). API Gateway gives IAM callers no usage plan. */
  readonly signedRoute: Method;

  constructor(scope: Construct, id: string, props: McpApiProps) {
    super(scope, id);
    const { config, envName } = props;
    this.accessLogs = new LogGroup(this, 'AccessLogs', {
      retention: config.logs.accessRetentionDays as RetentionDays,
      removalPolicy: props.logRemovalPolicy,
    });
    const common = {
      metricsEnabled: true,
      loggingLevel: MethodLoggingLevel.ERROR,
      // Would log bodies and bearer tokens.
      dataTraceEnabled: false,
    };
    this.api = new RestApi(this, 'Api', {
      restApiName: apiNameOf(envName),
      description: `Drawbridge ${envName}: MCP servers behind keys and plans`,
      endpointConfiguration: this.#endpoint(config),
      ...(config.private === undefined
        ? {}
        : { policy: onlyByEndpoints(config.private.vpcEndpointIds) }),
      // At its own address the API would be reached past the domain: without its TLS policy, and without mTLS.
      disableExecuteApiEndpoint: config.domain !== undefined,
      apiKeySourceType: ApiKeySourceType.AUTHORIZER,
      cloudWatchRole: config.manageApiGatewayAccount,
      deployOptions: {
        stageName,
        throttlingRateLimit: config.throttle.rateLimit,
        throttlingBurstLimit: config.throttle.burstLimit,
        ...common,
        methodOptions: methodThrottles(config, common),
        accessLogDestination: new LogGroupLogDestination(this.accessLogs),
        accessLogFormat: accessLogFormat(envName),
      },
    });
    new ExecutionLog(this, 'ExecutionLog', {
      api: this.api,
      stageName,
      retention: config.logs.accessRetentionDays,
      removalPolicy: props.logRemovalPolicy,
    });
    const host = `${this.api.restApiId}.execute-api.${Stack.of(this).region}.amazonaws.com`;
    const { domain } = config;
    this.stageUrl = `https://${host}/${stageName}`;
    this.directUrl = domain === undefined ? this.stageUrl : `https://${domain.name}`;
    this.domain =
      domain === undefined
        ? undefined
        : new CustomDomain(this, 'Domain', { api: this.api, domain });
    const edge = config.cloudFront.enabled
      ? new EdgeDistribution(this, 'Edge', {
          envName,
          priceClass: config.cloudFront.priceClass,
          originHost: host,
          stageName,
          timeoutSeconds: config.mcp.timeoutSeconds,
        })
      : undefined;
    this.edgeMark = edge?.mark;
    this.publicUrl = config.publicUrl ?? edge?.url ?? this.directUrl;
    addGatewayResponses(this.api, {
      resourceMetadataUrl:
        config.identity.provider === 'none'
          ? undefined
          : `${this.publicUrl}/.well-known/oauth-protected-resource/mcp`,
    });

    const keyed = {
      authorizationType: AuthorizationType.CUSTOM,
      authorizer: new RequestAuthorizer(this, 'Authorizer', {
        handler: props.authorizer.function,
        identitySources: [IdentitySource.header('Authorization')],
        resultsCacheTtl: Duration.seconds(config.authorizer.cacheSeconds),
      }),
      apiKeyRequired: true,
    };
    const served = this.#integration(props, 'context.authorizer.tenant');
    const mcp = this.api.root.addResource('mcp');
    const tools = this.api.root.addResource('tools');
    this.keyedRoutes = [
      mcp.addMethod('POST', served, keyed),
      tools.addMethod('GET', served, keyed),
      tools.addResource('{name}').addMethod('POST', served, keyed),
      this.api.root.addResource('openapi.json').addMethod('GET', served, keyed),
      this.api.root.addResource('servers').addMethod('GET', served, keyed),
      this.api.root.addResource('me').addMethod('GET', served, keyed),
    ];
    const ci = this.api.root.addResource('ci').addResource('mcp');
    // API Gateway does not know the tenant of a signed caller: each caller is apart.
    this.signedRoute = ci.addMethod('POST', this.#integration(props, 'context.identity.userArn'), {
      authorizationType: AuthorizationType.IAM,
    });
    this.openRoutes = [
      ...[mcp, ci].flatMap((resource) => [
        addMockRoute(resource, 'GET', methodNotAllowed),
        addMockRoute(resource, 'DELETE', methodNotAllowed),
      ]),
      addMockRoute(this.api.root.addResource('health'), 'GET', {
        statusCode: '200',
        headers: { 'Cache-Control': 'no-store' },
        body: JSON.stringify({ status: 'healthy', service: 'drawbridge', env: envName }),
      }),
    ];
  }

  #endpoint({ private: by }: DrawbridgeConfig): EndpointConfiguration {
    if (by === undefined) return { types: [EndpointType.REGIONAL] };
    return {
      types: [EndpointType.PRIVATE],
      vpcEndpoints: by.vpcEndpointIds.map((vpcEndpointId) =>
        InterfaceVpcEndpoint.fromInterfaceVpcEndpointAttributes(this, vpcEndpointId, {
          vpcEndpointId,
          port: 443,
        }),
      ),
    };
  }

  /** @param tenant - where API Gateway finds whom an execution environment is for, where each has its own. */
  #integration({ config, mcp }: McpApiProps, tenant: string): LambdaIntegration {
    return new LambdaIntegration(mcp, {
      responseTransferMode: ResponseTransferMode.STREAM,
      timeout: Duration.seconds(config.mcp.timeoutSeconds),
      allowTestInvoke: false,
      ...(config.mcp.isolation === 'perTenant'
        ? { requestParameters: { 'integration.request.header.X-Amz-Tenant-Id': tenant } }
        : {}),
    });
  }
}
