import {
  AuthorizationType,
  LambdaIntegration,
  type Method,
  type RestApi,
} from 'aws-cdk-lib/aws-apigateway';
import { Construct } from 'constructs';
import type { BundledFunction } from './bundled-function.ts';

export interface OAuthRoutesProps {
  readonly api: RestApi;
  readonly oauth: BundledFunction;
}

/** Documents that clients look for with the path of the MCP endpoint behind them, or without (content/http-api.md). */
const documents = [
  'oauth-protected-resource',
  'oauth-authorization-server',
  'openid-configuration',
].flatMap((name) => [`.well-known/${name}`, `.well-known/${name}/mcp`]);

/** What OAuth clients read and call before they have a token. `OPTIONS` is for clients in browsers: a preflight. */
const routes: readonly (readonly [method: string, path: string])[] = [
  ...documents.flatMap((path) => [['GET', path] as const, ['OPTIONS', path] as const]),
  ['POST', 'oauth/register'],
  ['OPTIONS', 'oauth/register'],
  ['GET', 'oauth/authorize'],
  ['POST', 'oauth/authorize'],
  ['GET', 'oauth/callback'],
  ['POST', 'oauth/token'],
  ['OPTIONS', 'oauth/token'],
];

/** The OAuth facade's routes: open, since they are how a client comes by a credential. */
export class OAuthRoutes extends Construct {
  readonly methods: readonly Method[];

  constructor(scope: Construct, id: string, { api, oauth }: OAuthRoutesProps) {
    super(scope, id);
    const integration = new LambdaIntegration(oauth.function, { allowTestInvoke: false });
    this.methods = routes.map(([method, path]) =>
      api.root
        .resourceForPath(path)
        .addMethod(method, integration, { authorizationType: AuthorizationType.NONE }),
    );
  }
}
