import type * as CedarModule from '@cedar-policy/cedar-wasm/nodejs';

/** What of Cedar is used here. It is 4 MB of WebAssembly, so it is handed in by whoever loaded it. */
export type Cedar = Pick<
  typeof CedarModule,
  'checkParsePolicySet' | 'policyToJson' | 'preparsePolicySet' | 'statefulIsAuthorized' | 'validate'
>;

/** For programs that are no bundle: the functions load a file of their own (`lambdas/mcp/cedar.ts`). */
export const loadCedar = (): Promise<Cedar> => import('@cedar-policy/cedar-wasm/nodejs');
