import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthorizedCall } from '../../../local/aws/authorization.ts';
import { startAwsEndpoint, type AwsEndpoint } from '../../../local/aws/aws-endpoint.ts';
import { credentialEnvironment, LocalCredentials } from '../../../local/aws/credentials.ts';
import { rolePolicies } from '../../../local/aws/role-policies.ts';
import type { FunctionDefinition } from '../../../local/lambda/function-service.ts';
import { LambdaService, type LambdaServiceOptions } from '../../../local/lambda/lambda-service.ts';
import { MemoryLogSink } from '../../../local/log/memory-log-sink.ts';
import type { ApiKeyService } from '../../../local/usage/api-key-service.ts';
import { awsEnv, type AwsEnv } from '../../../src/aws/signed-request.ts';
import { accountId, deploymentOf, region, resource } from './aws-fixture.ts';

const callerRole = `arn:aws:iam::${accountId}:role/Caller`;

/** Functions behind the twin's own Lambda API, and a role that may call what `allowed` names. */
export class LambdaApiFixture implements AsyncDisposable {
  readonly endpoint: AwsEndpoint;
  readonly lambda: LambdaService;
  readonly log: MemoryLogSink;
  readonly calls: AuthorizedCall[];
  readonly errors: unknown[];
  /** What the caller's function has in its environment. */
  readonly env: AwsEnv;
  readonly #directories: readonly string[];

  private constructor(
    parts: Pick<LambdaApiFixture, 'endpoint' | 'lambda' | 'log' | 'calls' | 'errors' | 'env'>,
    directories: readonly string[],
  ) {
    this.endpoint = parts.endpoint;
    this.lambda = parts.lambda;
    this.log = parts.log;
    this.calls = parts.calls;
    this.errors = parts.errors;
    this.env = parts.env;
    this.#directories = directories;
  }

  static async start(
    functions: readonly FunctionDefinition[],
    options: Partial<LambdaServiceOptions> & { readonly allowed?: readonly string[] } = {},
  ): Promise<LambdaApiFixture> {
    const { allowed = functions.map(({ arn }) => arn), ...limits } = options;
    const deployment = deploymentOf([
      ...functions.map(({ name, arn }) => resource('AWS::Lambda::Function', name, arn, {})),
      resource('AWS::IAM::Role', 'Caller', callerRole, {
        Policies: [
          {
            PolicyName: 'invoke',
            PolicyDocument: {
              Version: '2012-10-17',
              Statement: [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: allowed }],
            },
          },
        ],
      }),
    ]);
    const credentials = new LocalCredentials(accountId, (arn) => rolePolicies(deployment, arn));
    const stateDir = mkdtempSync(join(tmpdir(), 'twin-lambda-api-'));
    const calls: AuthorizedCall[] = [];
    const errors: unknown[] = [];
    const log = new MemoryLogSink();
    const started: { lambda?: LambdaService } = {};
    const endpoint = await startAwsEndpoint({
      deployment,
      stateDir,
      credentials,
      apiKeys: {} as ApiKeyService,
      onError: (error) => errors.push(error),
      onCall: (call) => calls.push(call),
      functions: () => {
        if (started.lambda === undefined) throw new Error('not yet');
        return started.lambda;
      },
    });
    const lambda = new LambdaService({
      functions,
      log,
      awsEnvironment: () => ({ ...endpoint.environment, AWS_ACCESS_KEY_ID: 'of-the-sandbox' }),
      ...limits,
    });
    started.lambda = lambda;
    const key = credentials.forRole({
      roleArn: callerRole,
      sessionName: 'mcp',
      displayName: 'Test/Mcp',
    });
    const env = awsEnv.parse({
      ...endpoint.environment,
      ...credentialEnvironment(key),
      AWS_REGION: region,
    });
    return new LambdaApiFixture({ endpoint, lambda, log, calls, errors, env }, [
      stateDir,
      ...functions.map(({ codeDirectory }) => codeDirectory),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lambda.close();
    await this.endpoint.close();
    for (const directory of this.#directories) {
      rmSync(directory, { recursive: true, force: true });
    }
  }
}
