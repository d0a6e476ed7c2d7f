import { createHandler, type McpHandlerDeps } from '../../../lambdas/mcp/handler.ts';
import { createMcpEndpoint } from '../../../lambdas/mcp/mcp-endpoint.ts';
import { ArgsDigester } from '../../../src/audit/args-digest.ts';
import { lineSink, type AuditRecord } from '../../../src/audit/audit-record.ts';
import { Gateway, type GatewayOptions } from '../../../src/gateway/gateway.ts';
import { createLog } from '../../../src/log/log.ts';
import type { IamPrincipalResolver } from '../../../src/principals/iam-principal.ts';
import type { PolicyDecider } from '../../../src/policy/policy-decider.ts';
import { anAdmission } from './admission.ts';
import { invokeStreaming, type StreamedAnswer } from './awslambda.ts';
import { testTools } from './mcp-tools.ts';

/** 2026-11-21T05:00:00.000Z. */
const startedAt = Date.UTC(2026, 10, 21, 5);

/** Sent with every request, never to be seen again. */
export const tokenCanary = 'smcp_demo_canary-token-77f3';

export const digestSecret = 'd'.repeat(64);
export const maxBodyBytes = 2_000;

export const userContext: Readonly<Record<string, unknown>> = {
  tenant: 'demo',
  subject: 'key:Abcd1234',
  role: 'user',
  lane: 'key',
  plan: 'free',
  keyId: 'Abcd1234',
  principalId: 'demo/key:Abcd1234',
  integrationLatency: 3,
};

export interface Sent {
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly authorizer?: unknown;
  readonly sourceIp?: string;
  readonly resource?: string;
  /** @default POST */
  readonly method?: string;
  readonly pathParameters?: Readonly<Record<string, string>>;
  readonly userArn?: string | null;
  readonly base64?: boolean;
  readonly remainingMs?: number;
}

/** A proxy event as API Gateway makes it. `body` is sent as it is when it is a string. */
export const proxyEventOf = (body: unknown, sent: Sent = {}) => {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const headers = {
    Authorization: `Bearer ${tokenCanary}`,
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'X-Amzn-Trace-Id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Self=1-2-3',
    ...sent.headers,
  };
  return {
    resource: sent.resource ?? '/mcp',
    path: sent.resource ?? '/mcp',
    httpMethod: sent.method ?? 'POST',
    headers,
    multiValueHeaders: Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name, value === undefined ? [] : [value]]),
    ),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: sent.pathParameters ?? null,
    stageVariables: null,
    requestContext: {
      requestId: 'req-1',
      stage: 'live',
      authorizer: 'authorizer' in sent ? sent.authorizer : userContext,
      identity: {
        sourceIp: sent.sourceIp ?? '203.0.113.7',
        userAgent: 'test',
        userArn: sent.userArn ?? null,
      },
    },
    body: sent.base64 === true ? Buffer.from(text).toString('base64') : text,
    isBase64Encoded: sent.base64 === true,
  };
};

export interface RpcAnswer {
  readonly jsonrpc?: string;
  readonly id?: string | number | null;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
  /** What the gateway's own refusals say besides. */
  readonly code?: string;
  readonly message?: string;
  readonly requestId?: string;
}

export interface Answer extends StreamedAnswer {
  /** The body as JSON. */
  readonly rpc: RpcAnswer;
  /** The messages of an event stream, in order. */
  readonly events: readonly (RpcAnswer & { readonly method?: string; readonly params?: unknown })[];
}

const eventsOf = (text: string): Answer['events'] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('data: ') && line !== 'data: ')
    .map((line) => JSON.parse(line.slice('data: '.length)) as Answer['events'][number]);

export interface ServerOptions {
  readonly readDigestSecret?: () => Promise<string>;
  readonly allowedOrigins?: readonly string[];
  readonly toolTimeoutMs?: number;
  /** @default knows nobody */
  readonly iamPrincipal?: IamPrincipalResolver;
  /** @default none, and no prompts or resources */
  readonly upstreams?: GatewayOptions['upstreams'];
  /** @default the shipped ones */
  readonly policies?: PolicyDecider;
}

/** The mcp function in this process, with tools, log, audit and clock in memory. */
export const aMcpServer = (options: ServerOptions = {}) => {
  const at = { now: startedAt };
  const ran: string[] = [];
  const stuck = Promise.withResolvers<void>();
  const auditLines: string[] = [];
  const logLines: string[] = [];
  const log = createLog(
    (line) => void logLines.push(line),
    () => at.now,
  );
  const { admission, meter } = anAdmission({
    now: () => at.now,
    ...(options.policies === undefined ? {} : { policies: options.policies }),
  });
  const gateway = new Gateway({
    admission,
    tools: testTools({ ran, at, onStuck: stuck.resolve }),
    toolTimeoutMs: options.toolTimeoutMs ?? 30_000,
    maxResultBytes: 1_024,
    log,
    upstreams: options.upstreams,
  });
  const deps: McpHandlerDeps = {
    endpoint: createMcpEndpoint({
      gateway,
      log,
      version: '9.8.7',
      instructions: 'Ask echo.',
      servesUpstreams: options.upstreams !== undefined,
    }),
    iamPrincipal: options.iamPrincipal ?? (async () => ({ kind: 'refused', reason: 'unmapped' })),
    gateway,
    usage: meter,
    version: '9.8.7',
    env: 'test',
    sink: lineSink((line) => void auditLines.push(line)),
    digester: new ArgsDigester(options.readDigestSecret ?? (async () => digestSecret)),
    log,
    allowedOrigins: options.allowedOrigins ?? [],
    maxBodyBytes,
    now: () => at.now,
  };
  const handler = createHandler(deps);
  const post = async (body: unknown, sent: Sent = {}): Promise<Answer> => {
    const { remainingMs } = sent;
    const context =
      remainingMs === undefined ? {} : { getRemainingTimeInMillis: () => remainingMs };
    const answer = await invokeStreaming(handler, proxyEventOf(body, sent), context);
    const isJson = answer.headers['content-type'] === 'application/json';
    return {
      ...answer,
      rpc: isJson ? (JSON.parse(answer.text) as RpcAnswer) : {},
      events: isJson ? [] : eventsOf(answer.text),
    };
  };
  return {
    post,
    handler,
    meter,
    at,
    ran,
    /** Until the tool `stuck` runs. */
    stuck: stuck.promise,
    logLines,
    auditLines,
    records: () => auditLines.map((line) => JSON.parse(line) as AuditRecord),
    /** Everything that was written anywhere. */
    written: () => [...auditLines, ...logLines].join('\n'),
  };
};

/** A request of the 2025 revisions. */
export const legacy = (method: string, params?: unknown, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params === undefined ? {} : { params }),
});

export const call = (name: string, args: unknown = {}, id: unknown = 1) =>
  legacy('tools/call', { name, arguments: args }, id);

export const initialize = (protocolVersion = '2025-11-25') =>
  legacy('initialize', {
    protocolVersion,
    capabilities: {},
    clientInfo: { name: 'test-client', version: '1.2.3' },
  });

/** A request of revision 2026-07-28 with the headers that belong to it. */
export const modern = (
  method: string,
  params: Record<string, unknown> = {},
  { capabilities = {}, meta = {} }: { capabilities?: object; meta?: object } = {},
) => ({
  body: legacy(method, {
    ...params,
    _meta: {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      ...meta,
      'io.modelcontextprotocol/clientCapabilities': capabilities,
      'io.modelcontextprotocol/clientInfo': { name: 'test-client', version: '1.2.3' },
    },
  }),
  headers: {
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': method,
    ...(typeof params['name'] === 'string' ? { 'Mcp-Name': params['name'] } : {}),
    ...(typeof params['uri'] === 'string' ? { 'Mcp-Name': params['uri'] } : {}),
  },
});
