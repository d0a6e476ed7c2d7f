import { ArnFormat, Duration, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import {
  AuthorizationType,
  LambdaIntegration,
  type Method,
  type RestApi,
  type UsagePlan,
} from 'aws-cdk-lib/aws-apigateway';
import { Effect, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { ILogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct, type IConstruct } from 'constructs';
import * as z from 'zod';
import { deploymentParameterName } from '../../src/admin/deployment-document.ts';
import { principalArnOf } from '../../src/principals/caller-arn.ts';
import { registryTable } from '../../src/registry/registry-table.ts';
import type { DrawbridgeConfig } from '../config.ts';
import { acknowledge } from '../security-checks.ts';
import type { DataStack } from '../stacks/data-stack.ts';
import { drawbridgeVersion } from '../version.ts';
import { BundledFunction } from './bundled-function.ts';

/** The function has its own table of what is below `/admin` (lambdas/admin/route-table.ts), and answers 404 and 405. */
export const adminPaths = ['/admin', '/admin/{proxy+}'] as const;
export const adminMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** API Gateway gives a buffered answer 29 seconds: what takes longer could not be answered. */
const timeout = Duration.seconds(29);

export interface AdminApiProps {
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly api: RestApi;
  /** Where clients reach the API: an upstream there would be the deployment itself. */
  readonly publicUrl: string;
  readonly asset: string;
  readonly data: DataStack;
  /** Whose records tell who used what. */
  readonly auditLog: ILogGroup;
  readonly logRemovalPolicy: RemovalPolicy;
}

const joined = z.object({
  'Fn::Join': z.tuple([
    z.literal(''),
    z.array(
      z.union([z.string(), z.object({ Ref: z.string() }).transform(({ Ref }) => `<${Ref}>`)]),
    ),
  ]),
});

/** As cdk-nag writes an ARN that has references in it. */
const asReported = (scope: IConstruct, arn: string): string => {
  const resolved: unknown = Stack.of(scope).resolve(arn);
  return typeof resolved === 'string' ? resolved : joined.parse(resolved)['Fn::Join'][1].join('');
};

/** What operators call over HTTP, signed (content/admin-api.md): a function that may do what the CLI's operator may. */
export class AdminApi extends Construct {
  readonly methods: readonly Method[];
  readonly #admin: BundledFunction;

  constructor(scope: Construct, id: string, props: AdminApiProps) {
    super(scope, id);
    const { envName, config, api, publicUrl, asset, data, auditLog, logRemovalPolicy } = props;
    const parameter = deploymentParameterName(envName);
    const admin = new BundledFunction(this, 'Function', {
      description: 'Drawbridge admin API',
      assetDirectory: asset,
      memoryMb: 512,
      reservedConcurrency: config.deployments.reservedConcurrency.admin,
      timeout,
      logRetention: config.logs.auditRetentionDays,
      logRemovalPolicy,
      environment: {
        DRAWBRIDGE_ENV: envName,
        DRAWBRIDGE_VERSION: drawbridgeVersion,
        DEPLOYMENT_PARAMETER: parameter,
        PUBLIC_URL: publicUrl,
        // As callers are told apart: a role without its path.
        ADMIN_OPERATORS: config.admin.operators.map((arn) => principalArnOf(arn) ?? arn).join(' '),
        AUDIT_DIGEST_SECRET_ARN: data.auditDigestKey.secretArn,
      },
    });
    this.#admin = admin;
    const { tableArn } = data.registry.table;
    admin.allow(
      tableArn,
      'dynamodb:GetItem',
      'dynamodb:PutItem',
      'dynamodb:UpdateItem',
      'dynamodb:DeleteItem',
      // The doctor looks for principals of tenants that are not there, which no collection lists.
      'dynamodb:Scan',
    );
    data.encryption?.grantReadWrite(admin);
    admin.allow(`${tableArn}/index/${registryTable.index.name}`, 'dynamodb:Query');
    admin.allow(data.usage.table.tableArn, 'dynamodb:GetItem', 'dynamodb:UpdateItem');
    admin.allow(this.#parameterArn(parameter), 'ssm:GetParameter');
    admin.allow(data.pepper.secretArn, 'secretsmanager:GetSecretValue');
    admin.allow(data.auditDigestKey.secretArn, 'secretsmanager:GetSecretValue');
    admin.allow(auditLog.logGroupArn, 'logs:StartQuery');
    // Takes no log group: whoever has a query's id has started it.
    admin.allow('*', 'logs:GetQueryResults');
    acknowledge(
      admin,
      'AwsSolutions-IAM5[Resource::*]',
      'CloudWatch Logs lets nobody narrow logs:GetQueryResults; what may be queried is one log group.',
    );
    // To connect to a live server when an operator asks how it is.
    for (const { secretArn } of data.upstreamSecrets.values()) {
      admin.allow(secretArn, 'secretsmanager:GetSecretValue');
    }

    const integration = new LambdaIntegration(admin.function, { timeout, allowTestInvoke: false });
    this.methods = adminPaths.flatMap((path) => {
      const resource = api.root.resourceForPath(path);
      return adminMethods.map((method) =>
        resource.addMethod(method, integration, { authorizationType: AuthorizationType.IAM }),
      );
    });
  }

  get logGroupName(): string {
    return this.#admin.function.logGroup.logGroupName;
  }

  /**
   * Lets the function give tenants their keys of these plans. A policy of its own: the function waits for its role's
   * default policy, and plans wait for the stage, which waits for the function's routes.
   */
  grantPlans(plans: readonly UsagePlan[]): void {
    const { role } = this.#admin.function;
    if (role === undefined) throw new Error('a function that is made here has a role');
    const keys = this.#controlPlaneArn('/apikeys');
    const collections = [
      keys,
      ...plans.map(({ usagePlanId }) => this.#controlPlaneArn(`/usageplans/${usagePlanId}/keys`)),
    ];
    const members = collections.map((arn) => `${arn}/*`);
    const allow = (actions: string[], resources: string[]) =>
      new PolicyStatement({ effect: Effect.ALLOW, actions, resources });
    const policy = new Policy(this, 'Plans', {
      roles: [role],
      statements: [
        // Which keys and plans there are, and which plan a key is in.
        allow(['apigateway:GET'], [...collections, this.#controlPlaneArn('/usageplans')]),
        allow(['apigateway:POST'], collections),
        allow(['apigateway:PATCH'], [`${keys}/*`]),
        allow(['apigateway:DELETE'], members),
      ],
    });
    for (const arn of members) {
      acknowledge(
        policy,
        `AwsSolutions-IAM5[Resource::${asReported(this, arn)}]`,
        'API Gateway gives a tenant’s key its id when it is made: what may be deleted has no name before.',
      );
    }
  }

  #parameterArn(name: string): string {
    return Stack.of(this).formatArn({
      service: 'ssm',
      resource: 'parameter',
      resourceName: name.replace(/^\//u, ''),
    });
  }

  /** Of API Gateway's control plane, whose ARNs are paths without an account. */
  #controlPlaneArn(path: string): string {
    return Stack.of(this).formatArn({
      service: 'apigateway',
      account: '',
      resource: path,
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
  }
}
