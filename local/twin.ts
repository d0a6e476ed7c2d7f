import { join } from 'node:path';
import { Authorizer, type AuthorizedCall } from './aws/authorization.ts';
import { loadAddressedDeployment } from './addressed-deployment.ts';
import { startAwsEndpoint, type AwsEndpoint } from './aws/aws-endpoint.ts';
import { credentialEnvironment, LocalCredentials } from './aws/credentials.ts';
import { HookExecutions } from './aws/codedeploy/hook-executions.ts';
import { createIamVerifier } from './aws/iam-verifier.ts';
import { rolePolicies } from './aws/role-policies.ts';
import type { AwsCredentials } from './connection.ts';
import {
  simulateDeployments,
  type SimulatedDeployment,
} from './deployments/simulate-deployment.ts';
import { startGateway, type Gateway } from './gateway/gateway.ts';
import { HttpListener } from './gateway/http-listener.ts';
import { functionDefinitions } from './lambda/function-definitions.ts';
import { startCognito, type Cognito } from './cognito/cognito.ts';
import { LambdaService } from './lambda/lambda-service.ts';
import { FileLogSink } from './log/file-log-sink.ts';
import type { LogStore } from './log/log-sink.ts';
import type { Deployment } from './template/deployment.ts';
import { assertInvokePermissions } from './template/invoke-permissions.ts';
import { onlyAtAws } from './template/resource-types.ts';
import { openUsage } from './usage/open-usage.ts';

/** Where the twin's resources are said to be when the template does not say. Nothing of it exists at AWS. */
export const twinAccount = { accountId: '000000000000', region: 'us-east-1' } as const;

export interface TwinOptions {
  /** A synthesized application. */
  readonly cdkOut: string;
  /** Tables, secrets, API keys and logs are kept here, and found again at the next start. */
  readonly stateDirectory: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Where the API answers, when that outlives this twin: `port` is then not used. */
  readonly listener?: HttpListener | undefined;
  /** @default files in `<stateDirectory>/logs` */
  readonly log?: LogStore;
  /** Hears each AWS call that a function's own role does not allow. */
  readonly onRefusal?: (call: AuthorizedCall) => void;
  /** Hears each AWS call that was allowed. */
  readonly onCall?: (call: AuthorizedCall) => void;
  /** What goes wrong in the twin itself, or in API Gateway's part, as one line without headers or bodies. */
  readonly onProblem?: (line: string) => void;
  readonly maxSandboxesPerFunction?: number;
}

/** A session of the role that CI jobs assume on AWS; here it is handed out without a token of GitHub's. */
export interface CiCredentials extends AwsCredentials {
  readonly roleArn: string;
}

export interface Twin {
  readonly url: string;
  readonly deployment: Deployment;
  readonly operator: AwsCredentials;
  /**
   * Credentials of an IAM user of this name, for tests of what a function makes of callers. As an operator's, they are
   * allowed everything that the twin implements.
   */
  userCredentials(name: string): AwsCredentials & { readonly arn: string };
  /** Undefined when the template has no such role (`ci.github` of the configuration). */
  readonly ciRole: CiCredentials | undefined;
  readonly aws: AwsEndpoint;
  readonly lambda: LambdaService;
  /** The user pool, when the template has one. */
  readonly pool: Cognito | undefined;
  /** Deploys what runs as CodeDeploy would: each alias's hook decides whether traffic is let to its version. */
  simulateDeployments(): Promise<readonly SimulatedDeployment[]>;
  /** Parts of the template that only AWS can evaluate. */
  readonly notEvaluated: Gateway['notEvaluated'];
  close(): Promise<void>;
}

const openLog = (directory: string, closing: (() => void)[]): LogStore => {
  const log = new FileLogSink(directory);
  closing.push(() => log.close());
  return log;
};

/** The caller's, or one of the twin's own, which ends with it. */
const listenerOf = async ({ listener, port, onProblem }: TwinOptions) => {
  if (listener !== undefined) return { listener, closeListener: () => undefined };
  const own = await HttpListener.open(port, '127.0.0.1', (error) =>
    onProblem?.(`listener: ${error.message}`),
  );
  return { listener: own, closeListener: () => own.close() };
};

const ciRoleOf = (
  deployment: Deployment,
  credentials: LocalCredentials,
): CiCredentials | undefined => {
  const role = deployment
    .ofType('AWS::IAM::Role')
    .find(({ displayName }) => displayName.includes('CiRole'));
  if (role === undefined) return undefined;
  const { arn: roleArn, displayName } = role;
  const { principal: _, ...key } = credentials.forRole({ roleArn, displayName, sessionName: 'ci' });
  return { region: deployment.region, ...key, roleArn };
};

/** @param name - @default the operator's */
const userOf = (
  { region }: Deployment,
  credentials: LocalCredentials,
  name?: string,
): ReturnType<Twin['userCredentials']> => {
  const { accessKeyId, secretAccessKey, principal } = credentials.forOperator(name);
  return { region, accessKeyId, secretAccessKey, arn: principal.principalArn };
};

/**
 * Runs a synthesized application on this machine.
 * @throws Error that names what of the template it does not implement, or why it cannot start.
 */
export const startTwin = async (options: TwinOptions): Promise<Twin> => {
  const { stateDirectory, onProblem = () => undefined } = options;
  const closing: (() => void | Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    // Taken before anything is told of it: a port that was only looked at may be somebody else's by then.
    const { listener, closeListener } = await listenerOf(options);
    closing.push(closeListener);
    const { deployment, poolListener } = await loadAddressedDeployment(
      options.cdkOut,
      listener.url,
      twinAccount,
    );
    if (poolListener !== undefined) closing.push(() => poolListener.close());
    assertInvokePermissions(deployment);
    const log = options.log ?? openLog(join(stateDirectory, 'logs'), closing);
    const usage = openUsage({ deployment, stateDir: stateDirectory });
    closing.push(() => usage.close());
    const credentials = new LocalCredentials(deployment.accountId, (roleArn) =>
      rolePolicies(deployment, roleArn),
    );
    const hooks = new HookExecutions();
    const aws = await startAwsEndpoint({
      deployment,
      stateDir: stateDirectory,
      apiKeys: usage.apiKeys,
      credentials,
      logs: log,
      functions: () => lambda,
      hooks,
      onError: (error) => onProblem(`AWS endpoint: ${String(error)}`),
      ...(options.onRefusal === undefined ? {} : { onRefusal: options.onRefusal }),
      ...(options.onCall === undefined ? {} : { onCall: options.onCall }),
    });
    closing.push(() => aws.close());

    const lambda = new LambdaService({
      functions: functionDefinitions(deployment),
      log,
      awsEnvironment: ({ roleArn, name, displayName }) => ({
        ...aws.environment,
        ...credentialEnvironment(credentials.forRole({ roleArn, sessionName: name, displayName })),
        AWS_REGION: deployment.region,
        AWS_DEFAULT_REGION: deployment.region,
      }),
      ...(options.maxSandboxesPerFunction === undefined
        ? {}
        : { maxSandboxesPerFunction: options.maxSandboxesPerFunction }),
    });
    closing.push(() => lambda.close());

    const pool =
      poolListener === undefined
        ? undefined
        : await startCognito({
            deployment,
            functions: lambda,
            stateDir: stateDirectory,
            listener: poolListener,
            demoUser: { username: 'demo', groups: ['tenant.demo', 'role.user'] },
            onError: (error) => onProblem(`Cognito: ${String(error)}`),
          });

    const gateway = await startGateway({
      deployment,
      functions: lambda,
      usage: usage.meter,
      listener,
      accessLog: (logGroup, line) => log.write(logGroup, line),
      wafLog: (logGroup, line) => log.write(logGroup, line),
      verifyIam: createIamVerifier({
        accountId: deployment.accountId,
        region: deployment.region,
        credentials,
        // Its own: refusals of outside callers are not faults of the template's roles.
        authorizer: new Authorizer({ accountId: deployment.accountId, region: deployment.region }),
      }),
      executionLog: (line) => onProblem(`API Gateway: ${line}`),
    });
    closing.push(() => (options.listener === undefined ? listener.close() : gateway.close()));

    const { arn: _, ...operator } = userOf(deployment, credentials);
    return {
      url: gateway.url,
      deployment,
      operator,
      userCredentials: (name) => userOf(deployment, credentials, name),
      ciRole: ciRoleOf(deployment, credentials),
      aws,
      lambda,
      pool,
      simulateDeployments: () => simulateDeployments({ deployment, functions: lambda, hooks }),
      notEvaluated: [
        ...gateway.notEvaluated,
        ...(pool?.notEvaluated ?? []),
        ...onlyAtAws(deployment.resources.map(({ type }) => type)),
      ],
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
};
