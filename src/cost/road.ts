import * as z from 'zod';
import { UnpricedError } from './charge.ts';
import type { Resource, Templates } from './templates.ts';

/** Who does what when a request comes to `POST /mcp`. Everything else in an environment runs now and then. */
export interface Road {
  readonly authorizer: Resource;
  /** How long API Gateway keeps an answer of the authorizer. */
  readonly authorizerCacheSeconds: number;
  readonly mcp: Resource;
  /** Functions of stdio servers. */
  readonly sandboxes: readonly Resource[];
  readonly stage: Resource;
  /** True where API Gateway is reached from inside of a VPC only. */
  readonly isPrivate: boolean;
  readonly distribution: Resource | undefined;
}

/** An integration may name a function, or an alias or a version of it. */
export const functionsIn = (
  templates: Templates,
  stack: string,
  value: unknown,
): readonly Resource[] =>
  templates.referredTo(stack, value).flatMap((found) => {
    if (found.type === 'AWS::Lambda::Function') return [found];
    if (found.type !== 'AWS::Lambda::Alias' && found.type !== 'AWS::Lambda::Version') return [];
    return functionsIn(templates, found.stack, found.properties['FunctionName']);
  });

const integration = z.looseObject({ Integration: z.looseObject({ Uri: z.unknown() }) });

const isMcpMethod = (templates: Templates, { stack, properties }: Resource): boolean => {
  if (properties['HttpMethod'] !== 'POST' || properties['AuthorizationType'] !== 'CUSTOM') {
    return false;
  }
  return templates
    .referredTo(stack, properties['ResourceId'])
    .some(({ properties: path }) => path['PathPart'] === 'mcp');
};

const endpointTypes = z.looseObject({
  EndpointConfiguration: z.looseObject({ Types: z.array(z.string()) }),
});

const isPrivate = ({ properties }: Resource): boolean =>
  endpointTypes
    .safeParse(properties)
    .data?.EndpointConfiguration.Types.some((type) => type.startsWith('PRIVATE')) === true;

/**
 * Finds the road of a request in the templates.
 * @throws UnpricedError where there is none: nothing would be counted per request.
 */
export const roadOf = (templates: Templates): Road => {
  const method = templates
    .ofType('AWS::ApiGateway::Method')
    .find((each) => isMcpMethod(templates, each));
  const mcp =
    method &&
    functionsIn(
      templates,
      method.stack,
      integration.safeParse(method.properties).data?.Integration.Uri,
    )[0];
  const gate = templates
    .ofType('AWS::ApiGateway::Authorizer')
    .find(({ properties }) => properties['AuthorizerUri'] !== undefined);
  const authorizer =
    gate && functionsIn(templates, gate.stack, gate.properties['AuthorizerUri'])[0];
  const [stage] = templates.ofType('AWS::ApiGateway::Stage');
  if (mcp === undefined || gate === undefined || authorizer === undefined || stage === undefined) {
    throw new UnpricedError([
      'the templates have no POST /mcp behind an authorizer: is this an environment of Drawbridge?',
    ]);
  }
  return {
    mcp,
    authorizer,
    authorizerCacheSeconds: Number(gate.properties['AuthorizerResultTtlInSeconds'] ?? 300),
    sandboxes: templates
      .ofType('AWS::Lambda::Function')
      .filter((each) => each !== mcp && each.properties['TenancyConfig'] !== undefined),
    stage,
    isPrivate: templates.ofType('AWS::ApiGateway::RestApi').some(isPrivate),
    distribution: templates.ofType('AWS::CloudFront::Distribution')[0],
  };
};

/** The authorizer runs when API Gateway’s cache has no answer. */
export const authorizerRuns = (
  { authorizerCacheSeconds }: Road,
  requests: number,
  hitRate: number,
): number => requests * (authorizerCacheSeconds === 0 ? 1 : 1 - hitRate);
