import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Client as HttpClient } from 'undici';
import * as z from 'zod';
import { createInvokeFunction } from '../src/aws/invoke-function.ts';
import { awsEnv } from '../src/aws/signed-request.ts';
import { SandboxUpstream } from '../src/upstreams/sandbox-upstream.ts';
import type { CallerOptions, ToolCall } from './upstream-messages.ts';
import { requestHeaders } from './workload.ts';

export interface Operation {
  /** One call, from its making to its answer. @throws Error when that is not the right one. */
  readonly call: () => Promise<void>;
  readonly close: () => Promise<void>;
}

type OptionsOf<K extends CallerOptions['kind']> = Extract<CallerOptions, { kind: K }>;

const info = { name: 'drawbridge-bench', version: '1.0.0' };

const callResult = z.object({ content: z.array(z.object({ text: z.string().optional() })).min(1) });

const check = (result: unknown, { name, text }: ToolCall): void => {
  const parsed = callResult.safeParse(result);
  if (parsed.data?.content[0]?.text === text) return;
  throw new Error(`${name} was answered ${JSON.stringify(result)?.slice(0, 300)}`);
};

const overClient = (client: Client, call: ToolCall): Operation => {
  const { name, padding } = call;
  const args =
    padding === undefined ? call.arguments : { ...call.arguments, padding: 'x'.repeat(padding) };
  return {
    call: async () => check(await client.callTool({ name, arguments: args }), call),
    close: () => client.close(),
  };
};

const overStdio = async ({ command, call }: OptionsOf<'stdio'>): Promise<Operation> => {
  const client = new Client(info);
  const { file, args, cwd } = command;
  await client.connect(new StdioClientTransport({ command: file, args, cwd, stderr: 'ignore' }));
  return overClient(client, call);
};

const overHttp = async ({ url, headers, era, call }: OptionsOf<'http'>): Promise<Operation> => {
  const mode = era === 'modern' ? ({ pin: '2026-07-28' } as const) : 'legacy';
  const client = new Client(info, { versionNegotiation: { mode } });
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  return overClient(client, call);
};

const overSandbox = (options: OptionsOf<'sandbox'>): Operation => {
  const { spec, functionName, tenant, call } = options;
  const upstream = new SandboxUpstream({
    spec,
    functionName,
    invoke: createInvokeFunction(awsEnv.parse(process.env)),
    resolve: async (values) => values,
    maxBytes: 6_291_456,
  });
  const { name, arguments: args } = call;
  const request = {
    method: 'tools/call',
    params: { name, arguments: args },
    tenant,
    requestId: 'bench',
    hops: 0,
    timeoutMs: spec.timeoutMs,
    signal: new AbortController().signal,
    repeatable: false,
  } as const;
  return {
    call: async () => check(await upstream.request(request), call),
    close: () => upstream.close(),
  };
};

/** What is used of `@aws/run-mcp-servers-with-aws-lambda`. */
interface AdapterModule {
  readonly StdioServerAdapterRequestHandler: new (server: {
    readonly command: string;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly stderr: 'ignore';
  }) => object;
  readonly APIGatewayProxyEventHandler: new (requests: object) => {
    handle(event: object, context: object): Promise<{ readonly body: string }>;
  };
}

const overAdapter = async (options: OptionsOf<'adapter'>): Promise<Operation> => {
  const { command, call, module } = options;
  const adapter = (await import(module)) as AdapterModule;
  const { file, args, cwd } = command;
  const handler = new adapter.APIGatewayProxyEventHandler(
    new adapter.StdioServerAdapterRequestHandler({ command: file, args, cwd, stderr: 'ignore' }),
  );
  const event = {
    httpMethod: 'POST',
    path: '/mcp',
    headers: requestHeaders,
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: call.name, arguments: call.arguments },
    }),
  };
  const answer = z.object({ result: z.unknown() });
  return {
    call: async () => {
      const { body } = await handler.handle(event, {});
      check(answer.parse(JSON.parse(body)).result, call);
    },
    close: async () => undefined,
  };
};

const listAnswer = z.object({
  result: z.object({ tools: z.array(z.unknown()), nextCursor: z.string().optional() }),
});

const overList = (options: OptionsOf<'list'>): Operation => {
  const { url, headers, pages, tools: expected } = options;
  const client = new HttpClient(new URL(url).origin);
  const path = new URL(url).pathname;
  const page = async (cursor: string | undefined) => {
    const reply = await client.request({
      method: 'POST',
      path,
      headers: { ...requestHeaders, ...headers },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { cursor } }),
    });
    return listAnswer.parse(await reply.body.json()).result;
  };
  const call = async (): Promise<void> => {
    let listed = 0;
    let cursor: string | undefined;
    do {
      const { tools, nextCursor } = await page(cursor);
      listed += tools.length;
      cursor = nextCursor;
    } while (pages === 'all' && cursor !== undefined);
    if (listed !== expected) throw new Error(`${listed} tools were listed, not ${expected}`);
  };
  return { call, close: () => client.close() };
};

/** Connects to whom the options name. */
export const openOperation = async (options: CallerOptions): Promise<Operation> => {
  switch (options.kind) {
    case 'stdio':
      return overStdio(options);
    case 'adapter':
      return overAdapter(options);
    case 'sandbox':
      return overSandbox(options);
    case 'http':
      return overHttp(options);
    case 'list':
      return overList(options);
  }
};
