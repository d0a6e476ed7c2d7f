import { mintApiKey, parseApiKey } from '../../src/credentials/api-key.ts';
import { PepperSource } from '../../src/credentials/pepper-source.ts';
import { Pepper } from '../../src/credentials/pepper.ts';
import { createApiKeyVerifier } from '../../src/credentials/verify-api-key.ts';
import type { KeyRecord } from '../../src/registry/records.ts';

/** The verifier as it is, and one that ends early where there is nothing to compare. */
export const inProcessVerifiers = () => {
  const secret = JSON.stringify({ current: '1', '1': 'p'.repeat(64) });
  const pepper = Pepper.parse(secret);
  const { key: existing, keyId } = mintApiKey('acme');
  const record: KeyRecord = {
    keyId,
    tenant: 'acme',
    name: 'timed',
    role: 'user',
    plan: 'premium',
    status: 'active',
    usageKey: 'u'.repeat(32),
    createdAt: new Date().toISOString(),
    ...pepper.hash(existing),
  };
  const getKey = async (id: string) => (id === keyId ? record : undefined);
  const honest = createApiKeyVerifier({
    keys: { getKey },
    peppers: new PepperSource(async () => secret, Date.now),
    now: Date.now,
  });
  const leaky = async (key: string): Promise<boolean> => {
    const parts = parseApiKey(key);
    const found = await getKey(parts?.keyId ?? '');
    // The fault that is looked for: nothing is computed for a key that does not exist.
    return found !== undefined && pepper.matches(key, found.hash, found.pepperVersion);
  };
  return { honest, leaky, existing };
};
