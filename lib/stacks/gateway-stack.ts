import { CfnOutput, Duration, Fn, RemovalPolicy, Stack, type Environment } from 'aws-cdk-lib';
import { Period, UsagePlan, type Method, type RestApi } from 'aws-cdk-lib/aws-apigateway';
import { ParameterTier, StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import {
  deploymentParameterName,
  type DeploymentDocument,
} from '../../src/admin/deployment-document.ts';
import { maxShards } from '../../src/quota/plan-limits.ts';
import type { UpstreamSpec } from '../../src/upstreams/upstream-spec.ts';
import type { DrawbridgeConfig } from '../config.ts';
import { AdminApi, type AdminApiProps } from '../constructs/admin-api.ts';
import { BundledFunction } from '../constructs/bundled-function.ts';
import { CiRole } from '../constructs/ci-role.ts';
import { LiveAlias } from '../constructs/live-alias.ts';
import { McpApi } from '../constructs/mcp-api.ts';
import { metricsEnvironment } from '../constructs/metrics-environment.ts';
import { OAuthFacade } from '../constructs/oauth-facade.ts';
import { addResourceMetadata } from '../constructs/resource-metadata.ts';
import { poolIssuer } from '../constructs/token-issuers.ts';
import { UpstreamParts } from '../constructs/upstream-parts.ts';
import { WebAcl } from '../constructs/web-acl.ts';
import type { FunctionAssets } from '../function-assets.ts';
import { firewallFacts } from '../firewall-facts.ts';
import { planTableOf, type PlanConfig } from '../plan-config.ts';
import { acknowledge } from '../security-checks.ts';
import { drawbridgeVersion } from '../version.ts';
import type { DataStack } from './data-stack.ts';
import type { IdentityStack } from './identity-stack.ts';

export interface GatewayStackProps {
  readonly env: Environment;
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly bundles: FunctionAssets;
  readonly upstreams: readonly UpstreamSpec[];
  readonly data: DataStack;
  /** The user pool, where the configuration asks for one. */
  readonly identity?: IdentityStack | undefined;
}

interface SignInParts {
  readonly api: RestApi;
  readonly publicUrl: string;
  readonly authorizer: BundledFunction;
  readonly logRemovalPolicy: RemovalPolicy;
}

/** Accepts that anybody may call these routes. */
const acknowledgeOpen = (routes: readonly Method[], reason: string): void => {
  for (const route of routes) {
    for (const finding of ['AwsSolutions-APIG4', 'AwsSolutions-COG4']) {
      acknowledge(route, finding, reason);
    }
  }
};

/** What serves requests: all of it can be made anew from sources. */
export class GatewayStack extends Stack {
  /** Names of the log groups that hold audit records, by whose they are. */
  readonly auditLogGroups: Readonly<Record<string, string>>;

  constructor(scope: Construct, id: string, props: GatewayStackProps) {
    super(scope, id, {
      env: props.env,
      description: `Drawbridge ${props.envName}: API, functions and firewall`,
    });
    const { envName, config, bundles, data } = props;
    const logRemovalPolicy = config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    const authorizer = this.#authorizer(props, logRemovalPolicy);
    const upstreams = new UpstreamParts(this, 'Upstreams', { ...props, logRemovalPolicy });
    const mcp = this.#mcp(props, upstreams, logRemovalPolicy);
    const live = new LiveAlias(this, 'Live', {
      envName,
      config,
      mcp,
      handshakeAsset: bundles.handshake,
      logRemovalPolicy,
    });
    const served = new McpApi(this, 'Mcp', {
      envName,
      config,
      authorizer,
      mcp: live.alias,
      logRemovalPolicy,
    });
    const { api, publicUrl, directUrl, edgeMark } = served;
    this.#signIn(props, { api, publicUrl, authorizer, logRemovalPolicy });
    new WebAcl(this, 'Firewall', {
      envName,
      waf: config.waf,
      stageArn: api.deploymentStage.stageArn,
      edgeMark,
      logRetentionDays: config.logs.accessRetentionDays,
      logRemovalPolicy,
    });

    const plans = Object.entries(config.plans).map(
      ([name, plan]) => [name, this.#usagePlan(name, plan)] as const,
    );
    for (const [, plan] of plans) plan.addApiStage({ stage: api.deploymentStage });
    let adminLogs: string | undefined;
    if (config.admin.enabled) {
      const auditLog = mcp.function.logGroup;
      const admin = this.#admin(props, { api, publicUrl, auditLog, logRemovalPolicy });
      admin.grantPlans(plans.map(([, plan]) => plan));
      adminLogs = admin.logGroupName;
      // A signature is of the host that API Gateway sees.
      new CfnOutput(this, 'AdminUrl', { value: `${directUrl}/admin` });
    }
    const auditLogGroups = {
      mcp: mcp.function.logGroup.logGroupName,
      ...(adminLogs === undefined ? {} : { admin: adminLogs }),
    };
    this.auditLogGroups = auditLogGroups;
    const document: DeploymentDocument = {
      version: 1,
      registryTable: data.registry.table.tableName,
      usageTable: data.usage.table.tableName,
      maxShards: maxShards(config.plans),
      planUnits: planTableOf(config.plans),
      pepperSecretArn: data.pepper.secretArn,
      restApiId: api.restApiId,
      stage: api.deploymentStage.stageName,
      plans: Object.fromEntries(plans.map(([name, plan]) => [name, plan.usagePlanId])),
      ...upstreams.facts,
      ownTools: { ...bundles.ownTools },
      newTools: config.upstreams.newTools,
      firewall: firewallFacts(config.waf),
      publicUrl,
      ...(config.domain === undefined ? {} : { closedUrl: served.stageUrl }),
      ...(publicUrl === directUrl ? {} : { hosts: [Fn.select(2, Fn.split('/', publicUrl))] }),
      logs: {
        ...auditLogGroups,
        access: served.accessLogs.logGroupName,
      },
      auditDigestSecretArn: data.auditDigestKey.secretArn,
    };
    new StringParameter(this, 'Deployment', {
      parameterName: deploymentParameterName(envName),
      description: 'What the drawbridge CLI needs to know of this environment',
      stringValue: this.toJsonString(document),
      // Free up to 4 KB, and able to hold more upstreams than that.
      tier: ParameterTier.INTELLIGENT_TIERING,
    });
    new CfnOutput(this, 'McpUrl', { value: `${publicUrl}/mcp` });
    if (served.domain !== undefined) {
      new CfnOutput(this, 'DomainTarget', { value: served.domain.target });
    }
    if (edgeMark === undefined) {
      new CfnOutput(this, 'CiUrl', { value: `${publicUrl}/ci/mcp` });
    } else {
      // A signature is of the host that API Gateway sees, and a key's networks are of who calls API Gateway.
      new CfnOutput(this, 'CiUrl', { value: `${directUrl}/ci/mcp` });
      new CfnOutput(this, 'DirectMcpUrl', { value: `${directUrl}/mcp` });
    }

    if (config.ci.github !== undefined) {
      const { role } = new CiRole(this, 'CiRole', {
        github: config.ci.github,
        route: served.signedRoute,
      });
      new CfnOutput(this, 'CiRoleArn', { value: role.roleArn });
    }

    acknowledge(
      api,
      'AwsSolutions-APIG2',
      'Bodies are JSON-RPC, whose shape depends on its method: the function validates them, and API Gateway cannot.',
    );
    acknowledgeOpen(
      served.openRoutes,
      'A mock with a fixed answer, open by design (content/http-api.md).',
    );
    for (const route of served.keyedRoutes) {
      acknowledge(
        route,
        'AwsSolutions-COG4',
        'Authorized by the Lambda authorizer, which takes API keys.',
      );
    }
    acknowledge(
      served.signedRoute,
      'AwsSolutions-COG4',
      'Authorized by IAM: callers sign with a role, and the function maps the role to a tenant.',
    );
    if (config.manageApiGatewayAccount) {
      acknowledge(
        api,
        'AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]',
        'API Gateway accepts this AWS managed policy for its account-wide logging role, and AWS documents no smaller one.',
      );
    }
  }

  #authorizer(
    { envName, config, bundles, data }: GatewayStackProps,
    logRemovalPolicy: RemovalPolicy,
  ): BundledFunction {
    const authorizer = new BundledFunction(this, 'AuthorizerFunction', {
      description: 'Drawbridge authorizer',
      assetDirectory: bundles.authorizer,
      memoryMb: config.authorizer.memoryMb,
      reservedConcurrency: config.deployments.reservedConcurrency.authorizer,
      timeout: Duration.seconds(8),
      logRetention: config.logs.auditRetentionDays,
      logRemovalPolicy,
      environment: {
        PEPPER_SECRET_ARN: data.pepper.secretArn,
        ...metricsEnvironment({ envName, config }),
      },
    });
    data.registry.grantRead(authorizer);
    authorizer.allow(data.pepper.secretArn, 'secretsmanager:GetSecretValue');
    data.encryption?.grantRead(authorizer);
    return authorizer;
  }

  #mcp(
    props: GatewayStackProps,
    upstreams: UpstreamParts,
    logRemovalPolicy: RemovalPolicy,
  ): BundledFunction {
    const { envName, config, bundles, data } = props;
    // Tenancy cannot be changed afterwards: with another one it is another function (AWS: "Tenant isolation").
    const perTenant = config.mcp.isolation === 'perTenant';
    const mcp = new BundledFunction(this, perTenant ? 'McpFunctionPerTenant' : 'McpFunction', {
      perTenant,
      description: 'Drawbridge MCP server',
      assetDirectory: bundles.mcp,
      memoryMb: config.mcp.memoryMb,
      reservedConcurrency: config.deployments.reservedConcurrency.mcp,
      timeout: Duration.seconds(config.mcp.timeoutSeconds),
      logRetention: config.logs.auditRetentionDays,
      logRemovalPolicy,
      environment: {
        DRAWBRIDGE_ENV: envName,
        DRAWBRIDGE_VERSION: drawbridgeVersion,
        AUDIT_DIGEST_SECRET_ARN: data.auditDigestKey.secretArn,
        TOOL_TIMEOUT_MS: String(config.mcp.toolTimeoutSeconds * 1000),
        MAX_RESULT_BYTES: String(config.mcp.maxResultBytes),
        MAX_BODY_BYTES: String(config.waf.maxBodyBytes),
        ALLOWED_ORIGINS: config.mcp.allowedOrigins.join(' '),
        PLANS: JSON.stringify(planTableOf(config.plans)),
        ...metricsEnvironment(props),
      },
    });
    data.registry.grantRead(mcp);
    data.registry.grantList(mcp);
    data.usage.grantMeter(mcp);
    mcp.allow(data.auditDigestKey.secretArn, 'secretsmanager:GetSecretValue');
    upstreams.grantUse(mcp);
    data.encryption?.grantReadWrite(mcp);
    return mcp;
  }

  /** Lets users of the pool, or of other issuers, in with access tokens. */
  #signIn({ config, bundles, identity }: GatewayStackProps, parts: SignInParts): void {
    const { api, publicUrl, authorizer, logRemovalPolicy } = parts;
    if (config.identity.provider === 'none') return;
    if (config.identity.provider === 'oidc') {
      const issuers = config.identity.issuers.map((issuer) => ({
        ...issuer,
        resource: `${publicUrl}/mcp`,
        cognito: false,
      }));
      authorizer.addEnvironment({ TOKEN_ISSUERS: this.toJsonString(issuers) });
      acknowledgeOpen(
        addResourceMetadata(api, publicUrl, config.identity.issuers),
        'A mock with a public document, by which clients find the issuers.',
      );
      return;
    }
    if (identity === undefined) throw new Error('identity.provider cognito needs its stack');
    const facade = new OAuthFacade(this, 'OAuth', {
      api,
      publicUrl,
      config,
      cognito: config.identity,
      identity,
      asset: bundles.oauth,
      logRemovalPolicy,
    });
    authorizer.addEnvironment({ TOKEN_ISSUERS: poolIssuer(facade, publicUrl, config.identity) });
    acknowledgeOpen(facade.methods, 'How a client comes by a credential: it has none yet.');
  }

  /** Lets operators, and tenants' admins, in with signed requests. */
  #admin(
    { envName, config, bundles, data }: GatewayStackProps,
    parts: Pick<AdminApiProps, 'api' | 'publicUrl' | 'auditLog' | 'logRemovalPolicy'>,
  ): AdminApi {
    const admin = new AdminApi(this, 'Admin', {
      envName,
      config,
      data,
      asset: bundles.admin,
      ...parts,
    });
    for (const route of admin.methods) {
      acknowledge(
        route,
        'AwsSolutions-COG4',
        'Authorized by IAM: operators sign with a role, and the function knows which may do what.',
      );
    }
    return admin;
  }

  #usagePlan(name: string, { rateLimit, burstLimit, quota }: PlanConfig): UsagePlan {
    return new UsagePlan(this, `Plan-${name}`, {
      name: `${this.stackName}-${name}`,
      description: `Drawbridge plan ${name}`,
      throttle: { rateLimit, burstLimit },
      ...(quota === undefined
        ? {}
        : { quota: { limit: quota.limit, period: Period[quota.period] } }),
    });
  }
}
