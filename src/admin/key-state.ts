import type { KeyRecord } from '../registry/records.ts';

export type KeyState = 'active' | 'expired' | 'revoked';

/** Whether a key may still be used at `now` (milliseconds since the Unix epoch). */
export const keyState = (key: Pick<KeyRecord, 'status' | 'expiresAt'>, now: number): KeyState => {
  if (key.status === 'revoked') return 'revoked';
  return key.expiresAt !== undefined && key.expiresAt * 1000 <= now ? 'expired' : 'active';
};
