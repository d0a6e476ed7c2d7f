import type { DeployedResource, Deployment } from '../template/deployment.ts';
import { lambdaOfUri } from './integrations.ts';
import type { Authorizer, IdentitySource } from './model.ts';
import { authorizerProperties } from './rest-api-schema.ts';

const SOURCE =
  /^(method\.request\.header|method\.request\.querystring|stageVariables|context)\.(.+)$/;

const KINDS: Readonly<Record<string, IdentitySource['kind']>> = {
  'method.request.header': 'header',
  'method.request.querystring': 'querystring',
  stageVariables: 'stageVariable',
  context: 'context',
};

const readSource = (resource: DeployedResource, source: string): IdentitySource => {
  const [, prefix = '', name = ''] = SOURCE.exec(source) ?? [];
  const kind = KINDS[prefix];
  if (!kind) {
    throw new Error(
      `${resource.displayName}: the twin does not implement the identity source ${source}.`,
    );
  }
  return { kind, name: kind === 'header' ? name.toLowerCase() : name };
};

const readAuthorizer = (resource: DeployedResource): Authorizer => {
  const authorizer = authorizerProperties.parse(resource.properties);
  if (authorizer.Type !== 'REQUEST') {
    throw new Error(
      `${resource.displayName}: the twin does not implement ${authorizer.Type} authorizers (REQUEST only).`,
    );
  }
  const identitySources = authorizer.IdentitySource.split(',')
    .map((source) => source.trim())
    .filter((source) => source !== '')
    .map((source) => readSource(resource, source));
  if (identitySources.length === 0 && authorizer.AuthorizerResultTtlInSeconds > 0) {
    throw new Error(
      `${resource.displayName}: a REQUEST authorizer with a cache needs an IdentitySource.`,
    );
  }
  return {
    id: resource.physicalId,
    displayName: resource.displayName,
    functionArn: lambdaOfUri(resource.displayName, authorizer.AuthorizerUri).functionArn,
    resultTtlSeconds: authorizer.AuthorizerResultTtlInSeconds,
    identitySources,
  };
};

/** The API's authorizers by id. @throws Error naming one that the twin does not implement. */
export const readAuthorizers = (deployment: Deployment): ReadonlyMap<string, Authorizer> =>
  new Map(
    deployment
      .ofType('AWS::ApiGateway::Authorizer')
      .map((resource) => [resource.physicalId, readAuthorizer(resource)]),
  );
