import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import { Authorizer } from '../../../local/aws/authorization.ts';
import { LocalCredentials } from '../../../local/aws/credentials.ts';
import { AwsHttpServer } from '../../../local/aws/http-server.ts';
import { LogGroups } from '../../../local/aws/logs/log-groups.ts';
import { LogsService } from '../../../local/aws/logs/logs-service.ts';
import { rolePolicies } from '../../../local/aws/role-policies.ts';
import { FileLogSink } from '../../../local/log/file-log-sink.ts';
import { accountId, deploymentOf, region, resource, roleArn } from './aws-fixture.ts';

export const groupName = '/drawbridge/mcp';
export const otherGroup = 'Other-Logs-ABC';
const arnOf = (group: string) => `arn:aws:logs:${region}:${accountId}:log-group:${group}:*`;

const allow = (Action: readonly string[], Resource: string) => ({
  Effect: 'Allow',
  Action,
  Resource,
});

const deployment = deploymentOf([
  resource('AWS::Logs::LogGroup', groupName, arnOf(groupName), { RetentionInDays: 30 }),
  resource('AWS::Logs::LogGroup', otherGroup, arnOf(otherGroup), {}),
  resource('AWS::IAM::Role', 'FunctionRole', roleArn, {}),
  resource('AWS::IAM::Policy', 'FunctionPolicy', 'unused', {
    PolicyName: 'FunctionPolicy',
    Roles: ['FunctionRole'],
    PolicyDocument: {
      Version: '2012-10-17',
      Statement: [
        allow(
          [
            'logs:CreateLogStream',
            'logs:PutLogEvents',
            'logs:FilterLogEvents',
            'logs:DescribeLogStreams',
            'logs:StartQuery',
            'logs:GetQueryResults',
          ],
          arnOf(groupName),
        ),
      ],
    },
  }),
]);

/** The twin's CloudWatch Logs, with two groups, on files of its own. */
export const startLogs = async (now: () => number = Date.now) => {
  const stateDir = mkdtempSync(join(tmpdir(), 'twin-logs-'));
  const credentials = new LocalCredentials(accountId, (arn) => rolePolicies(deployment, arn));
  const store = new FileLogSink(join(stateDir, 'logs'), { now });
  const errors: unknown[] = [];
  const server = new AwsHttpServer({
    region,
    credentials,
    authorizer: new Authorizer({ accountId, region }),
    now: Date.now,
    onError: (error) => errors.push(error),
    services: [new LogsService(new LogGroups(deployment, store, stateDir, now), now)],
  });
  const endpoint = await server.listen(0);
  const role = credentials.forRole({ roleArn, sessionName: 'mcp', displayName: 'Test/Mcp' });
  const clients: CloudWatchLogsClient[] = [];
  const clientAs = (key: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
  }): CloudWatchLogsClient => {
    const { accessKeyId, secretAccessKey, sessionToken } = key;
    const session = sessionToken === undefined ? {} : { sessionToken };
    const client = new CloudWatchLogsClient({
      region,
      endpoint,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey, ...session },
    });
    clients.push(client);
    return client;
  };
  return {
    store,
    errors,
    endpoint,
    operator: clientAs(credentials.forOperator()),
    role: clientAs(role),
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client.destroy();
      server.close();
      store.close();
      rmSync(stateDir, { recursive: true, force: true });
    },
  };
};
