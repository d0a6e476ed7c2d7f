import type { CallRequest } from '../../../src/gateway/gateway.ts';
import type { Principal } from '../../../src/principals/principal.ts';

export const aPrincipal = (changes: Partial<Principal> = {}): Principal => ({
  tenant: 'demo',
  subject: 'key:Abcd1234',
  role: 'user',
  lane: 'key',
  plan: 'free',
  ...changes,
});

/** A request of somebody's to the gateway, of a client that can do nothing special. */
export const aCaller = (
  changes: Partial<CallRequest> & { readonly who?: Partial<Principal> } = {},
): CallRequest => {
  const { who, ...request } = changes;
  return {
    principal: aPrincipal(who),
    requestId: 'req-1',
    sourceIp: '203.0.113.7',
    hops: 0,
    name: '',
    args: undefined,
    ...request,
  };
};
