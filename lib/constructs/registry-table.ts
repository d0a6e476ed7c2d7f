import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, Billing, TableEncryptionV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';
import { registryTable } from '../../src/registry/registry-table.ts';
import type { RegistryEnv } from '../../src/registry/registry-env.ts';
import type { BundledFunction } from './bundled-function.ts';

export interface RegistryTableProps {
  readonly protectData: boolean;
  /** @default a key of AWS's */
  readonly encryptionKey?: IKey | undefined;
}

/** Tenants, keys, live upstreams and pins (docs/storage-schema.md). */
export class RegistryTable extends Construct {
  readonly table: TableV2;

  constructor(scope: Construct, id: string, { protectData, encryptionKey }: RegistryTableProps) {
    super(scope, id);
    this.table = new TableV2(this, 'Table', {
      partitionKey: { name: registryTable.partitionKey, type: AttributeType.STRING },
      globalSecondaryIndexes: [
        {
          indexName: registryTable.index.name,
          partitionKey: { name: registryTable.index.partitionKey, type: AttributeType.STRING },
          sortKey: { name: registryTable.index.sortKey, type: AttributeType.STRING },
        },
      ],
      billing: Billing.onDemand(),
      ...(encryptionKey === undefined
        ? {}
        : { encryption: TableEncryptionV2.customerManagedKey(encryptionKey) }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      deletionProtection: protectData,
      removalPolicy: protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    });
  }

  /** Lets the function read single records by their key, and tells it which table. */
  grantRead(reader: BundledFunction): void {
    const environment: RegistryEnv = { REGISTRY_TABLE_NAME: this.table.tableName };
    reader.addEnvironment(environment);
    reader.allow(this.table.tableArn, 'dynamodb:GetItem');
  }

  /** Lets the function read whole collections, of the index that lists them. It is told the table by `grantRead`. */
  grantList(reader: BundledFunction): void {
    reader.allow(`${this.table.tableArn}/index/${registryTable.index.name}`, 'dynamodb:Query');
  }
}
