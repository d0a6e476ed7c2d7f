import { mcpScopeName } from '../../src/oauth/mcp-scope.ts';
import type { CognitoConfig } from '../identity-config.ts';
import type { OAuthFacade } from './oauth-facade.ts';

/**
 * The authorizer's TOKEN_ISSUERS for a pool. Client ids are known at deployment only and stand as keys of an object,
 * where CloudFormation resolves nothing: so the JSON is made first, and they are put into its text.
 */
export const poolIssuer = (
  facade: OAuthFacade,
  publicUrl: string,
  { machineClients }: CognitoConfig,
): string => {
  const places = facade.machineClients.map(({ name, client }, index) => ({
    place: `@machine${index}@`,
    id: client.userPoolClientId,
    principal: machineClients[name],
  }));
  const text = JSON.stringify([
    {
      issuer: facade.issuer,
      jwksUri: facade.jwksUri,
      resource: `${publicUrl}/mcp`,
      clientIds: [facade.publicClient.userPoolClientId],
      requiredScope: mcpScopeName,
      tenantClaim: 'tenant',
      roleClaim: 'role',
      cognito: true,
      clients: Object.fromEntries(places.map(({ place, principal }) => [place, principal])),
    },
  ]);
  return places.reduce((json, { place, id }) => json.replace(place, id), text);
};
