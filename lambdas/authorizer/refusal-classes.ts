import type { AccessTokenRefusal } from '../../src/credentials/verify-access-token.ts';
import type { RefusalReason } from '../../src/credentials/verify-api-key.ts';

/** Why a credential was refused. */
export type AuthorizerRefusal = RefusalReason | AccessTokenRefusal | 'no-issuers';

/** The same as metrics tell it: what an operator would do differently. */
export type RefusalClass =
  /** No credential, or nothing that looks like one. */
  | 'malformed'
  /** Nobody of ours has it: a guess, or a key of another deployment. */
  | 'unknown'
  | 'expired'
  | 'revoked'
  | 'suspended'
  | 'source'
  /** A token of a trusted issuer that is not for this server. */
  | 'claims'
  /** A record that does not fit the rest of the deployment. */
  | 'inconsistent';

export const refusalClasses: Readonly<Record<AuthorizerRefusal, RefusalClass>> = {
  malformed: 'malformed',
  'too-long': 'malformed',
  'duplicate-name': 'malformed',
  header: 'malformed',
  algorithm: 'unknown',
  unknown: 'unknown',
  secret: 'unknown',
  issuer: 'unknown',
  key: 'unknown',
  signature: 'unknown',
  'no-issuers': 'unknown',
  expired: 'expired',
  revoked: 'revoked',
  suspended: 'suspended',
  source: 'source',
  claims: 'claims',
  'not-yet-valid': 'claims',
  'token-use': 'claims',
  audience: 'claims',
  client: 'claims',
  scope: 'claims',
  tenant: 'claims',
  role: 'claims',
  'unknown-tenant': 'inconsistent',
  'pepper-version': 'inconsistent',
};
