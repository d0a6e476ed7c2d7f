import type { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { addMockRoute } from './mock-route.ts';

/**
 * The protected resource's document (RFC 9728), at both places where clients look for it, for authorization servers
 * that are complete by themselves. API Gateway answers it; no function runs.
 */
export const addResourceMetadata = (
  api: RestApi,
  publicUrl: string,
  issuers: readonly { readonly issuer: string; readonly requiredScope: string }[],
): void => {
  const body = JSON.stringify({
    resource: `${publicUrl}/mcp`,
    authorization_servers: issuers.map(({ issuer }) => issuer),
    scopes_supported: [...new Set(issuers.map(({ requiredScope }) => requiredScope))],
    bearer_methods_supported: ['header'],
    resource_name: 'Drawbridge',
  });
  for (const path of [
    '.well-known/oauth-protected-resource',
    '.well-known/oauth-protected-resource/mcp',
  ]) {
    addMockRoute(api.root.resourceForPath(path), 'GET', {
      statusCode: '200',
      headers: { 'Access-Control-Allow-Origin': '*', 'Cache-Control': 'max-age=300' },
      body,
    });
  }
};
