import { createRequire } from 'node:module';
import { join } from 'node:path';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { awsEnv, countingLimits, createAwsCall } from '../../src/aws/aws-client.ts';
import { DynamoDbMeter } from '../../src/quota/dynamodb-meter.ts';
import { quotaEnv } from '../../src/quota/plan-limits.ts';
import { invokeStreaming } from '../../test/unit/support/awslambda.ts';
import { mcpEvent, type ToolReply } from '../cold-cases.ts';
import {
  inFunctionOptions,
  inFunctionRequest,
  type InFunctionSample,
  type InFunctionWhat,
} from '../messages.ts';
import { percentile } from '../statistics.ts';
import { watchWaiting } from '../waiting.ts';
import { plan, requestHeaders } from '../workload.ts';
import { givenOptions, serveParent } from './parent.ts';
import { plainServer } from './plain-server.ts';

/** The mcp function's bundle as synthesized, and the SDK's bare handler, in one process, with the twin as their AWS. */
const { codeDirectory, contentIndexFile, caller, params, expectedText } =
  inFunctionOptions.parse(givenOptions());
const load = createRequire(import.meta.url);
const { handler } = load(join(codeDirectory, 'index.cjs')) as { readonly handler: unknown };
const bare = createMcpHandler(plainServer(contentIndexFile));

const waiting = watchWaiting();
const event = mcpEvent(caller, params);
const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });

const usage = quotaEnv.parse(process.env);
const updateItem = createAwsCall(awsEnv.parse(process.env), 'dynamodb', countingLimits);
const meter = new DynamoDbMeter({
  updateItem: (input) => updateItem('UpdateItem', input),
  tableName: usage.USAGE_TABLE_NAME,
  plans: usage.PLANS,
  now: Date.now,
});
const charge = {
  principal: { tenant: 'bench', subject: 'key:bench', role: 'user', lane: 'key', plan },
  units: 1,
} as const;

/** Microseconds of the bare handler after each charge. */
const handlerUs: number[] = [];

/** From the event as the runtime gives it to the last byte of the answer. */
const calls: Readonly<Record<InFunctionWhat, () => Promise<string>>> = {
  drawbridge: async () => (await invokeStreaming(handler, event)).text,
  bare: async () => {
    const request = new Request('http://localhost/mcp', {
      method: 'POST',
      headers: requestHeaders,
      body,
    });
    return (await bare.fetch(request)).text();
  },
  charged: async () => {
    const { kind } = await meter.charge(charge);
    if (kind !== 'granted') throw new Error(`the charge ended as ${kind}`);
    const startedAt = performance.now();
    const text = await calls.bare();
    handlerUs.push((performance.now() - startedAt) * 1000);
    return text;
  },
};

const jsonOf = (text: string): string =>
  /^data: (?<data>\{.*)$/mu.exec(text)?.groups?.['data'] ?? text;

const measure = async (message: unknown): Promise<InFunctionSample> => {
  const { what, operations } = inFunctionRequest.parse(message);
  handlerUs.length = 0;
  const own: number[] = [];
  const total: number[] = [];
  const cpuBefore = process.cpuUsage();
  for (let done = 0; done < operations; done++) {
    const before = waiting();
    const startedAt = performance.now();
    const text = await calls[what]();
    const totalUs = (performance.now() - startedAt) * 1000;
    total.push(totalUs);
    own.push(totalUs - (waiting().ms - before.ms) * 1000);
    const reply = JSON.parse(jsonOf(text)) as ToolReply;
    if (reply.result?.content?.[0]?.text !== expectedText) {
      throw new Error(`${what} was answered ${text.slice(0, 300)}`);
    }
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  return {
    ownUs: percentile(own, 0.5),
    totalUs: percentile(total, 0.5),
    cpuUs: (user + system) / operations,
    ...(handlerUs.length === 0 ? {} : { handlerUs: percentile(handlerUs, 0.5) }),
  };
};

serveParent({ ready: {}, answer: measure });
