import { Aws, Duration, RemovalPolicy, Stack, type Environment } from 'aws-cdk-lib';
import {
  AccountRecovery,
  FeaturePlan,
  LambdaVersion,
  ManagedLoginVersion,
  Mfa,
  ResourceServerScope,
  UserPool,
  UserPoolOperation,
  type UserPoolDomain,
  type UserPoolResourceServer,
} from 'aws-cdk-lib/aws-cognito';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import type { DrawbridgeConfig } from '../config.ts';
import { BundledFunction } from '../constructs/bundled-function.ts';
import type { CognitoConfig } from '../identity-config.ts';
import { resourceServerId } from '../../src/oauth/mcp-scope.ts';
import { acknowledge } from '../security-checks.ts';

export interface IdentityStackProps {
  readonly env: Environment;
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly cognito: CognitoConfig;
  /** The pre-token-generation function's asset. */
  readonly preTokenAsset: string;
}

/** The scope that a token needs to call this server: `drawbridge/mcp`. */
export const mcpScope = new ResourceServerScope({
  scopeName: 'mcp',
  scopeDescription: 'Call MCP tools',
});

const mfaModes = { off: Mfa.OFF, optional: Mfa.OPTIONAL, required: Mfa.REQUIRED } as const;

/** People who sign in, and what cannot be made anew of it. */
export class IdentityStack extends Stack {
  readonly pool: UserPool;
  readonly resourceServer: UserPoolResourceServer;
  readonly domain: UserPoolDomain;
  /** Seals what the OAuth facade hands to browsers and clients. */
  readonly sealingKey: Secret;

  constructor(scope: Construct, id: string, props: IdentityStackProps) {
    const { envName, config, cognito } = props;
    super(scope, id, {
      env: props.env,
      description: `Drawbridge ${envName}: user pool`,
      terminationProtection: config.protectData,
    });
    const removalPolicy = config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.pool = new UserPool(this, 'Pool', {
      featurePlan: FeaturePlan.ESSENTIALS,
      selfSignUpEnabled: false,
      signInAliases: { username: true, email: true },
      accountRecovery: AccountRecovery.EMAIL_ONLY,
      mfa: mfaModes[cognito.mfa],
      ...(cognito.mfa === 'off' ? {} : { mfaSecondFactor: { otp: true, sms: false } }),
      passwordPolicy: {
        minLength: cognito.passwordMinLength,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(3),
      },
      deletionProtection: config.protectData,
      removalPolicy,
    });
    const preToken = new BundledFunction(this, 'PreTokenFunction', {
      description: 'Drawbridge: puts tenant and role into access tokens',
      assetDirectory: props.preTokenAsset,
      memoryMb: 256,
      timeout: Duration.seconds(5),
      logRetention: config.logs.auditRetentionDays,
      logRemovalPolicy: removalPolicy,
      environment: { TENANT_SOURCE: 'group' },
    });
    this.pool.addTrigger(
      UserPoolOperation.PRE_TOKEN_GENERATION_CONFIG,
      preToken.function,
      LambdaVersion.V2_0,
    );
    this.resourceServer = this.pool.addResourceServer('ResourceServer', {
      identifier: resourceServerId,
      userPoolResourceServerName: 'Drawbridge',
      scopes: [mcpScope],
    });
    this.domain = this.pool.addDomain('Domain', {
      cognitoDomain: {
        domainPrefix: cognito.domainPrefix ?? `drawbridge-${envName}-${Aws.ACCOUNT_ID}`,
      },
      managedLoginVersion: ManagedLoginVersion.NEWER_MANAGED_LOGIN,
    });
    this.sealingKey = new Secret(this, 'SealingKey', {
      description: 'Drawbridge: key that seals OAuth state and codes',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
    });
    acknowledge(
      this.sealingKey,
      'AwsSolutions-SMG4',
      'It seals values that live ten minutes; an operator replaces it when it may have leaked.',
    );
    acknowledge(
      this.pool,
      'AwsSolutions-COG8',
      'Plus adds threat protection at a price per user; the Essentials plan has what MCP clients need.',
    );
    if (cognito.mfa !== 'required') {
      acknowledge(
        this.pool,
        'AwsSolutions-COG2',
        `identity.mfa is ${cognito.mfa} by the configuration of this environment.`,
      );
    }
  }
}
