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

/** What OAuth clients read and call before they have a token (content/http-api.md). */
const routes: readonly (readonly [method: string, path: string])[] = [
  ['GET', '.well-known/oauth-protected-resource'],
  ['GET', '.well-known/oauth-protected-resource/mcp'],
  ['GET', '.well-known/oauth-authorization-server'],
  ['GET', '.well-known/openid-configuration'],
  ['POST', 'oauth/register'],
  ['GET', 'oauth/authorize'],
  ['POST', 'oauth/authorize'],
  ['GET', 'oauth/callback'],
  ['POST', 'oauth/token'],
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
