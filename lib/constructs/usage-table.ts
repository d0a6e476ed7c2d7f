import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import type { QuotaEnv } from '../../src/quota/plan-limits.ts';
import { usageTable } from '../../src/quota/usage-table.ts';
import { acknowledge } from '../security-checks.ts';
import type { BundledFunction } from './bundled-function.ts';

export interface UsageTableProps {
  readonly protectData: boolean;
  /** @default a key of AWS's */
  readonly encryptionKey?: IKey | undefined;
}

/** Units by tenant and window (docs/storage-schema.md). Its items stay small by themselves: nothing expires. */
export class UsageTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, { protectData, encryptionKey }: UsageTableProps) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: usageTable.partitionKey, type: AttributeType.STRING },
      billing: Billing.onDemand(),
      ...(encryptionKey === undefined
        ? {}
        : { encryption: TableEncryptionV2.customerManagedKey(encryptionKey) }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: protectData },
      deletionProtection: protectData,
      removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
    if (!protectData) {
      acknowledge(
        this.table,
        'AwsSolutions-DDB3',
        'Counters change with every call, and where data is not protected nobody bills by them.',
      );
    }
  }

  /** Lets the function charge units and read how limits stand, and tells it which table. */
  grantMeter(meter: BundledFunction): void {
    const environment: Pick<QuotaEnv, 'USAGE_TABLE_NAME'> = {
      USAGE_TABLE_NAME: this.table.tableName,
    };
    meter.addEnvironment(environment);
    meter.allow(this.table.tableArn, 'dynamodb:UpdateItem', 'dynamodb:GetItem');
  }
}
