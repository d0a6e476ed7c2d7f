/** Key schema of the `Usage` table (docs/storage-schema.md): one item for each tenant and shard. */
export const usageTable = { partitionKey: 'pk' } as const;

export const usagePk = (tenant: string, shard: number): string => `TENANT#${tenant}#${shard}`;

/** Attributes of an item beside its counters, whose names are in `window.ts`. */
export const attributes = {
  /** 1 while the tenant is suspended. */
  suspended: 's',
  /** Version of the tenant's policies. */
  policyVersion: 'p',
} as const;

/** Holds the Unix second from which the credential is refused. */
export const revokedAttribute = (subject: string): string => `x${subject}`;
