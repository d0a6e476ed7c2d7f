// `node scripts/run.mjs bench/governance.ts`: what quota, policy and audit add to one warm call, each on and off.
import { createRequire } from 'node:module';
import * as z from 'zod';
import { ChainedSink } from '../src/audit/audit-chain.ts';
import { AuditKey } from '../src/audit/audit-key.ts';
import type { AuditRecord } from '../src/audit/audit-record.ts';
import { createAwsCall } from '../src/aws/aws-client.ts';
import { Admission } from '../src/gateway/admission.ts';
import { Gateway } from '../src/gateway/gateway.ts';
import { createLog } from '../src/log/log.ts';
import { cedarDeciders } from '../src/policy/cedar-decider.ts';
import { DefaultDecider, defaultPolicies } from '../src/policy/default-policies.ts';
import type { PolicyDecider } from '../src/policy/policy-decider.ts';
import type { Principal } from '../src/principals/principal.ts';
import { DynamoDbMeter, type UpdateItem } from '../src/quota/dynamodb-meter.ts';
import type { Meter } from '../src/quota/meter.ts';
import { planTable } from '../src/quota/plan-limits.ts';
import { defineTool } from '../src/tools/tool.ts';
import { startUsageTable } from '../test/contract/dynalite-table.ts';
import { median, percentile } from './statistics.ts';
import { figure, table } from './table.ts';

const rounds = 7;
const callsEach = 400;

const principal: Principal = {
  tenant: 'acme',
  subject: 'key:jmO8JoiB',
  role: 'user',
  lane: 'key',
  plan: 'pro',
};
const plans = planTable.parse({ pro: { units: { perMinute: 1e9, perDay: 1e9, perMonth: 1e9 } } });
const now = Date.now;

const free: Meter = { charge: async () => ({ kind: 'granted', limits: [] }) };
const anything: PolicyDecider = {
  listable: (_, tools) => new Set(tools),
  decide: () => ({ kind: 'allow' }),
};

/** Answers as the table does, at once: what is left is our own part. */
const answeredAtOnce: UpdateItem = async ({ ExpressionAttributeNames }) => ({
  Attributes: Object.fromEntries(
    Object.values(ExpressionAttributeNames)
      .filter((name) => /^[mdo]\d/u.test(name))
      .map((name) => [name, { N: '17' }]),
  ),
});

const tool = defineTool({
  name: 'echo',
  title: 'Echo',
  description: 'Says the same.',
  input: z.strictObject({ text: z.string() }),
  output: z.object({ text: z.string() }),
  annotations: { readOnlyHint: true },
  run: async ({ text }) => ({ text }),
});

const tenantRules = `@id("short") forbid (principal, action, resource == Drawbridge::Tool::"echo")
when { context.args has text && context.args.text == "forbidden" };`;

const record = { type: 'audit', tenant: 'acme', method: 'tools/call', tool: 'echo', units: 1 };

interface Variant {
  readonly name: string;
  readonly policies?: PolicyDecider;
  readonly meter?: Meter;
  readonly audit?: (record: AuditRecord) => void;
}

const callerOf = ({ policies = anything, meter = free, audit }: Variant) => {
  const gateway = new Gateway({
    admission: new Admission({ policies, meter, now }),
    tools: [tool],
    toolTimeoutMs: 30_000,
    maxResultBytes: 1_000_000,
    log: createLog(() => undefined),
  });
  const request = { principal, sourceIp: '203.0.113.7', requestId: 'r', hops: 0 };
  return async (): Promise<void> => {
    const outcome = await gateway.callTool({ ...request, name: 'echo', args: { text: 'hello' } });
    if (outcome.kind !== 'own-result') throw new Error(`the call ended as ${outcome.kind}`);
    audit?.(record as unknown as AuditRecord);
  };
};

const p50Us = async (call: () => Promise<void>): Promise<number> => {
  const times: number[] = [];
  for (let left = callsEach; left > 0; left -= 1) {
    const startedAt = performance.now();
    await call();
    times.push((performance.now() - startedAt) * 1000);
  }
  return percentile(times, 0.5);
};

await using usage = await startUsageTable();
const aws = createAwsCall(
  {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'AKIDBENCH',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_ENDPOINT_URL: usage.endpoint,
  },
  'dynamodb',
);
const meterOver = (updateItem: UpdateItem): Meter =>
  new DynamoDbMeter({ updateItem, tableName: usage.tableName, plans, now });
const cedar = cedarDeciders(
  createRequire(import.meta.url)('@cedar-policy/cedar-wasm/nodejs') as Parameters<
    typeof cedarDeciders
  >[0],
)(defaultPolicies, { tenant: 'acme', text: tenantRules });
const lines = { bytes: 0 };
const key = new AuditKey(async () => 's'.repeat(64));
await key.secret();
const chain = new ChainedSink({
  env: 'bench',
  key,
  now,
  writeLine: (line) => void (lines.bytes += line.length),
});
const chained = (one: AuditRecord): void => chain.write(one);
const counted = meterOver((input) => aws('UpdateItem', input));

const variants: readonly Variant[] = [
  { name: 'all off' },
  { name: 'policy: shipped', policies: new DefaultDecider() },
  { name: 'policy: Cedar, one rule about arguments', policies: cedar },
  { name: 'quota, table answers at once', meter: meterOver(answeredAtOnce) },
  { name: 'quota, over HTTP to dynalite in this process', meter: counted },
  { name: 'audit, chained', audit: chained },
  {
    name: 'all on, shipped policies, table answers at once',
    policies: new DefaultDecider(),
    meter: meterOver(answeredAtOnce),
    audit: chained,
  },
];

const callers = variants.map((variant) => ({ variant, call: callerOf(variant) }));
for (const { call } of callers) await p50Us(call);
const times = new Map<string, number[]>();
for (let round = 0; round < rounds; round += 1) {
  for (const { variant, call } of callers) {
    times.set(variant.name, [...(times.get(variant.name) ?? []), await p50Us(call)]);
  }
}
const off = median(times.get('all off') ?? []);
const rows = [...times].map(([name, all]) => {
  const us = median(all);
  return [name, figure(us), figure(us - off)];
});
process.stdout.write(
  `One call of a tool of our own through the gateway, p50, median of ${rounds} interleaved rounds\n\n` +
    `${table(['', 'µs', 'more than off, µs'], rows)}\n`,
);
process.exit(0);
