import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionDefinition } from '../local/lambda/function-service.ts';
import { toAuthorizerContext } from '../src/principals/principal.ts';
import type { ColdStartCase } from './cold-start.ts';
import { functionNames, type Deployed, type FunctionName } from './deployed.ts';
import type { TwinReady } from './messages.ts';
import { plan, requestHeaders, type Workload } from './workload.ts';

/** Ready, in multiples of a bare Node. */
const readyTargets: Readonly<Record<FunctionName, number>> = { authorizer: 2.5, mcp: 4 };

/** The row of AWS's adapter. */
export const adapterName = "AWS's adapter";

const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:bench/live/POST/mcp';

const headersWith = (credential: string): Readonly<Record<string, string>> => ({
  ...requestHeaders,
  authorization: `Bearer ${credential}`,
});

const requestContext = {
  requestId: 'bench',
  stage: 'live',
  identity: { sourceIp: '127.0.0.1', userAgent: 'bench' },
};

/** A REQUEST authorizer's event, as far as a function may look at it. */
export const authorizerEvent = (credential: string) => ({
  type: 'REQUEST',
  methodArn,
  resource: '/mcp',
  path: '/mcp',
  httpMethod: 'POST',
  headers: headersWith(credential),
  requestContext,
});

/** A proxy integration's event, as the mcp function gets it behind the authorizer. */
export const mcpEvent = (
  { apiKey, keyId, tenant }: Pick<TwinReady, 'apiKey' | 'keyId' | 'tenant'>,
  params: Workload['params'],
) => ({
  resource: '/mcp',
  path: '/mcp',
  httpMethod: 'POST',
  headers: headersWith(apiKey),
  multiValueHeaders: null,
  requestContext: {
    ...requestContext,
    authorizer: toAuthorizerContext({
      tenant,
      subject: `key:${keyId}`,
      role: 'user',
      lane: 'key',
      plan,
      keyId,
    }),
  },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  isBase64Encoded: false,
});

export interface ToolReply {
  readonly result?: { readonly content?: readonly { readonly text?: string }[] };
}

/** The JSON behind the metadata and the eight NULs of a streamed HTTP response. */
const streamedBody = (answer: string): ToolReply =>
  JSON.parse(answer.slice(answer.indexOf('\0'.repeat(8)) + 8)) as ToolReply;

/** Both functions as synthesized and, from `variantDirectory/<function>`, other builds of them. */
export const coldStartCases = (
  { functions }: Deployed,
  twin: TwinReady,
  { params, expectedText }: Workload,
  variantDirectory: string | undefined,
  adapter: FunctionDefinition,
): readonly ColdStartCase[] => {
  const events = {
    authorizer: Buffer.from(JSON.stringify(authorizerEvent(twin.apiKey))),
    mcp: Buffer.from(JSON.stringify(mcpEvent(twin, params))),
  };
  const isRight = {
    authorizer: (answer: string) => answer.includes('"Effect":"Allow"'),
    mcp: (answer: string) => streamedBody(answer).result?.content?.[0]?.text === expectedText,
  };
  const peer: ColdStartCase = {
    name: adapterName,
    definition: adapter,
    event: events.mcp,
    isRight: (answer) => {
      const { body } = JSON.parse(answer) as { readonly body: string };
      return (JSON.parse(body) as ToolReply).result?.content?.[0]?.text === expectedText;
    },
  };
  const own = functionNames.flatMap((name) => {
    const definition = functions[name];
    const shared = { definition, event: events[name], isRight: isRight[name] };
    const synthesized: ColdStartCase = { ...shared, name, readyTarget: readyTargets[name] };
    const codeDirectory = join(variantDirectory ?? '', name);
    if (variantDirectory === undefined || !existsSync(codeDirectory)) return [synthesized];
    const variant = {
      ...shared,
      name: `${name} (variant)`,
      definition: { ...definition, codeDirectory },
    };
    return [synthesized, variant];
  });
  return [...own, peer];
};
