import {
  Client,
  StreamableHTTPClientTransport,
  type OAuthClientProvider,
} from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';

/** An application over one of the two SDKs: it knows the URL, and the SDK's own code does the rest. */
export interface SdkClient {
  /** What has been asked of whom, as `POST http://…`. */
  readonly requests: readonly string[];
  /** Each time a client and a transport of their own, as after a restart. */
  connect(): Promise<void>;
  /** Takes the query that the browser came back with. */
  finishAuth(answer: URLSearchParams): Promise<void>;
  toolNames(): Promise<readonly string[]>;
  /** The structured result of `search`. */
  search(query: string): Promise<unknown>;
  close(): Promise<void>;
}

export type ConnectSdk = (mcpUrl: string, provider: unknown) => SdkClient;

const info = { name: 'oauth-test', version: '1.0.0' };

const recorder = () => {
  const requests: string[] = [];
  const recording: typeof fetch = (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    requests.push(`${init?.method ?? 'GET'} ${url}`);
    return fetch(input, init);
  };
  return { requests, recording };
};

const searchOf = (query: string) => ({ name: 'search', arguments: { query } });

export const sdkV2: ConnectSdk = (mcpUrl, provider) => {
  const { requests, recording } = recorder();
  const options = { authProvider: provider as OAuthClientProvider, fetch: recording };
  const open = () => ({
    client: new Client(info),
    transport: new StreamableHTTPClientTransport(new URL(mcpUrl), options),
  });
  let current = open();
  return {
    requests,
    connect: async () => {
      current = open();
      await current.client.connect(current.transport);
    },
    finishAuth: (answer) => current.transport.finishAuth(answer),
    toolNames: async () => (await current.client.listTools()).tools.map(({ name }) => name),
    search: async (query) => (await current.client.callTool(searchOf(query))).structuredContent,
    close: () => current.client.close(),
  };
};

export const sdkV1: ConnectSdk = (mcpUrl, provider) => {
  const { requests, recording } = recorder();
  const options = { authProvider: provider as never, fetch: recording };
  const open = () => ({
    client: new ClientV1(info),
    transport: new TransportV1(new URL(mcpUrl), options),
  });
  let current = open();
  return {
    requests,
    connect: async () => {
      current = open();
      await current.client.connect(current.transport);
    },
    finishAuth: (answer) => current.transport.finishAuth(answer.get('code') ?? ''),
    toolNames: async () => (await current.client.listTools()).tools.map(({ name }) => name),
    search: async (query) => (await current.client.callTool(searchOf(query))).structuredContent,
    close: () => current.client.close(),
  };
};

export const bothSdks = [
  ['v1', sdkV1],
  ['v2', sdkV2],
] as const satisfies readonly (readonly [string, ConnectSdk])[];
