import type { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import type { DeployedUpstream } from '../src/admin/deployment-document.ts';
import { createInvokeFunction } from '../src/aws/invoke-function.ts';
import type { ResolveValues } from '../src/upstreams/http-upstream.ts';
import { SandboxUpstream } from '../src/upstreams/sandbox-upstream.ts';
import type { UpstreamOfKind } from '../src/upstreams/upstream-spec.ts';
import { UpstreamError, type Upstream } from '../src/upstreams/upstream.ts';

export interface SandboxDeps {
  /** Any client: its credentials and region are the operator's. */
  readonly client: SecretsManagerClient;
  /** Of AWS itself when absent. */
  readonly endpoint?: string | undefined;
  readonly upstreams: readonly DeployedUpstream[];
  readonly resolve: ResolveValues;
}

const maxBytes = 6_291_456;

/** Connects to the sandbox functions of a deployment, with the operator's own credentials. */
export const createSandboxes =
  ({ client, endpoint, upstreams, resolve }: SandboxDeps) =>
  async (spec: UpstreamOfKind<'sandbox'>): Promise<Upstream> => {
    const { function: functionName } = upstreams.find(({ name }) => name === spec.name) ?? {};
    if (functionName === undefined) {
      throw new UpstreamError('misconfigured', 'The deployment has no sandbox of this name.');
    }
    const [region, { accessKeyId, secretAccessKey, sessionToken }] = await Promise.all([
      client.config.region(),
      client.config.credentials(),
    ]);
    const invoke = createInvokeFunction({
      AWS_REGION: region,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
      ...(sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: sessionToken }),
      ...(endpoint === undefined ? {} : { AWS_ENDPOINT_URL: endpoint }),
    });
    return new SandboxUpstream({ spec, functionName, invoke, resolve, maxBytes });
  };
