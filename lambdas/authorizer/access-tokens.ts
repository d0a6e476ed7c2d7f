import { createJwksFetch } from '../../src/credentials/jwt-keys-fetch.ts';
import { tokenIssuersEnv } from '../../src/credentials/token-issuers.ts';
import {
  createAccessTokenVerifier,
  type AccessTokenVerifier,
} from '../../src/credentials/verify-access-token.ts';
import type { KeyTable } from '../../src/registry/dynamodb-key-reader.ts';
import { DynamoDbPrincipalReader } from '../../src/registry/dynamodb-principal-reader.ts';

/**
 * The JWT lane. The build makes a file of its own of this one, which is loaded at the first token: callers with keys
 * do not pay for it in their cold start (docs/adr/0004-bundle-format.md).
 *
 * @throws Error when TOKEN_ISSUERS is not what it should be.
 */
export const createVerifier = (
  env: Readonly<Record<string, string | undefined>>,
  table: KeyTable,
): AccessTokenVerifier =>
  createAccessTokenVerifier({
    issuers: tokenIssuersEnv.parse(env).TOKEN_ISSUERS,
    tenants: new DynamoDbPrincipalReader(table),
    fetchJwks: createJwksFetch(),
    now: Date.now,
  });
