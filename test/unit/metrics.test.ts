import { describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/audit/audit-record.ts';
import { createHandler } from '../../lambdas/authorizer/handler.ts';
import { createLog } from '../../src/log/log.ts';
import { meteredSink, refusalReason } from '../../src/metrics/metered-sink.ts';
import { metricCatalogue } from '../../src/metrics/metric-catalogue.ts';
import { countColdStart, openMetrics } from '../../src/metrics/metrics-env.ts';
import { embeddedMetrics, type Dimensions, type MetricValues } from '../../src/metrics/metrics.ts';
import { aContainer, aRecord, startedAt } from './audit-fixtures.ts';

const collected = () => {
  const emitted: { values: MetricValues; dimensions: Dimensions }[] = [];
  const metrics = {
    emit: (values: MetricValues, dimensions: Dimensions = {}) =>
      void emitted.push({ values, dimensions }),
  };
  return { emitted, metrics };
};

const written = () => {
  const lines: string[] = [];
  const metrics = embeddedMetrics({
    writeLine: (line) => void lines.push(line),
    env: 'test',
    servers: new Set(['drawbridge', 'items']),
    now: () => startedAt,
  });
  return { lines, metrics };
};

describe('the line of a call', () => {
  it('has all that was measured, each metric with its dimensions: this is the whole line', () => {
    const { lines, metrics } = written();
    const sink = meteredSink({ write: () => undefined }, metrics);
    sink.write(aRecord(0, { server: 'items', upstreamMs: 5, quotaPercent: 81, ms: 7 }));
    expect(lines).toEqual([
      '{"_aws":{"Timestamp":1795237200000,"CloudWatchMetrics":[' +
        '{"Namespace":"Drawbridge","Dimensions":[["env"]],"Metrics":[{"Name":"Calls","Unit":"Count"},' +
        '{"Name":"QuotaUse","Unit":"Percent"},{"Name":"QuotaNearLimit","Unit":"Count"}]},' +
        '{"Namespace":"Drawbridge","Dimensions":[["env","server"]],"Metrics":[{"Name":"Latency","Unit":"Milliseconds"},' +
        '{"Name":"UpstreamLatency","Unit":"Milliseconds"}]},' +
        '{"Namespace":"Drawbridge","Dimensions":[["env"],["env","server"]],"Metrics":[{"Name":"UpstreamDown","Unit":"Count"}]}]},' +
        '"env":"test","server":"items","Calls":1,"Latency":7,"UpstreamLatency":5,"UpstreamDown":0,"QuotaUse":81,"QuotaNearLimit":1}',
    ]);
  });

  it('is one, and is not there where nothing was measured', () => {
    const { lines, metrics } = written();
    metrics.emit({});
    metrics.emit({ Latency: 5 });
    expect(lines).toEqual([]);
  });

  it('names only servers that were deployed: others would make metrics without end', () => {
    const { lines, metrics } = written();
    for (const server of ['items', 'of-a-tenant']) metrics.emit({ Latency: 1 }, { server });
    expect(lines.map((line) => (JSON.parse(line) as { server: string }).server)).toEqual([
      'items',
      'other',
    ]);
  });

  it('holds nothing of a tenant, a key or a tool', () => {
    const { lines, metrics } = written();
    const record = aRecord(0, {
      tenant: 'canary',
      subject: 'key:canary',
      keyId: 'canary',
      tool: 'canary',
      requestId: 'canary',
    });
    meteredSink({ write: () => undefined }, metrics).write(record);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('canary');
  });
});

const measured = (more: Partial<AuditRecord>) => {
  const { emitted, metrics } = collected();
  meteredSink({ write: () => undefined }, metrics).write(aRecord(0, more));
  return emitted;
};

describe('a message', () => {
  it.each<[string, Partial<AuditRecord>, MetricValues, Dimensions]>([
    ['that was answered', {}, { Calls: 1, Latency: 7 }, { server: 'drawbridge' }],
    [
      'that a tool answered with an error',
      { outcome: 'tool_error' },
      { Calls: 1, CallErrors: 1, Latency: 7 },
      { server: 'drawbridge' },
    ],
    [
      'that we failed',
      { outcome: 'refused', httpStatus: 503, decision: 'deny', server: null },
      { Calls: 1, CallErrors: 1, Latency: 7 },
      {},
    ],
    [
      'over a limit',
      { outcome: 'rpc_error', httpStatus: 429, decision: 'deny', policyId: 'quota:minute' },
      { Calls: 1, Refusals: 1, Latency: 7, QuotaUse: 100, QuotaNearLimit: 1 },
      { server: 'drawbridge', reason: 'quota' },
    ],
    [
      'of a revoked key',
      { outcome: 'rpc_error', httpStatus: 401, decision: 'deny', policyId: 'standing:revoked' },
      { Calls: 1, Refusals: 1, Latency: 7 },
      { server: 'drawbridge', reason: 'standing' },
    ],
    [
      'whose upstream could not be asked',
      { outcome: 'tool_error', server: 's', upstreamMs: 9, upstreamFailure: 'circuit-open' },
      { Calls: 1, CallErrors: 1, Latency: 7, UpstreamLatency: 9, UpstreamDown: 1 },
      { server: 's' },
    ],
    [
      'whose upstream answered with an error of its own',
      { outcome: 'rpc_error', server: 's', upstreamMs: 9, upstreamFailure: 'rpc' },
      { Calls: 1, CallErrors: 1, Latency: 7, UpstreamLatency: 9, UpstreamDown: 0 },
      { server: 's' },
    ],
    [
      'that leaves a limit four fifths full',
      { quotaPercent: 80 },
      { Calls: 1, Latency: 7, QuotaUse: 80, QuotaNearLimit: 1 },
      { server: 'drawbridge' },
    ],
    [
      'that leaves a limit less than that',
      { quotaPercent: 79 },
      { Calls: 1, Latency: 7, QuotaUse: 79 },
      { server: 'drawbridge' },
    ],
  ])('%s is measured', (_, more, values, dimensions) => {
    expect(measured(more)).toEqual([{ values, dimensions }]);
  });

  it('that lists without some servers counts each as down', () => {
    expect(measured({ server: null, missing: ['dead', 'slow'] }).slice(1)).toEqual([
      { values: { UpstreamDown: 1 }, dimensions: { server: 'dead' } },
      { values: { UpstreamDown: 1 }, dimensions: { server: 'slow' } },
    ]);
  });
});

describe('a refusal', () => {
  const refused = (httpStatus: number) =>
    ({ outcome: 'refused', decision: 'deny', httpStatus }) as const;
  it.each<[Partial<AuditRecord>, string | undefined]>([
    [{ policyId: 'quota:credential-day', decision: 'deny' }, 'quota'],
    [{ policyId: 'standing:suspended', decision: 'deny' }, 'standing'],
    [{ policyId: 'pin:changed', decision: 'deny' }, 'pin'],
    [{ policyId: 'policy:no-deletes', decision: 'deny' }, 'policy'],
    [{ policyId: 'tenant:x', decision: 'deny' }, 'policy'],
    [refused(400), 'malformed'],
    [refused(401), 'unauthenticated'],
    [refused(403), 'forbidden'],
    [refused(404), 'unknown-tool'],
    [refused(413), 'malformed'],
    [refused(415), 'malformed'],
    [refused(418), 'other'],
    [refused(500), undefined],
    [{ outcome: 'rpc_error', decision: 'deny', rpcCode: -32602 }, 'unknown-tool'],
    [{}, undefined],
  ])('%j is one for %s', (more, reason) => {
    expect(refusalReason(aRecord(0, more))).toBe(reason);
  });
});

describe('a gap in the audit', () => {
  it('is counted when a record cannot be written, and the failure is not hidden', () => {
    const { emitted, metrics } = collected();
    const broken = {
      write: () => {
        throw new Error('no log');
      },
    };
    expect(() => meteredSink(broken, metrics).write(aRecord(0))).toThrow('no log');
    expect(emitted).toEqual([{ values: { AuditGaps: 1 }, dimensions: {} }]);
  });

  it('is counted when the key of the chain cannot be read, once for each record', async () => {
    const gaps: number[] = [];
    let broken = true;
    const { sink } = aContainer(
      'one',
      [],
      { now: startedAt },
      async () => {
        if (broken) throw new Error('no secret');
        return 's'.repeat(64);
      },
      (records) => void gaps.push(records),
    );
    sink.write(aRecord(0));
    sink.write(aRecord(1));
    await expect.poll(() => gaps).toEqual([2]);
    broken = false;
    sink.write(aRecord(2));
    await new Promise((resolve) => setImmediate(resolve));
    sink.write(aRecord(3));
    expect(gaps).toEqual([2]);
  });
});

describe('the metrics of a function', () => {
  const environment = { METRICS_ENV: 'test', METRIC_SERVERS: 'drawbridge items' };
  const opened = (variables: Readonly<Record<string, string>>) => {
    const lines: string[] = [];
    const metrics = openMetrics(
      variables,
      (line) => void lines.push(line),
      () => startedAt,
    );
    return { lines, metrics };
  };

  it('are off where its environment does not have them', () => {
    const { lines, metrics } = opened({});
    metrics.emit({ Calls: 1 });
    expect(lines).toEqual([]);
  });

  it('count each container that somebody waited for', () => {
    const { lines, metrics } = opened(environment);
    countColdStart(metrics, 'mcp', { AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand' });
    countColdStart(metrics, 'mcp', { AWS_LAMBDA_INITIALIZATION_TYPE: 'provisioned-concurrency' });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      env: 'test',
      function: 'mcp',
      ColdStarts: 1,
      _aws: { CloudWatchMetrics: [{ Dimensions: [['env', 'function']] }] },
    });
  });

  it('are few: this many for an environment, and this many for each server', () => {
    const facts = Object.values(metricCatalogue);
    const by = (dimension: string) =>
      facts.filter((metric) => (metric.by as readonly string[]).includes(dimension)).length;
    expect(by('all')).toBe(8);
    expect(by('server')).toBe(5);
    expect(by('reason')).toBe(2);
    expect(by('function')).toBe(1);
  });
});

describe('the authorizer', () => {
  const event = {
    methodArn: 'arn:aws:execute-api:us-east-1:123456789012:api/live/POST/mcp',
    headers: { Authorization: 'Bearer smcp_x' },
    requestContext: { requestId: 'r', identity: { sourceIp: '192.0.2.1' } },
  };
  const askedWith = async (verifyApiKey: () => Promise<never>) => {
    const { emitted, metrics } = collected();
    const log = createLog(() => undefined);
    const handler = createHandler({ verifyApiKey, log, metrics });
    await expect(
      (handler as unknown as (event: object, context: object) => Promise<unknown>)(event, {}),
    ).rejects.toThrow();
    return emitted;
  };

  it('counts what it could not decide', async () => {
    expect(await askedWith(() => Promise.reject(new Error('no table')))).toEqual([
      { values: { AuthorizerFailures: 1 }, dimensions: {} },
    ]);
  });

  it('counts refusals by a few reasons', async () => {
    const refused = { kind: 'refused', reason: 'secret' } as never;
    expect(await askedWith(() => Promise.resolve(refused))).toEqual([
      { values: { AuthorizerRefusals: 1 }, dimensions: { reason: 'unknown' } },
    ]);
  });
});
