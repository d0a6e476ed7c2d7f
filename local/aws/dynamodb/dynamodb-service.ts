import type { Deployment } from '../../template/deployment.ts';
import { AwsError, notImplemented } from '../aws-error.ts';
import {
  jsonReply,
  parseDocument,
  targetOperation,
  type AwsCall,
  type AwsReply,
  type AwsService,
} from '../aws-service.ts';
import type { DynaliteProcess, DynaliteReply } from './dynalite-process.ts';
import { PASSED_OPERATIONS, type TableResource } from './operations.ts';
import type { TableDefinition } from './table-definitions.ts';

const TABLE_ARN = /^arn:aws:dynamodb:[^:]*:\d+:table\/([^/]+)$/;

/** DynamoDB: IAM here, then the caller's bytes go on to dynalite as they came. */
export class DynamoDbService implements AwsService {
  readonly signingName = 'dynamodb';
  readonly #tableArnPrefix: string;
  readonly #dynalite: DynaliteProcess;
  readonly #ttlAttributes: ReadonlyMap<string, string>;

  constructor(
    deployment: Deployment,
    tables: readonly TableDefinition[],
    dynalite: DynaliteProcess,
  ) {
    this.#tableArnPrefix = `arn:aws:dynamodb:${deployment.region}:${deployment.accountId}:table/`;
    this.#dynalite = dynalite;
    this.#ttlAttributes = new Map(
      tables.flatMap(({ name, ttlAttribute }) =>
        ttlAttribute === undefined ? [] : [[name, ttlAttribute] as const],
      ),
    );
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const operation = targetOperation(call, 'DynamoDB_20120810', 'dynamodb');
    if (operation === 'DescribeTimeToLive') return this.#describeTimeToLive(call);
    if (operation === 'ListTables') {
      await call.authorize('dynamodb:ListTables', '*');
      return this.#pass(operation, call.body);
    }
    const scope = PASSED_OPERATIONS.get(operation);
    if (scope === undefined) throw notImplemented(`dynamodb:${operation}`);
    const input = parseDocument(call.body);
    for (const resource of scope(input)) {
      await call.authorize(`dynamodb:${operation}`, this.#arnOf(resource));
    }
    return this.#pass(operation, withTableName(input, call.body));
  }

  #arnOf({ table, index }: TableResource): string {
    const arn = `${this.#tableArnPrefix}${tableName(table)}`;
    return index === undefined ? arn : `${arn}/index/${index}`;
  }

  async #pass(operation: string, body: Buffer | string): Promise<AwsReply> {
    let reply: DynaliteReply;
    try {
      reply = await this.#dynalite.request(operation, body);
    } catch (cause) {
      throw new AwsError('InternalServerError', 'DynamoDB does not answer.', 500, { cause });
    }
    return { status: reply.status, headers: passedHeaders(reply), body: reply.body };
  }

  async #describeTimeToLive(call: AwsCall): Promise<AwsReply> {
    const [resource] = PASSED_OPERATIONS.get('DescribeTable')?.(parseDocument(call.body)) ?? [];
    const table = tableName(resource?.table ?? '');
    await call.authorize('dynamodb:DescribeTimeToLive', this.#arnOf({ table }));
    const AttributeName = this.#ttlAttributes.get(table);
    const TimeToLiveDescription =
      AttributeName === undefined
        ? { TimeToLiveStatus: 'DISABLED' }
        : { TimeToLiveStatus: 'ENABLED', AttributeName };
    return jsonReply({ TimeToLiveDescription }, '1.0');
  }
}

const tableName = (nameOrArn: string): string => TABLE_ARN.exec(nameOrArn)?.[1] ?? nameOrArn;

/** dynalite knows tables by name only: an ARN is replaced, and anything else stays the bytes that were sent. */
const withTableName = (input: unknown, body: Buffer): Buffer | string => {
  if (typeof input !== 'object' || input === null || !('TableName' in input)) return body;
  const { TableName: table } = input;
  if (typeof table !== 'string' || !table.startsWith('arn:')) return body;
  return JSON.stringify({ ...input, TableName: tableName(table) });
};

const passedHeaders = ({ headers }: DynaliteReply): Record<string, string> => {
  const passed: Record<string, string> = { 'content-type': 'application/x-amz-json-1.0' };
  for (const name of ['x-amzn-requestid', 'x-amz-crc32']) {
    const value = headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
};
