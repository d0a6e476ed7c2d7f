import type { Method, RestApi } from 'aws-cdk-lib/aws-apigateway';
import { addMockRoute } from './mock-route.ts';

/** As the facade answers a preflight (lambdas/oauth/handler.ts). */
const preflightHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, OPTIONS',
  'Access-Control-Allow-Headers': 'authorization, content-type, mcp-protocol-version',
  'Access-Control-Max-Age': '3600',
  'Cache-Control': 'no-store',
};

/**
 * The protected resource's document (RFC 9728), at both places where clients look for it, for authorization servers
 * that are complete by themselves. API Gateway answers it; no function runs.
 */
export const addResourceMetadata = (
  api: RestApi,
  publicUrl: string,
  issuers: readonly { readonly issuer: string; readonly requiredScope: string }[],
): readonly Method[] => {
  const body = JSON.stringify({
    resource: `${publicUrl}/mcp`,
    authorization_servers: issuers.map(({ issuer }) => issuer),
    scopes_supported: [...new Set(issuers.map(({ requiredScope }) => requiredScope))],
    bearer_methods_supported: ['header'],
    resource_name: 'Drawbridge',
  });
  return ['.well-known/oauth-protected-resource', '.well-known/oauth-protected-resource/mcp']
    .map((path) => api.root.resourceForPath(path))
    .flatMap((document) => [
      addMockRoute(document, 'GET', {
        statusCode: '200',
        headers: { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'max-age=300' },
        body,
      }),
      addMockRoute(document, 'OPTIONS', { statusCode: '204', headers: preflightHeaders }),
    ]);
};
