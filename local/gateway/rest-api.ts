import type { DeployedResource, Deployment } from '../template/deployment.ts';
import { readMethods } from './methods.ts';
import type { ApiIdentity, Method } from './model.ts';
import {
  gatewayResponseProperties,
  restApiProperties,
  stageProperties,
  type GatewayResponseProperties,
  type StageProperties,
} from './rest-api-schema.ts';

/** A deployed REST API, read from the template once and refused by name where the twin cannot run it. */
export interface RestApi extends ApiIdentity {
  readonly displayName: string;
  readonly apiKeySource: 'HEADER' | 'AUTHORIZER';
  readonly binaryMediaTypes: readonly string[];
  readonly deploymentId: string | undefined;
  readonly stageVariables: Readonly<Record<string, string>>;
  readonly accessLog: { readonly logGroupName: string; readonly format: string } | undefined;
  readonly methods: readonly Method[];
  readonly gatewayResponses: readonly GatewayResponseProperties[];
}

const refuse = (resource: DeployedResource, what: string): never => {
  throw new Error(`${resource.displayName}: the twin does not implement ${what}.`);
};

const onlyOne = (deployment: Deployment, type: string): DeployedResource => {
  const [first, second] = deployment.ofType(type);
  if (!first) throw new Error(`The template has no ${type}, so there is nothing to serve.`);
  if (second) refuse(second, `a second ${type} (the first is ${first.displayName})`);
  return first;
};

const readStage = (resource: DeployedResource): StageProperties => {
  const stage = stageProperties.parse(resource.properties);
  if (stage.CacheClusterEnabled || stage.MethodSettings.some((item) => item.CachingEnabled)) {
    refuse(resource, 'the response cache of a stage');
  }
  if (stage.CanarySetting !== undefined) refuse(resource, 'canary releases (CanarySetting)');
  return stage;
};

const LOG_GROUP_ARN = /^arn:aws[\w-]*:logs:[^:]*:[^:]*:log-group:([^:]+)(:\*)?$/;

const readAccessLog = (
  resource: DeployedResource,
  stage: StageProperties,
): RestApi['accessLog'] => {
  const { DestinationArn, Format } = stage.AccessLogSetting ?? {};
  if (DestinationArn === undefined || Format === undefined) return undefined;
  const [, logGroupName] = LOG_GROUP_ARN.exec(DestinationArn) ?? [];
  if (logGroupName === undefined) {
    return refuse(resource, `an access log destination that is no log group (${DestinationArn})`);
  }
  return { logGroupName, format: Format };
};

const readApi = (resource: DeployedResource): ReturnType<typeof restApiProperties.parse> => {
  const api = restApiProperties.parse(resource.properties);
  const types = api.EndpointConfiguration?.Types ?? ['EDGE'];
  if (types.length !== 1 || types[0] !== 'REGIONAL') {
    refuse(resource, `the endpoint type ${types.join(', ')} (REGIONAL only)`);
  }
  if (api.Body !== undefined || api.BodyS3Location !== undefined) {
    refuse(resource, 'an API defined by an OpenAPI Body');
  }
  if (api.Policy !== undefined) refuse(resource, 'resource policies (Policy)');
  if (api.MinimumCompressionSize !== undefined) refuse(resource, 'MinimumCompressionSize');
  return api;
};

/**
 * The template's REST API and its stage.
 * @throws Error naming the resource and the feature that the twin does not implement.
 */
export const readRestApi = (deployment: Deployment): RestApi => {
  const resource = onlyOne(deployment, 'AWS::ApiGateway::RestApi');
  const stageResource = onlyOne(deployment, 'AWS::ApiGateway::Stage');
  const api = readApi(resource);
  const stage = readStage(stageResource);
  const identity: ApiIdentity = {
    accountId: deployment.accountId,
    region: deployment.region,
    apiId: resource.physicalId,
    stage: stage.StageName,
  };
  return {
    ...identity,
    displayName: resource.displayName,
    apiKeySource: api.ApiKeySourceType,
    binaryMediaTypes: api.BinaryMediaTypes,
    deploymentId: stage.DeploymentId,
    stageVariables: stage.Variables,
    accessLog: readAccessLog(stageResource, stage),
    methods: readMethods(deployment, stage),
    gatewayResponses: deployment
      .ofType('AWS::ApiGateway::GatewayResponse')
      .map((response) => gatewayResponseProperties.parse(response.properties)),
  };
};
