import * as z from 'zod';

/** The properties that the twin reads of AWS::ApiGateway::*, as CloudFormation names them. */
const strings = z.record(z.string(), z.string());
const flag = z.union([z.boolean(), z.stringbool()]);

export const restApiProperties = z.object({
  ApiKeySourceType: z.enum(['HEADER', 'AUTHORIZER']).default('HEADER'),
  BinaryMediaTypes: z.array(z.string()).default([]),
  Body: z.unknown().optional(),
  BodyS3Location: z.unknown().optional(),
  EndpointConfiguration: z.object({ Types: z.array(z.string()) }).optional(),
  MinimumCompressionSize: z.coerce.number().optional(),
  Policy: z.unknown().optional(),
});

export const resourceProperties = z.object({
  ParentId: z.string(),
  PathPart: z.string().min(1),
  RestApiId: z.string(),
});

export const integrationProperties = z.object({
  Type: z.string(),
  Uri: z.string().optional(),
  Credentials: z.string().optional(),
  ResponseTransferMode: z.enum(['BUFFERED', 'STREAM']).optional(),
  TimeoutInMillis: z.coerce.number().int().positive().optional(),
  PassthroughBehavior: z
    .enum(['WHEN_NO_MATCH', 'WHEN_NO_TEMPLATES', 'NEVER'])
    .default('WHEN_NO_MATCH'),
  RequestTemplates: strings.default({}),
  RequestParameters: z.record(z.string(), z.unknown()).default({}),
  CacheKeyParameters: z.array(z.string()).default([]),
  IntegrationResponses: z
    .array(
      z.object({
        StatusCode: z.coerce.string(),
        SelectionPattern: z.string().optional(),
        ResponseParameters: strings.default({}),
        ResponseTemplates: strings.default({}),
        ContentHandling: z.string().optional(),
      }),
    )
    .default([]),
});
export type IntegrationProperties = z.infer<typeof integrationProperties>;

export const methodProperties = z.object({
  HttpMethod: z.string(),
  ResourceId: z.string(),
  RestApiId: z.string(),
  AuthorizationType: z.string().default('NONE'),
  AuthorizerId: z.string().optional(),
  ApiKeyRequired: flag.default(false),
  RequestValidatorId: z.string().optional(),
  Integration: integrationProperties.optional(),
  MethodResponses: z
    .array(
      z.object({
        StatusCode: z.coerce.string(),
        ResponseParameters: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .default([]),
});
export type MethodProperties = z.infer<typeof methodProperties>;

export const authorizerProperties = z.object({
  Name: z.string().optional(),
  Type: z.string(),
  AuthorizerUri: z.string().optional(),
  AuthorizerCredentials: z.string().optional(),
  AuthorizerResultTtlInSeconds: z.coerce.number().int().min(0).max(3600).default(300),
  IdentitySource: z.string().default(''),
  RestApiId: z.string(),
});

export const stageProperties = z.object({
  StageName: z.string(),
  RestApiId: z.string(),
  DeploymentId: z.string().optional(),
  Variables: strings.default({}),
  CacheClusterEnabled: flag.default(false),
  CanarySetting: z.unknown().optional(),
  ClientCertificateId: z.string().optional(),
  AccessLogSetting: z
    .object({ DestinationArn: z.string().optional(), Format: z.string().optional() })
    .optional(),
  MethodSettings: z
    .array(
      z.object({
        HttpMethod: z.string(),
        ResourcePath: z.string(),
        ThrottlingRateLimit: z.coerce.number().optional(),
        ThrottlingBurstLimit: z.coerce.number().optional(),
        CachingEnabled: flag.default(false),
      }),
    )
    .default([]),
});
export type StageProperties = z.infer<typeof stageProperties>;

export const gatewayResponseProperties = z.object({
  RestApiId: z.string(),
  ResponseType: z.string(),
  StatusCode: z.coerce.number().int().min(200).max(599).optional(),
  ResponseParameters: strings.default({}),
  ResponseTemplates: strings.default({}),
});
export type GatewayResponseProperties = z.infer<typeof gatewayResponseProperties>;
