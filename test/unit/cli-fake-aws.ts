import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { DynamoDbRegistry } from '../../src/registry/dynamodb-registry.ts';
import { DynamoDbUpstreamRegistry } from '../../src/registry/dynamodb-upstream-registry.ts';
import { startDynaliteTable, startUsageTable } from '../contract/dynalite-table.ts';
import { pepperDocument } from './admin-fixtures.ts';

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

export const deploymentParameter = '/drawbridge/local/deployment';

const refused = (type: string, message: string, status = 400): Reply => ({
  status,
  body: { __type: type, message },
});

/**
 * The AWS that the CLI talks to, at one endpoint: DynamoDB is dynalite, the others answer the operations used and
 * refuse all else by name.
 */
export const startFakeAws = async () => {
  const table = await startDynaliteTable('Registry-1');
  const usage = await startUsageTable();
  const gatewayKeys = new Map<string, { name: string; value: string; plan?: string }>();
  /** Lines of the log group `admin-log`, by stream. */
  const auditLines = new Map<string, string[]>();
  const state = {
    pepper: pepperDocument,
    document: JSON.stringify({
      version: 1,
      registryTable: 'Registry-1',
      pepperSecretArn: 'arn:pepper',
      restApiId: 'api',
      stage: 'local',
      plans: { free: 'plan-free', pro: 'plan-pro' },
      secrets: { 'weather-token': 'arn:weather-token' },
      allowLoopback: true,
      usageTable: 'Usage',
      maxShards: 1,
      planUnits: {
        free: { units: { perDay: 100 }, shards: 1, whenUnreachable: 'refuse' },
        pro: { shards: 1, whenUnreachable: 'refuse' },
      },
      logs: { mcp: 'mcp-log', admin: 'admin-log', access: 'access-log' },
      auditDigestSecretArn: 'arn:audit',
    }),
    /** Versions of the secret `arn:weather-token`, the oldest first. */
    versions: ['generated'],
    /** Operations that are refused: `GetParameter`, `POST /apikeys`, … */
    denied: new Set<string>(),
  };

  const json = (operation: string, input: Record<string, unknown>): Reply => {
    if (operation === 'GetParameter') {
      if (input['Name'] !== deploymentParameter) return refused('ParameterNotFound', '');
      return { status: 200, body: { Parameter: { Name: input['Name'], Value: state.document } } };
    }
    if (operation === 'GetSecretValue' && input['SecretId'] === 'arn:audit') {
      return { status: 200, body: { SecretString: 'audit-secret' } };
    }
    const stream = String(input['logStreamName']);
    if (operation === 'CreateLogStream' && input['logGroupName'] === 'admin-log') {
      auditLines.set(stream, []);
      return { status: 200, body: {} };
    }
    if (operation === 'PutLogEvents' && input['logGroupName'] === 'admin-log') {
      const events = input['logEvents'] as { message: string }[];
      auditLines.get(stream)?.push(...events.map(({ message }) => message));
      return { status: 200, body: {} };
    }
    if (operation === 'GetSecretValue' && input['SecretId'] === 'arn:pepper') {
      return { status: 200, body: { SecretString: state.pepper } };
    }
    if (input['SecretId'] === 'arn:weather-token') {
      if (operation === 'GetSecretValue') {
        return { status: 200, body: { SecretString: state.versions.at(-1) } };
      }
      if (operation === 'PutSecretValue') {
        state.versions.push(String(input['SecretString']));
        return { status: 200, body: {} };
      }
      if (operation === 'DescribeSecret') {
        const stages = ['AWSCURRENT', 'AWSPREVIOUS'];
        const newest = [...state.versions].reverse().slice(0, 2);
        const VersionIdsToStages = Object.fromEntries(
          newest.map((version, index) => [`v${version}`, [stages[index]]]),
        );
        return { status: 200, body: { VersionIdsToStages, LastChangedDate: 1_795_237_200 } };
      }
    }
    return refused('UnknownOperationException', operation);
  };

  /** STS: a form, answered by XML. */
  const callerIdentity = (form: string): Reply =>
    new URLSearchParams(form).get('Action') === 'GetCallerIdentity'
      ? {
          status: 200,
          body:
            '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>' +
            '<Arn>arn:aws:iam::123456789012:user/dev</Arn></GetCallerIdentityResult></GetCallerIdentityResponse>',
        }
      : refused('UnknownOperationException', form);

  const rest = (method: string, path: string, input: Record<string, unknown>): Reply => {
    const [, resource = '', id = ''] = path.split('/');
    if (method === 'POST' && path === '/apikeys') {
      const keyId = `gw${gatewayKeys.size + 1}`;
      gatewayKeys.set(keyId, { name: String(input['name']), value: String(input['value']) });
      return { status: 201, body: { id: keyId } };
    }
    if (method === 'POST' && resource === 'usageplans') {
      const keyId = String(input['keyId']);
      const key = gatewayKeys.get(keyId);
      if (key === undefined) return refused('NotFoundException', keyId, 404);
      gatewayKeys.set(keyId, { ...key, plan: id });
      return { status: 201, body: { id: keyId } };
    }
    if (method === 'DELETE' && resource === 'apikeys' && gatewayKeys.delete(id)) {
      return { status: 202, body: {} };
    }
    return refused('NotFoundException', `${method} ${path}`, 404);
  };

  const toDynalite = async (request: IncomingMessage, body: Buffer): Promise<Reply> => {
    const { authorization = '', 'x-amz-date': date = '' } = request.headers;
    const { TableName } = JSON.parse(body.toString()) as { TableName?: string };
    const { endpoint: address } = TableName === 'Usage' ? usage : table;
    const answer = await fetch(address, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': String(request.headers['x-amz-target']),
        authorization,
        'x-amz-date': String(date),
      },
      body: new Uint8Array(body),
    });
    return { status: answer.status, body: await answer.json() };
  };

  const answer = async (request: IncomingMessage): Promise<Reply> => {
    const body = await buffer(request);
    const target = String(request.headers['x-amz-target'] ?? '');
    const { pathname } = new URL(request.url ?? '/', 'http://aws');
    const isQuery = String(request.headers['content-type']).includes('x-www-form-urlencoded');
    if (isQuery) return callerIdentity(body.toString());
    const operation = target === '' ? `${request.method} ${pathname}` : target.split('.')[1];
    if (operation !== undefined && state.denied.has(operation)) {
      return refused('AccessDeniedException', `User: dev is not authorized to ${operation}`);
    }
    if (target.startsWith('DynamoDB')) return toDynalite(request, body);
    const input =
      body.length === 0 ? {} : (JSON.parse(body.toString('utf8')) as Record<string, unknown>);
    return target === ''
      ? rest(request.method ?? '', pathname, input)
      : json(operation ?? '', input);
  };

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { status, body } = await answer(request);
    if (typeof body === 'string') {
      response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
      return;
    }
    const type = (body as { __type?: string }).__type;
    response.writeHead(status, {
      'content-type': 'application/x-amz-json-1.1',
      ...(type === undefined ? {} : { 'x-amzn-errortype': type }),
    });
    response.end(JSON.stringify(body));
  };

  const server = createServer((request, response) => void respond(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    registry: new DynamoDbRegistry(table),
    upstreams: new DynamoDbUpstreamRegistry(table),
    gatewayKeys,
    auditLines,
    state,
    /** What the twin writes to `.drawbridge/connection.json`. */
    connection: {
      url: 'http://127.0.0.1:7400',
      adminAws: { region: 'us-east-1', accessKeyId: 'AKIDTEST', secretAccessKey: 'test' },
      twin: { awsEndpoint: endpoint, deployment: deploymentParameter },
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await table[Symbol.asyncDispose]();
      await usage[Symbol.asyncDispose]();
    },
  };
};
export type FakeAws = Awaited<ReturnType<typeof startFakeAws>>;
