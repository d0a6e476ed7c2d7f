import * as z from 'zod';
import type { DeployedResource, Deployment } from '../template/deployment.ts';

const flow = z.enum(['code', 'client_credentials']);
const unit = z.enum(['seconds', 'minutes', 'hours', 'days']);
const trigger = z.strictObject({
  LambdaArn: z.string(),
  LambdaVersion: z.enum(['V2_0', 'V3_0']),
});

const poolProperties = z.looseObject({
  /** Strict: another trigger would silently not run. */
  LambdaConfig: z
    .strictObject({
      PreTokenGeneration: z.string().optional(),
      PreTokenGenerationConfig: trigger.optional(),
    })
    .default({}),
  MfaConfiguration: z.enum(['OFF', 'ON', 'OPTIONAL']).default('OFF'),
  UserPoolTier: z.enum(['LITE', 'ESSENTIALS', 'PLUS']).default('ESSENTIALS'),
  UserPoolAddOns: z.looseObject({ AdvancedSecurityMode: z.string().optional() }).optional(),
  UsernameAttributes: z.array(z.string()).default([]),
  AliasAttributes: z.array(z.string()).default([]),
});

const clientProperties = z.looseObject({
  ClientName: z.string().optional(),
  UserPoolId: z.string(),
  AllowedOAuthFlowsUserPoolClient: z.stringbool().or(z.boolean()).default(false),
  AllowedOAuthFlows: z.array(flow).default([]),
  AllowedOAuthScopes: z.array(z.string()).default([]),
  CallbackURLs: z.array(z.string()).default([]),
  LogoutURLs: z.array(z.string()).default([]),
  SupportedIdentityProviders: z.array(z.literal('COGNITO')).default(['COGNITO']),
  GenerateSecret: z.stringbool().or(z.boolean()).default(false),
  AccessTokenValidity: z.coerce.number().positive().optional(),
  IdTokenValidity: z.coerce.number().positive().optional(),
  RefreshTokenValidity: z.coerce.number().positive().optional(),
  TokenValidityUnits: z
    .strictObject({
      AccessToken: unit.optional(),
      IdToken: unit.optional(),
      RefreshToken: unit.optional(),
    })
    .default({}),
  EnableTokenRevocation: z.stringbool().or(z.boolean()).default(true),
  RefreshTokenRotation: z
    .strictObject({
      Feature: z.enum(['ENABLED', 'DISABLED']),
      RetryGracePeriodSeconds: z.coerce.number().default(0),
    })
    .optional(),
});

const resourceServerProperties = z.looseObject({
  Identifier: z.string(),
  UserPoolId: z.string(),
  Scopes: z.array(z.looseObject({ ScopeName: z.string() })).default([]),
});

const domainProperties = z.looseObject({
  Domain: z.string(),
  UserPoolId: z.string(),
  CustomDomainConfig: z.looseObject({}).optional(),
});

export interface CognitoClient {
  readonly clientId: string;
  readonly displayName: string;
  readonly name: string;
  readonly flow: z.infer<typeof flow>;
  readonly scopes: readonly string[];
  readonly callbackUrls: readonly string[];
  readonly logoutUrls: readonly string[];
  readonly hasSecret: boolean;
  readonly accessTokenSeconds: number;
  readonly idTokenSeconds: number;
  readonly refreshTokenSeconds: number;
  readonly rotatesRefreshTokens: boolean;
  readonly revocable: boolean;
}

export interface TokenTrigger {
  readonly functionArn: string;
  readonly version: 'V2_0' | 'V3_0';
}

export interface CognitoSettings {
  readonly region: string;
  readonly poolId: string;
  readonly displayName: string;
  /** `https://cognito-idp.<region>.amazonaws.com/<poolId>`, also in the twin. */
  readonly issuer: string;
  readonly jwksUri: string;
  /** Where managed login is at AWS; undefined when the template gives the pool no domain. */
  readonly hostedUrl: string | undefined;
  readonly trigger: TokenTrigger | undefined;
  /** Whether users are known by an attribute, and Cognito makes their username (the `sub`). */
  readonly usernameIsSub: boolean;
  readonly emailSignsIn: boolean;
  /** The clients that managed login and the token endpoint serve. */
  readonly clients: readonly CognitoClient[];
  readonly groups: readonly string[];
  /** Parts of the template that only AWS carries out. */
  readonly notEvaluated: readonly string[];
}

export const OIDC_SCOPES: readonly string[] = ['openid', 'email', 'phone', 'profile'];
const BUILT_IN_SCOPES = [...OIDC_SCOPES, 'aws.cognito.signin.user.admin'];

const SECONDS = { seconds: 1, minutes: 60, hours: 3_600, days: 86_400 } as const;

const refuse = ({ displayName }: DeployedResource, why: string): never => {
  throw new Error(`${displayName}: ${why}`);
};

const parse = <S extends z.ZodType>(schema: S, resource: DeployedResource): z.infer<S> => {
  const parsed = schema.safeParse(resource.properties);
  return parsed.success
    ? parsed.data
    : refuse(resource, `the twin does not implement this:\n${z.prettifyError(parsed.error)}`);
};

const readTrigger = (
  pool: DeployedResource,
  { LambdaConfig, UserPoolTier }: z.infer<typeof poolProperties>,
  deployment: Deployment,
): TokenTrigger | undefined => {
  const { PreTokenGeneration, PreTokenGenerationConfig: config } = LambdaConfig;
  if (config === undefined) {
    if (PreTokenGeneration === undefined) return undefined;
    return refuse(pool, 'the twin runs PreTokenGenerationConfig V2_0 and V3_0, not V1_0.');
  }
  if (PreTokenGeneration !== undefined && PreTokenGeneration !== config.LambdaArn) {
    refuse(pool, 'PreTokenGeneration and PreTokenGenerationConfig name different functions.');
  }
  if (UserPoolTier === 'LITE') {
    refuse(pool, `a ${config.LambdaVersion} trigger needs the tier ESSENTIALS or PLUS.`);
  }
  const name = config.LambdaArn.split(':').at(-1) ?? '';
  const permitted = deployment
    .ofType('AWS::Lambda::Permission')
    .some(
      ({ properties }) =>
        properties['Principal'] === 'cognito-idp.amazonaws.com' &&
        [config.LambdaArn, name].includes(properties['FunctionName'] as string),
    );
  if (!permitted) {
    refuse(
      pool,
      `calls ${config.LambdaArn}, but no AWS::Lambda::Permission lets cognito-idp.amazonaws.com do so.`,
    );
  }
  return { functionArn: config.LambdaArn, version: config.LambdaVersion };
};

/** "App callback URLs" of the app client reference: https, http on loopback, or an app's own scheme; no fragment. */
const isCallbackUrl = (text: string): boolean => {
  const url = URL.parse(text);
  if (url === null || text.includes('#')) return false;
  return (
    url.protocol !== 'http:' || ['localhost', '127.0.0.1', '[::1]', '::1'].includes(url.hostname)
  );
};

const readClient = (
  resource: DeployedResource,
  knownScopes: ReadonlySet<string>,
): CognitoClient | undefined => {
  const client = parse(clientProperties, resource);
  const { AllowedOAuthFlows: flows, AllowedOAuthScopes: scopes, TokenValidityUnits } = client;
  const [flow] = flows;
  if (!client.AllowedOAuthFlowsUserPoolClient || flow === undefined) return undefined;
  if (flows.length > 1) refuse(resource, 'Cognito does not take client_credentials beside code.');
  if (flow === 'client_credentials' && !client.GenerateSecret) {
    refuse(resource, 'Cognito gives client_credentials only to a client with GenerateSecret.');
  }
  if (flow === 'code' && client.CallbackURLs.length === 0) {
    refuse(resource, 'the code flow needs CallbackURLs.');
  }
  const badUrl = client.CallbackURLs.find((url) => !isCallbackUrl(url));
  if (badUrl !== undefined) refuse(resource, `Cognito does not take the callback URL ${badUrl}.`);
  const unknownScope = scopes.find((scope) => !knownScopes.has(scope));
  if (unknownScope !== undefined) refuse(resource, `no resource server has ${unknownScope}.`);
  const seconds = (
    validity: number | undefined,
    kind: keyof typeof TokenValidityUnits,
    fallback: keyof typeof SECONDS,
    defaultSeconds: number,
  ): number =>
    validity === undefined
      ? defaultSeconds
      : validity * SECONDS[TokenValidityUnits[kind] ?? fallback];
  return {
    clientId: resource.physicalId,
    displayName: resource.displayName,
    name: client.ClientName ?? resource.logicalId,
    flow,
    scopes,
    callbackUrls: client.CallbackURLs,
    logoutUrls: client.LogoutURLs,
    hasSecret: client.GenerateSecret,
    accessTokenSeconds: seconds(client.AccessTokenValidity, 'AccessToken', 'hours', 3_600),
    idTokenSeconds: seconds(client.IdTokenValidity, 'IdToken', 'hours', 3_600),
    refreshTokenSeconds: seconds(client.RefreshTokenValidity, 'RefreshToken', 'days', 2_592_000),
    rotatesRefreshTokens: client.RefreshTokenRotation?.Feature === 'ENABLED',
    revocable: client.EnableTokenRevocation,
  };
};

const notEvaluatedOf = (
  pool: DeployedResource,
  { MfaConfiguration, UserPoolAddOns }: z.infer<typeof poolProperties>,
  clients: readonly DeployedResource[],
): readonly string[] => {
  const notes: string[] = [];
  if (MfaConfiguration !== 'OFF') {
    notes.push(`${pool.displayName}: MfaConfiguration ${MfaConfiguration} (a password is enough)`);
  }
  const { AdvancedSecurityMode: threats = 'OFF' } = UserPoolAddOns ?? {};
  if (threats !== 'OFF') notes.push(`${pool.displayName}: AdvancedSecurityMode ${threats}`);
  for (const client of clients) {
    const { RefreshTokenRotation } = parse(clientProperties, client);
    if ((RefreshTokenRotation?.RetryGracePeriodSeconds ?? 0) > 0) {
      notes.push(`${client.displayName}: RetryGracePeriodSeconds (a rotated token ends at once)`);
    }
  }
  return notes;
};

/**
 * Reads the template's user pool; undefined when there is none.
 * @throws Error that names a resource and what of it the twin does not implement, or Cognito does not take.
 */
export const readCognitoSettings = (deployment: Deployment): CognitoSettings | undefined => {
  const [pool, ...others] = deployment.ofType('AWS::Cognito::UserPool');
  if (pool === undefined) return undefined;
  if (others.length > 0) {
    const names = [pool, ...others].map(({ displayName }) => displayName);
    throw new Error(`The twin runs one user pool, the template has ${names.join(', ')}.`);
  }
  const inPool = (type: string): readonly DeployedResource[] =>
    deployment.ofType(type).map((resource) => {
      if (resource.properties['UserPoolId'] === pool.physicalId) return resource;
      return refuse(resource, 'belongs to a user pool outside of the template.');
    });
  const properties = parse(poolProperties, pool);
  const [domain, ...otherDomains] = inPool('AWS::Cognito::UserPoolDomain');
  if (otherDomains[0] !== undefined) refuse(otherDomains[0], 'the twin runs one domain per pool.');
  const resourceScopes = inPool('AWS::Cognito::UserPoolResourceServer').flatMap((resource) => {
    const { Identifier, Scopes } = parse(resourceServerProperties, resource);
    return Scopes.map(({ ScopeName }) => `${Identifier}/${ScopeName}`);
  });
  const knownScopes = new Set([...BUILT_IN_SCOPES, ...resourceScopes]);
  const clients = inPool('AWS::Cognito::UserPoolClient');
  const { region } = deployment;
  const issuer = `https://cognito-idp.${region}.amazonaws.com/${pool.physicalId}`;
  return {
    region,
    poolId: pool.physicalId,
    displayName: pool.displayName,
    issuer,
    jwksUri: `${issuer}/.well-known/jwks.json`,
    hostedUrl: domain === undefined ? undefined : hostedUrlOf(domain, region),
    trigger: readTrigger(pool, properties, deployment),
    usernameIsSub: properties.UsernameAttributes.length > 0,
    emailSignsIn: [...properties.UsernameAttributes, ...properties.AliasAttributes].includes(
      'email',
    ),
    clients: clients
      .map((client) => readClient(client, knownScopes))
      .filter((client) => client !== undefined),
    groups: inPool('AWS::Cognito::UserPoolGroup').map(({ physicalId }) => physicalId),
    notEvaluated: notEvaluatedOf(pool, properties, clients),
  };
};

const hostedUrlOf = (domain: DeployedResource, region: string): string => {
  const { Domain, CustomDomainConfig } = parse(domainProperties, domain);
  return CustomDomainConfig === undefined
    ? `https://${Domain}.auth.${region}.amazoncognito.com`
    : `https://${Domain}`;
};

/** What the address book has to say about a pool that is reached at `url`. The issuer itself stays as it is. */
export const cognitoAddresses = (
  { hostedUrl, jwksUri, poolId }: Pick<CognitoSettings, 'hostedUrl' | 'jwksUri' | 'poolId'>,
  url: string,
): readonly (readonly [text: string, replacement: string])[] => [
  [jwksUri, `${url}/${poolId}/.well-known/jwks.json`],
  ...(hostedUrl === undefined ? [] : [[hostedUrl, url] as const]),
];
