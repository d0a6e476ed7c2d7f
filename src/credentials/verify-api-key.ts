import type { Clock } from '../clock/clock.ts';
import type { Principal } from '../principals/principal.ts';
import type { KeyReader } from '../registry/registry.ts';
import { parseApiKey } from './api-key.ts';
import type { PepperSource } from './pepper-source.ts';
import { isInNetworks } from './source-networks.ts';

/** Why a credential was refused: for the log. The caller learns only that it was. */
export type RefusalReason =
  | 'malformed'
  | 'unknown'
  | 'secret'
  | 'tenant'
  | 'pepper-version'
  | 'revoked'
  | 'suspended'
  | 'expired'
  | 'source';

export type Verification =
  | {
      readonly kind: 'verified';
      readonly principal: Principal;
      /** The value of the tenant's API Gateway key. */
      readonly usageKey: string;
    }
  | { readonly kind: 'refused'; readonly reason: RefusalReason; readonly keyId?: string };

export interface ApiKeyVerifierDeps {
  readonly keys: KeyReader;
  readonly peppers: PepperSource;
  readonly now: Clock;
}

export type ApiKeyVerifier = (apiKey: string, sourceIp: string) => Promise<Verification>;

/** Spent on an unknown key id, so that it takes as long as a wrong secret does. */
const nobody = { hash: 'A'.repeat(43) } as const;

/**
 * Decides on an API key with one read of one item, and none for a key whose checksum is wrong.
 *
 * What the key's owner could change (status, expiry, network) is looked at only after the secret has proved
 * ownership, so that nobody else learns of it.
 *
 * @throws Error when the registry or the pepper cannot be read: the caller must then fail, never allow.
 */
export const createApiKeyVerifier =
  ({ keys, peppers, now }: ApiKeyVerifierDeps): ApiKeyVerifier =>
  async (apiKey, sourceIp) => {
    const parts = parseApiKey(apiKey);
    if (parts === undefined) return { kind: 'refused', reason: 'malformed' };
    const { keyId } = parts;
    const refused = (reason: RefusalReason): Verification => ({ kind: 'refused', reason, keyId });

    const [record, held] = await Promise.all([keys.getKey(keyId), peppers.get()]);
    const pepper = record === undefined ? held : await peppers.get(record.pepperVersion);
    // One HMAC and one comparison, whatever is known of the key: how long it takes tells nothing.
    const isHeld = record !== undefined && pepper.has(record.pepperVersion);
    const matches = isHeld
      ? pepper.matches(apiKey, record.hash, record.pepperVersion)
      : pepper.matches(apiKey, nobody.hash, pepper.currentVersion);
    if (record === undefined) return refused('unknown');
    if (!isHeld) return refused('pepper-version');
    if (!matches) return refused('secret');
    if (record.tenant !== parts.tenant) return refused('tenant');
    if (record.status !== 'active') return refused('revoked');
    if (record.suspended === true) return refused('suspended');
    if (record.expiresAt !== undefined && record.expiresAt * 1000 <= now())
      return refused('expired');
    if (record.cidrs !== undefined && !isInNetworks(sourceIp, record.cidrs))
      return refused('source');

    return {
      kind: 'verified',
      principal: {
        tenant: record.tenant,
        subject: `key:${keyId}`,
        role: record.role,
        lane: 'key',
        plan: record.plan,
        keyId,
        ...(record.cidrs === undefined ? {} : { cidrs: record.cidrs }),
        ...(record.expiresAt === undefined ? {} : { expiresAt: record.expiresAt }),
        ...(record.policyVersion === undefined ? {} : { policyVersion: record.policyVersion }),
      },
      usageKey: record.usageKey,
    };
  };
