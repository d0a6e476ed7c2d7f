import { CfnOutput, Duration, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import { OAuthScope, UserPoolClient } from 'aws-cdk-lib/aws-cognito';
import type { Method, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import { mcpScopeName } from '../../src/oauth/mcp-scope.ts';
import type { DrawbridgeConfig } from '../config.ts';
import type { CognitoConfig } from '../identity-config.ts';
import { mcpScope, type IdentityStack } from '../stacks/identity-stack.ts';
import { twinAccount } from '../twin-account.ts';
import { BundledFunction } from './bundled-function.ts';
import { OAuthRoutes } from './oauth-routes.ts';

export interface OAuthFacadeProps {
  readonly api: RestApi;
  readonly publicUrl: string;
  readonly config: DrawbridgeConfig;
  readonly cognito: CognitoConfig;
  readonly identity: IdentityStack;
  readonly asset: string;
  readonly logRemovalPolicy: RemovalPolicy;
}

export interface MachineClient {
  readonly name: string;
  readonly client: UserPoolClient;
}

/** @throws Error outside the twin: what is on the machine of a function there is not the person's. */
const loopbackDocuments = ({
  config,
  cognito,
}: OAuthFacadeProps): Readonly<Record<string, string>> => {
  const origins = cognito.loopbackClientDocuments;
  if (origins.length === 0) return {};
  if (config.account !== twinAccount) {
    throw new Error(
      `identity.loopbackClientDocuments is for the twin alone, whose account is ${twinAccount}. Remove it from this environment.`,
    );
  }
  return { OAUTH_LOOPBACK_ORIGINS: origins.join(' ') };
};

/** What MCP clients need of an authorization server and Cognito lacks: discovery, registration, consent. */
export class OAuthFacade extends Construct {
  readonly methods: readonly Method[];
  /** The one client that everybody who registers is handed. */
  readonly publicClient: UserPoolClient;
  readonly machineClients: readonly MachineClient[];
  readonly issuer: string;
  readonly jwksUri: string;

  constructor(scope: Construct, id: string, props: OAuthFacadeProps) {
    super(scope, id);
    const { api, publicUrl, cognito, config, identity } = props;
    const scopes = [OAuthScope.resourceServer(identity.resourceServer, mcpScope)];
    const lifetimes = {
      accessTokenValidity: Duration.minutes(cognito.accessTokenMinutes),
      refreshTokenValidity: Duration.days(cognito.refreshTokenDays),
      enableTokenRevocation: true,
      preventUserExistenceErrors: true,
    };
    this.publicClient = new UserPoolClient(this, 'McpClients', {
      userPool: identity.pool,
      generateSecret: false,
      authFlows: {},
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes,
        callbackUrls: [`${publicUrl}/oauth/callback`],
      },
      ...lifetimes,
    });
    this.machineClients = Object.keys(cognito.machineClients).map((name) => ({
      name,
      client: new UserPoolClient(this, `Machine-${name}`, {
        userPool: identity.pool,
        generateSecret: true,
        authFlows: {},
        oAuth: { flows: { clientCredentials: true }, scopes },
        accessTokenValidity: lifetimes.accessTokenValidity,
        enableTokenRevocation: true,
      }),
    }));
    this.issuer = identity.pool.userPoolProviderUrl;
    this.jwksUri = `${this.issuer}/.well-known/jwks.json`;
    const oauth = new BundledFunction(this, 'Function', {
      description: 'Drawbridge OAuth facade',
      assetDirectory: props.asset,
      memoryMb: 512,
      timeout: Duration.seconds(15),
      logRetention: config.logs.auditRetentionDays,
      logRemovalPolicy: props.logRemovalPolicy,
      environment: {
        PUBLIC_URL: publicUrl,
        OAUTH_POOL_URL: identity.domain.baseUrl(),
        OAUTH_PUBLIC_CLIENT_ID: this.publicClient.userPoolClientId,
        OAUTH_REDIRECT_URIS: cognito.redirectUris.join(' '),
        OAUTH_SCOPES: mcpScopeName,
        OAUTH_JWKS_URI: this.jwksUri,
        OAUTH_SEALING_SECRET_ARN: identity.sealingKey.secretArn,
        ...loopbackDocuments(props),
      },
    });
    oauth.allow(identity.sealingKey.secretArn, 'secretsmanager:GetSecretValue');
    // For clients that are given an id instead of registering.
    new CfnOutput(Stack.of(this), 'OAuthClientId', { value: this.publicClient.userPoolClientId });
    this.methods = new OAuthRoutes(this, 'Routes', { api, oauth }).methods;
  }
}
