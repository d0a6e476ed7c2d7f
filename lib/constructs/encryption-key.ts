import { ArnFormat, Stack, type RemovalPolicy } from 'aws-cdk-lib';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { CfnLogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { BundledFunction } from './bundled-function.ts';

/** A KMS key of the environment's own, for tables, secrets and logs. Rotated each year. */
export class EncryptionKey extends Construct {
  readonly key: Key;

  constructor(scope: Construct, id: string, removalPolicy: RemovalPolicy) {
    super(scope, id);
    this.key = new Key(this, 'Key', {
      description: 'Drawbridge: tables, secrets and logs',
      enableKeyRotation: true,
      removalPolicy,
    });
    const stack = Stack.of(this);
    const logGroups = stack.formatArn({
      service: 'logs',
      resource: 'log-group',
      resourceName: '*',
      arnFormat: ArnFormat.COLON_RESOURCE_NAME,
    });
    // AWS: "Encrypt log data in CloudWatch Logs using AWS Key Management Service", step 2.
    this.key.grantEncryptDecrypt(
      new ServicePrincipal(`logs.${stack.region}.amazonaws.com`, {
        conditions: { ArnLike: { 'kms:EncryptionContext:aws:logs:arn': logGroups } },
      }),
    );
  }

  /** Lets the function read what is encrypted. */
  grantRead(reader: BundledFunction): void {
    reader.allow(this.key.keyArn, 'kms:Decrypt');
  }

  /** Lets the function read and write what is encrypted. */
  grantReadWrite(writer: BundledFunction): void {
    writer.allow(this.key.keyArn, 'kms:Decrypt', 'kms:Encrypt', 'kms:GenerateDataKey');
  }

  /** Encrypts every log group below `scope`, whoever made it. */
  encryptLogs(scope: Construct): void {
    for (const child of scope.node.findAll()) {
      if (child instanceof CfnLogGroup) child.kmsKeyId = this.key.keyArn;
    }
  }
}
