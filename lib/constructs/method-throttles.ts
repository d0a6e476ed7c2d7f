import type { MethodDeploymentOptions } from 'aws-cdk-lib/aws-apigateway';
import type { DrawbridgeConfig } from '../config.ts';

interface Limits {
  readonly rateLimit: number;
  readonly burstLimit: number;
}

/**
 * Rates of single methods, by path and method. Only of methods that exist: API Gateway refuses a stage with others.
 * What a method's setting leaves out falls back to API Gateway's defaults and not to those of the stage, so each
 * repeats `common`.
 */
export const methodThrottles = (
  { throttle, identity }: Pick<DrawbridgeConfig, 'throttle' | 'identity'>,
  common: MethodDeploymentOptions,
): Record<string, MethodDeploymentOptions> => {
  const { register, signIn, ci } = throttle;
  const limits: readonly (readonly [string, Limits])[] = [
    ['/ci/mcp/POST', ci],
    ...(identity.provider === 'cognito'
      ? ([
          ['/oauth/register/POST', register],
          ['/oauth/authorize/GET', signIn],
          ['/oauth/authorize/POST', signIn],
          ['/oauth/callback/GET', signIn],
          ['/oauth/token/POST', signIn],
        ] as const)
      : []),
  ];
  return Object.fromEntries(
    limits.map(([path, { rateLimit, burstLimit }]) => [
      path,
      { ...common, throttlingRateLimit: rateLimit, throttlingBurstLimit: burstLimit },
    ]),
  );
};
