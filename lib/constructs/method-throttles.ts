import type { MethodDeploymentOptions } from 'aws-cdk-lib/aws-apigateway';
import type { DrawbridgeConfig } from '../config.ts';
import { adminMethods, adminPaths } from './admin-api.ts';

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
  { throttle, identity, admin }: Pick<DrawbridgeConfig, 'throttle' | 'identity' | 'admin'>,
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
    ...(admin.enabled
      ? adminPaths.flatMap((path) =>
          adminMethods.map((method) => [`${path}/${method}`, throttle.admin] as const),
        )
      : []),
  ];
  return Object.fromEntries(
    limits.map(([path, { rateLimit, burstLimit }]) => [
      path,
      { ...common, throttlingRateLimit: rateLimit, throttlingBurstLimit: burstLimit },
    ]),
  );
};
