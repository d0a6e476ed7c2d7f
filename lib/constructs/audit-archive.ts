import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { Effect, Policy, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { CfnDeliveryStream } from 'aws-cdk-lib/aws-kinesisfirehose';
import {
  CfnSubscriptionFilter,
  LogGroup,
  LogStream,
  type RetentionDays,
} from 'aws-cdk-lib/aws-logs';
import {
  BlockPublicAccess,
  Bucket,
  BucketEncryption,
  ObjectLockRetention,
  ObjectOwnership,
} from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { ArchiveConfig } from '../archive-config.ts';
import { acknowledge } from '../security-checks.ts';

export interface AuditArchiveProps {
  readonly archive: ArchiveConfig;
  /** Names of the log groups that hold audit records. */
  readonly logGroups: Readonly<Record<string, string>>;
  readonly logRetention: RetentionDays;
}

/** Records and checkpoints: what is verified. */
const filterPattern = '{ $.type = "audit*" }';

/**
 * Copies of the audit's lines that stay as they are: log group → Firehose → a bucket with Object Lock. An object holds what CloudWatch Logs
 * sends, gzipped: lines as they are, with their times and streams.
 */
export class AuditArchive extends Construct {
  readonly bucket: Bucket;

  constructor(
    scope: Construct,
    id: string,
    { archive, logGroups, logRetention }: AuditArchiveProps,
  ) {
    super(scope, id);
    const retention = Duration.days(archive.retentionDays);
    this.bucket = new Bucket(this, 'Bucket', {
      versioned: true,
      objectLockEnabled: true,
      objectLockDefaultRetention:
        archive.mode === 'COMPLIANCE'
          ? ObjectLockRetention.compliance(retention)
          : ObjectLockRetention.governance(retention),
      encryption: BucketEncryption.S3_MANAGED,
      enforceSSL: true,
      minimumTLSVersion: 1.2,
      blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
      objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
      lifecycleRules: [{ abortIncompleteMultipartUploadAfter: Duration.days(7) }],
      removalPolicy: RemovalPolicy.RETAIN,
    });
    acknowledge(
      this.bucket,
      'AwsSolutions-S1',
      'Object Lock keeps what is here. Who reads it is a matter of CloudTrail data events, which an account switches on as a whole.',
    );
    const stream = this.#deliveryStream(logRetention);
    this.#subscribe(stream, logGroups);
  }

  #deliveryStream(retention: RetentionDays): CfnDeliveryStream {
    const errors = new LogGroup(this, 'Errors', {
      retention,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    const errorStream = new LogStream(this, 'ErrorStream', { logGroup: errors });
    const role = new Role(this, 'DeliveryRole', {
      assumedBy: new ServicePrincipal('firehose.amazonaws.com'),
      description: 'Drawbridge: writes the audit archive',
    });
    const objects = this.bucket.arnForObjects('*');
    const policy = new Policy(this, 'DeliveryPolicy', {
      roles: [role],
      // Firehose: "Grant Firehose access to an Amazon S3 destination", without reading what is there.
      statements: [
        new PolicyStatement({
          actions: ['s3:PutObject', 's3:AbortMultipartUpload'],
          resources: [objects],
        }),
        new PolicyStatement({
          actions: ['s3:GetBucketLocation', 's3:ListBucket', 's3:ListBucketMultipartUploads'],
          resources: [this.bucket.bucketArn],
        }),
        new PolicyStatement({
          actions: ['logs:PutLogEvents'],
          resources: [
            Stack.of(this).formatArn({
              service: 'logs',
              resource: 'log-group',
              resourceName: `${errors.logGroupName}:log-stream:${errorStream.logStreamName}`,
              arnFormat: ArnFormat.COLON_RESOURCE_NAME,
            }),
          ],
        }),
      ],
    });
    const bucketId = Stack.of(this).getLogicalId(this.bucket.node.defaultChild as never);
    acknowledge(
      policy,
      `AwsSolutions-IAM5[Resource::<${bucketId}.Arn>/*]`,
      'Firehose names each object itself, by time.',
    );
    const stream = new CfnDeliveryStream(this, 'Stream', {
      deliveryStreamType: 'DirectPut',
      deliveryStreamEncryptionConfigurationInput: { keyType: 'AWS_OWNED_CMK' },
      extendedS3DestinationConfiguration: {
        bucketArn: this.bucket.bucketArn,
        roleArn: role.roleArn,
        prefix: 'audit/!{timestamp:yyyy/MM/dd}/',
        errorOutputPrefix: 'errors/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/',
        bufferingHints: { intervalInSeconds: 300, sizeInMBs: 5 },
        // What CloudWatch Logs sends is gzipped, and gzip files in a row are one gzip file.
        compressionFormat: 'UNCOMPRESSED',
        fileExtension: '.json.gz',
        cloudWatchLoggingOptions: {
          enabled: true,
          logGroupName: errors.logGroupName,
          logStreamName: errorStream.logStreamName,
        },
      },
    });
    stream.node.addDependency(policy);
    return stream;
  }

  #subscribe(stream: CfnDeliveryStream, logGroups: AuditArchiveProps['logGroups']): void {
    const arnOf = (logGroup: string): string =>
      Stack.of(this).formatArn({
        service: 'logs',
        resource: 'log-group',
        resourceName: `${logGroup}:*`,
        arnFormat: ArnFormat.COLON_RESOURCE_NAME,
      });
    const role = new Role(this, 'SubscriptionRole', {
      // CloudWatch Logs: "Confused deputy prevention".
      assumedBy: new ServicePrincipal('logs.amazonaws.com', {
        conditions: { StringLike: { 'aws:SourceArn': Object.values(logGroups).map(arnOf) } },
      }),
      description: 'Drawbridge: hands audit records to the archive',
    });
    const policy = new Policy(this, 'SubscriptionPolicy', {
      roles: [role],
      statements: [
        new PolicyStatement({
          effect: Effect.ALLOW,
          actions: ['firehose:PutRecord', 'firehose:PutRecordBatch'],
          resources: [stream.attrArn],
        }),
      ],
    });
    for (const [name, logGroupName] of Object.entries(logGroups)) {
      const filter = new CfnSubscriptionFilter(this, `Subscription-${name}`, {
        logGroupName,
        filterPattern,
        destinationArn: stream.attrArn,
        roleArn: role.roleArn,
      });
      filter.node.addDependency(policy);
    }
  }
}
