import * as z from 'zod';
import type { AwsCredentials } from '../../local/connection.ts';
import type { CiCredentials } from '../../local/twin.ts';
import type { PoolFacts } from '../support/pool-claims.ts';

/** What is asked of a twin in a process of its own. */
export const fromParent = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('sign'),
    id: z.number(),
    claims: z.record(z.string(), z.unknown()),
  }),
  z.object({ kind: z.literal('heap'), id: z.number() }),
  z.object({ kind: z.literal('stop') }),
]);
export type FromParent = z.infer<typeof fromParent>;

export type ToParent =
  | {
      readonly kind: 'ready';
      readonly url: string;
      readonly awsUrl: string;
      readonly operator: AwsCredentials;
      readonly ciRole: CiCredentials;
      readonly pool: PoolFacts;
    }
  | { readonly kind: 'token'; readonly id: number; readonly token: string }
  | { readonly kind: 'heap'; readonly id: number; readonly bytes: number }
  | { readonly kind: 'problem'; readonly line: string };
