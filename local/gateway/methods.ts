import type { DeployedResource, Deployment } from '../template/deployment.ts';
import { readAuthorizers } from './authorizers.ts';
import { readIntegration } from './integrations.ts';
import type { Authorization, Authorizer, Method } from './model.ts';
import { methodProperties, resourceProperties, type StageProperties } from './rest-api-schema.ts';

/** "/ping and /sping are reserved for the service health check" with custom domains (api-gateway-known-issues). */
const RESERVED_PATHS = new Set(['/ping', '/sping']);

/** Path of every resource id; the one parent that is no resource of the template is the root. */
const readPaths = (deployment: Deployment): ReadonlyMap<string, string> => {
  const parts = new Map(
    deployment
      .ofType('AWS::ApiGateway::Resource')
      .map((resource) => [resource.physicalId, resourceProperties.parse(resource.properties)]),
  );
  const paths = new Map<string, string>();
  const pathOf = (id: string): string => {
    const resource = parts.get(id);
    const path = resource ? `${pathOf(resource.ParentId)}/${resource.PathPart}` : '';
    paths.set(id, path === '' ? '/' : path);
    if (RESERVED_PATHS.has(path)) {
      throw new Error(`${path} is reserved by API Gateway on custom domains: rename the resource.`);
    }
    return path;
  };
  for (const id of parts.keys()) pathOf(id);
  return paths;
};

const readAuthorization = (
  resource: DeployedResource,
  type: string,
  authorizer: Authorizer | undefined,
): Authorization => {
  if (type === 'NONE') return { kind: 'none' };
  if (type === 'AWS_IAM') return { kind: 'iam' };
  if (type !== 'CUSTOM') {
    throw new Error(
      `${resource.displayName}: the twin does not implement the authorization type ${type}.`,
    );
  }
  if (!authorizer) throw new Error(`${resource.displayName}: CUSTOM needs a known AuthorizerId.`);
  return { kind: 'custom', authorizer };
};

/** A method setting's ResourcePath is a JSON pointer segment after the first slash: `/~1mcp`, or `/*` for all. */
const settingPath = (resourcePath: string): string =>
  resourcePath.replace(/^\//, '').replaceAll('~1', '/').replaceAll('~0', '~');

/**
 * The throttle of one method: the most specific setting wins, and each method has a bucket of its own ("Set
 * method-level throttling targets in a stage"). -1 turns it off.
 */
const readThrottle = (
  stage: StageProperties,
  path: string,
  httpMethod: string,
): Method['throttle'] => {
  const chosen = (
    [
      [path, httpMethod],
      [path, '*'],
      ['*', httpMethod],
      ['*', '*'],
    ] as const
  )
    .map(([wantedPath, wantedMethod]) =>
      stage.MethodSettings.find(
        (item) =>
          settingPath(item.ResourcePath) === wantedPath &&
          item.HttpMethod === wantedMethod &&
          item.ThrottlingRateLimit !== undefined &&
          item.ThrottlingBurstLimit !== undefined,
      ),
    )
    .find((item) => item !== undefined);
  const rate = chosen?.ThrottlingRateLimit ?? -1;
  const burst = chosen?.ThrottlingBurstLimit ?? -1;
  return rate < 0 || burst < 0 ? undefined : { rate, burst };
};

/**
 * Every method of the API.
 * @throws Error naming the method and what the twin does not implement.
 */
export const readMethods = (deployment: Deployment, stage: StageProperties): readonly Method[] => {
  const paths = readPaths(deployment);
  const authorizers = readAuthorizers(deployment);
  return deployment.ofType('AWS::ApiGateway::Method').map((resource) => {
    const method = methodProperties.parse(resource.properties);
    const path = paths.get(method.ResourceId) ?? '/';
    if (method.RequestValidatorId !== undefined) {
      throw new Error(`${resource.displayName}: the twin does not implement request validators.`);
    }
    return {
      displayName: resource.displayName,
      httpMethod: method.HttpMethod.toUpperCase(),
      resourceId: method.ResourceId,
      resourcePath: path,
      authorization: readAuthorization(
        resource,
        method.AuthorizationType,
        authorizers.get(method.AuthorizerId ?? ''),
      ),
      apiKeyRequired: method.ApiKeyRequired,
      integration: readIntegration(resource.displayName, method),
      throttle: readThrottle(stage, path, method.HttpMethod.toUpperCase()),
    };
  });
};
