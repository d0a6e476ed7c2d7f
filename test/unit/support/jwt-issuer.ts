import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';
import { createJwksFetch } from '../../../src/credentials/jwt-keys-fetch.ts';
import type { JwksPolicy } from '../../../src/credentials/jwks-source.ts';
import type { TokenIssuer } from '../../../src/credentials/token-issuers.ts';
import { createAccessTokenVerifier } from '../../../src/credentials/verify-access-token.ts';
import type { TenantRecord } from '../../../src/registry/records.ts';

export const resource = 'https://mcp.example.com/mcp';
export const cognitoIssuer =
  'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Pool00001';
export const publicClient = 'public-client-1';
export const machineClient = 'machine-client-1';

export interface SigningKey {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly jwk: JWK;
}

export const aSigningKey = async (kid: string, alg = 'RS256'): Promise<SigningKey> => {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  return {
    kid,
    alg,
    privateKey,
    jwk: { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' },
  };
};

/** Real time: the library under the verifier knows no other. */
export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

/** An access token's claims as Cognito writes them, for a user who asked for our resource. */
export const userClaims = (): Record<string, unknown> => ({
  sub: '0f9c2b1e-7a51-4f0e-9d3c-aaaaaaaaaaaa',
  iss: cognitoIssuer,
  aud: resource,
  client_id: publicClient,
  token_use: 'access',
  scope: 'openid drawbridge/mcp',
  username: 'ada',
  'cognito:groups': ['tenant.acme'],
  version: 2,
  jti: 'jti-1',
  auth_time: nowSeconds() - 5,
  iat: nowSeconds() - 5,
  exp: nowSeconds() + 3_600 * 48,
  tenant: 'acme',
  role: 'readonly',
});

/** A client-credentials token as Cognito writes it. */
export const machineClaims = (): Record<string, unknown> => ({
  sub: machineClient,
  iss: cognitoIssuer,
  client_id: machineClient,
  token_use: 'access',
  scope: 'drawbridge/mcp',
  version: 2,
  jti: 'jti-2',
  iat: nowSeconds() - 5,
  exp: nowSeconds() + 3_600,
});

export const signed = (
  claims: Record<string, unknown>,
  key: SigningKey,
  header: Record<string, unknown> = {},
): Promise<string> =>
  new SignJWT(claims)
    .setProtectedHeader({ alg: key.alg, kid: key.kid, typ: 'JWT', ...header })
    .sign(key.privateKey);

export const part = (value: unknown): string =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** Signs bytes as they are: what no library would write. */
export const signedBytes = async (
  header: string,
  payload: string,
  key: SigningKey,
): Promise<string> => {
  const input = `${part(header)}.${part(payload)}`;
  const signature = await crypto.subtle.sign(
    'RSASSA-PKCS1-v1_5',
    key.privateKey,
    Buffer.from(input),
  );
  return `${input}.${Buffer.from(signature).toString('base64url')}`;
};

export interface HttpServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: string[];
}

export const serve = async (listener: RequestListener): Promise<HttpServer> => {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(request.url ?? '');
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};

export const tenant: TenantRecord = {
  tenant: 'acme',
  name: 'Acme',
  plan: 'pro',
  status: 'active',
  usageKey: 'usage-key-of-acme-0001',
  apiGatewayKeyId: 'abc',
  createdAt: '2026-11-21T05:00:00.000Z',
  revision: 1,
};

export const anIssuer = (jwksUri: string, overrides: Partial<TokenIssuer> = {}): TokenIssuer => ({
  issuer: cognitoIssuer,
  jwksUri,
  resource,
  clientIds: [publicClient],
  requiredScope: 'drawbridge/mcp',
  tenantClaim: 'tenant',
  roleClaim: 'role',
  cognito: true,
  clients: { [machineClient]: { tenant: 'acme', role: 'user' } },
  ...overrides,
});

export interface WorldOptions {
  readonly keys: readonly SigningKey[];
  readonly issuer?: Partial<TokenIssuer>;
  readonly tenants?: readonly TenantRecord[];
  readonly policy?: Partial<JwksPolicy>;
}

/** The verifier, an issuer's JWKS endpoint over HTTP, and a clock that can be moved ahead. */
export const aTokenWorld = async ({ keys, issuer, tenants = [tenant], policy }: WorldOptions) => {
  const state = { jwks: { keys: keys.map(({ jwk }) => jwk) }, up: true, ahead: 0 };
  const endpoint = await serve((_, response) => {
    if (state.up) response.end(JSON.stringify(state.jwks));
    else response.writeHead(503).end();
  });
  const read: string[] = [];
  const verify = createAccessTokenVerifier({
    issuers: [anIssuer(`${endpoint.url}/jwks.json`, issuer)],
    tenants: {
      getTenant: async (id) => {
        read.push(id);
        return tenants.find((record) => record.tenant === id);
      },
    },
    fetchJwks: createJwksFetch(),
    now: () => Date.now() + state.ahead,
    ...(policy === undefined ? {} : { jwksPolicy: policy }),
  });
  return {
    verify,
    state,
    /** Tenants that were read. */
    read,
    /** Fetches of the JWKS, in order. */
    fetches: endpoint.requests,
    [Symbol.asyncDispose]: () => endpoint[Symbol.asyncDispose](),
  };
};
