import { CfnOutput, Stack, type Environment } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DrawbridgeConfig } from '../config.ts';
import { AuditArchive } from '../constructs/audit-archive.ts';

export interface ArchiveStackProps {
  readonly env: Environment;
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  /** Names of the log groups that hold audit records, by whose they are. */
  readonly logGroups: Readonly<Record<string, string>>;
}

/** The audit where nobody can change it. Apart from everything else: it outlives the deployment. */
export class ArchiveStack extends Stack {
  constructor(
    scope: Construct,
    id: string,
    { env, envName, config, logGroups }: ArchiveStackProps,
  ) {
    super(scope, id, {
      env,
      description: `Drawbridge ${envName}: archive of the audit`,
      terminationProtection: true,
    });
    const { bucket } = new AuditArchive(this, 'Archive', {
      archive: config.archive,
      logGroups,
      logRetention: config.logs.auditRetentionDays,
    });
    new CfnOutput(this, 'ArchiveBucket', { value: bucket.bucketName });
  }
}
