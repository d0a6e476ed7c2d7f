import * as z from 'zod';

export const archiveConfig = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Copy audit records to an S3 bucket where nobody can change or delete them before their time.',
      ),
    retentionDays: z
      .int()
      .min(1)
      .max(36_500)
      .default(365)
      .describe(
        'Days that a copy is locked. It is kept after that, too, until somebody deletes it.',
      ),
    mode: z
      .enum(['GOVERNANCE', 'COMPLIANCE'])
      .default('GOVERNANCE')
      .describe(
        'Who may lift the lock: with GOVERNANCE whoever has s3:BypassGovernanceRetention, with COMPLIANCE nobody, not the account’s root either.',
      ),
  })
  .prefault({});

export type ArchiveConfig = z.infer<typeof archiveConfig>;
