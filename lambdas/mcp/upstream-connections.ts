import * as z from 'zod';
import { awsEnv, createAwsCall } from '../../src/aws/aws-client.ts';
import { createInvokeFunction } from '../../src/aws/invoke-function.ts';
import { secretReader } from '../../src/credentials/secrets-manager-secret.ts';
import { createStreamingGuard } from '../../src/fetch-guard/streaming-fetch.ts';
import { HttpUpstream } from '../../src/upstreams/http-upstream.ts';
import { OpenApiUpstream } from '../../src/upstreams/openapi-upstream.ts';
import { ResilientUpstream } from '../../src/upstreams/resilience.ts';
import { SandboxUpstream } from '../../src/upstreams/sandbox-upstream.ts';
import { createSecretValues } from '../../src/upstreams/secret-values.ts';
import type { ConnectUpstream } from '../../src/upstreams/upstream-pool.ts';
import type { UpstreamSpec } from '../../src/upstreams/upstream-spec.ts';
import { UpstreamError, type Upstream } from '../../src/upstreams/upstream.ts';

const namesTo = (values: z.ZodType<string>) =>
  z
    .string()
    .transform((text): unknown => JSON.parse(text))
    .pipe(z.record(z.string(), values));

/** Set by `lib/stacks/gateway-stack.ts`. */
const connectionsEnv = awsEnv.extend({
  DRAWBRIDGE_VERSION: z.string().min(1),
  /** ARNs by the name that `${secret:…}` uses. */
  UPSTREAM_SECRETS: namesTo(z.string().startsWith('arn:')),
  /** Function names by the name of the sandbox. */
  SANDBOX_FUNCTIONS: namesTo(z.string().min(1)),
  ALLOW_LOOPBACK: z.stringbool({ truthy: ['true'], falsy: ['false'] }),
});

/** Of one answer. More than a tool's result may be: what is too large is told apart from what is broken. */
const maxBytes = 6_291_456;

/**
 * What connects to upstreams. The build makes a file of its own of this one, which is loaded when an upstream is asked
 * first: the MCP client is no part of a cold start that serves our own tools (docs/adr/0004-bundle-format.md).
 *
 * @throws Error when the environment is not what it should be.
 */
export const createConnections = (
  environment: Readonly<Record<string, string | undefined>>,
): ConnectUpstream => {
  const env = connectionsEnv.parse(environment);
  const secretsManager = createAwsCall(env, 'secretsmanager');
  const { fetch } = createStreamingGuard({ ports: 'any', allowLoopback: env.ALLOW_LOOPBACK });
  const resolve = createSecretValues({
    arns: env.UPSTREAM_SECRETS,
    read: (arn) => secretReader(secretsManager, arn)(),
    now: Date.now,
  });
  const invoke = createInvokeFunction(env);
  const http = { fetch, resolve, version: env.DRAWBRIDGE_VERSION, now: Date.now, maxBytes };

  const upstreamOf = (spec: UpstreamSpec): Upstream => {
    switch (spec.kind) {
      case 'http':
        return new HttpUpstream(spec, http);
      case 'openapi':
        return new OpenApiUpstream(spec, http);
      case 'sandbox': {
        const functionName = Object.hasOwn(env.SANDBOX_FUNCTIONS, spec.sandbox)
          ? env.SANDBOX_FUNCTIONS[spec.sandbox]
          : undefined;
        if (functionName === undefined) {
          throw new UpstreamError('misconfigured', 'The deployment has no such sandbox function.');
        }
        return new SandboxUpstream({ spec, functionName, invoke, resolve, maxBytes });
      }
    }
  };
  return (spec) => new ResilientUpstream(upstreamOf(spec), { now: Date.now });
};
