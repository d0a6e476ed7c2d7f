import { afterOthers } from './incomplete.ts';
import type { AdminPorts } from './ports.ts';

/**
 * Tells the counters that a credential is refused, now or from a time on. The registry says so already: what this adds is
 * that cached answers of the authorizer stop counting.
 *
 * @param keyId - of the API key that it is.
 * @throws AdminError INCOMPLETE.
 */
export const revokeCredential = (
  { standing }: Pick<AdminPorts, 'standing'>,
  {
    tenant,
    subject,
    at,
  }: { readonly tenant: string; readonly subject: string; readonly at: number },
  keyId: string,
): Promise<void> =>
  afterOthers(
    `tell the counters that key ${keyId} is refused`,
    `Its record says so, which holds for every new answer of the authorizer; one that is cached lets the key in until it ends ` +
      '(`authorizer.cacheSeconds` of the deployment). Revoke it again for it to hold at once.',
    () => standing.revoke(tenant, subject, at),
  );
