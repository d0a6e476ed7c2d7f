import type { CfnRestApi } from 'aws-cdk-lib/aws-apigateway';
import { RestApi } from 'aws-cdk-lib/aws-apigateway';
import { TableV2 } from 'aws-cdk-lib/aws-dynamodb';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup, type ILogGroupRef } from 'aws-cdk-lib/aws-logs';
import type { Stack } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { BundledFunction } from './bundled-function.ts';
import { stageName } from './mcp-api.ts';

export interface WatchedFunction {
  /** As in `mcp`, `authorizer`, `upstreams everything`. */
  readonly name: string;
  readonly function: LambdaFunction;
  /** Whether its code is ours; a sandbox runs a stdio server. */
  readonly isOurs: boolean;
}

/** What is looked at. It is found in the stacks: what is added to them is looked at, too. */
export interface WatchedParts {
  readonly envName: string;
  readonly region: string;
  /** Of API Gateway's metrics. */
  readonly apiName: string;
  readonly stageName: string;
  readonly functions: readonly WatchedFunction[];
  readonly tables: readonly { readonly name: string; readonly table: TableV2 }[];
  readonly accessLog: LogGroup;
}

const allOf = <T extends IConstruct>(
  stacks: readonly Stack[],
  is: (construct: IConstruct) => construct is T,
): readonly T[] => stacks.flatMap((stack) => stack.node.findAll().filter(is));

const isFunction = (construct: IConstruct): construct is LambdaFunction =>
  construct instanceof LambdaFunction;
const isTable = (construct: IConstruct): construct is TableV2 => construct instanceof TableV2;
const isApi = (construct: IConstruct): construct is RestApi => construct instanceof RestApi;
const isAccessLog = (construct: IConstruct): construct is LogGroup =>
  construct instanceof LogGroup && construct.node.id === 'AccessLogs';

/** Where it stands in its stack, without the words that every function has. */
const nameOf = ({ node }: LambdaFunction): string =>
  node.path
    .split('/')
    .slice(1)
    .map((part) => part.replace(/Function(?:PerTenant)?$/u, '').toLowerCase())
    .filter((part) => part !== '')
    .join(' ');

const onlyOne = <T>(found: readonly T[], what: string): T => {
  const [first, ...others] = found;
  if (first === undefined || others.length > 0) throw new Error(`${found.length} of ${what}`);
  return first;
};

export const watchedParts = (envName: string, stacks: readonly Stack[]): WatchedParts => {
  const api = onlyOne(allOf(stacks, isApi), 'REST APIs');
  const { name: apiName } = api.node.defaultChild as CfnRestApi;
  if (apiName === undefined) throw new Error('the API has no name');
  return {
    envName,
    region: api.stack.region,
    apiName,
    stageName,
    functions: allOf(stacks, isFunction).map((found) => ({
      name: nameOf(found),
      function: found,
      isOurs: found.node.scope instanceof BundledFunction,
    })),
    tables: allOf(stacks, isTable).map((table) => ({
      name: table.node.scope?.node.id ?? table.node.id,
      table,
    })),
    accessLog: onlyOne(allOf(stacks, isAccessLog), 'access logs'),
  };
};

/** The log groups of our functions of these names, and the access log if it is asked for. */
export const logGroupsOf = (
  { functions, accessLog }: WatchedParts,
  wanted: readonly string[],
): readonly ILogGroupRef[] => [
  ...functions.filter(({ name }) => wanted.includes(name)).map((one) => one.function.logGroup),
  ...(wanted.includes('access') ? [accessLog] : []),
];
