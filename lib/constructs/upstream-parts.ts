import { Duration, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import type { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { DeploymentDocument } from '../../src/admin/deployment-document.ts';
import { kindOfSpec, urlOfSpec } from '../../src/admin/server-kind.ts';
import type { UpstreamSpec } from '../../src/upstreams/upstream-spec.ts';
import type { DrawbridgeConfig } from '../config.ts';
import type { FunctionAssets } from '../function-assets.ts';
import type { BundledFunction } from './bundled-function.ts';
import { StdioSandbox } from './stdio-sandbox.ts';

export interface UpstreamPartsProps {
  readonly config: DrawbridgeConfig;
  readonly bundles: Pick<FunctionAssets, 'sandboxes'>;
  readonly upstreams: readonly UpstreamSpec[];
  readonly data: { readonly upstreamSecrets: ReadonlyMap<string, Secret> };
  readonly logRemovalPolicy: RemovalPolicy;
}

const unlessEmpty = <T extends object>(part: T, isEmpty: boolean): T | Record<string, never> =>
  isEmpty ? {} : part;

/** What upstreams need in AWS: a sandbox function for each stdio server, and leave to call it and to read secrets. */
export class UpstreamParts extends Construct {
  readonly #props: UpstreamPartsProps;
  /** By the name of the server. */
  readonly #sandboxes: ReadonlyMap<string, StdioSandbox>;

  constructor(scope: Construct, id: string, props: UpstreamPartsProps) {
    super(scope, id);
    const { config, bundles, logRemovalPolicy } = props;
    const { sandbox } = config.upstreams;
    this.#props = props;
    this.#sandboxes = new Map(
      bundles.sandboxes.map((asset) => [
        asset.name,
        new StdioSandbox(this, asset.name, {
          asset,
          sandbox,
          timeout: Duration.seconds(sandbox.timeoutSeconds ?? config.mcp.timeoutSeconds),
          logRetention: config.logs.auditRetentionDays,
          logRemovalPolicy,
        }),
      ]),
    );
  }

  /** What operators need to know. What is empty is left out: a parameter has at most 4 KB. */
  get facts(): Pick<DeploymentDocument, 'secrets' | 'upstreams' | 'allowLoopback'> {
    const { config, upstreams } = this.#props;
    return {
      ...unlessEmpty({ secrets: this.#secretArns }, config.secrets.length === 0),
      ...unlessEmpty(
        { upstreams: upstreams.map((spec) => this.#describe(spec)) },
        upstreams.length === 0,
      ),
      ...(config.upstreams.allowLoopback ? { allowLoopback: true } : {}),
    };
  }

  /** Lets the function use the upstreams, and tells it where they are (lambdas/mcp/upstream-connections.ts). */
  grantUse(mcp: BundledFunction): void {
    const { config, data } = this.#props;
    const stack = Stack.of(this);
    mcp.addEnvironment({
      NEW_TOOLS: config.upstreams.newTools,
      ALLOW_LOOPBACK: String(config.upstreams.allowLoopback),
      UPSTREAM_SECRETS: stack.toJsonString(this.#secretArns),
      SANDBOX_FUNCTIONS: stack.toJsonString(this.#functionNames),
    });
    for (const { secretArn } of data.upstreamSecrets.values()) {
      mcp.allow(secretArn, 'secretsmanager:GetSecretValue');
    }
    for (const { function: sandbox } of this.#sandboxes.values()) {
      mcp.allow(sandbox.functionArn, 'lambda:InvokeFunction');
    }
  }

  get #secretArns(): Record<string, string> {
    const { upstreamSecrets } = this.#props.data;
    return Object.fromEntries(
      [...upstreamSecrets].map(([name, { secretArn }]) => [name, secretArn]),
    );
  }

  get #functionNames(): Record<string, string> {
    return Object.fromEntries(
      [...this.#sandboxes].map(([name, sandbox]) => [name, sandbox.function.functionName]),
    );
  }

  #describe(spec: UpstreamSpec): NonNullable<DeploymentDocument['upstreams']>[number] {
    const url = urlOfSpec(spec);
    const sandbox = this.#sandboxes.get(spec.name);
    return {
      name: spec.name,
      kind: kindOfSpec(spec),
      ...(spec.prefix === spec.name ? {} : { prefix: spec.prefix }),
      ...(spec.tenants === '*' ? {} : { tenants: [...spec.tenants] }),
      ...(url === undefined ? {} : { url }),
      ...(sandbox === undefined ? {} : { function: sandbox.function.functionName }),
    };
  }
}
