import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { WebAcl } from '../../lib/constructs/web-acl.ts';
import { wafConfig } from '../../lib/waf-config.ts';
import { MemoryLogSink } from '../../local/log/memory-log-sink.ts';
import { callOf, runTwin, type Rpc, type RunningTwin } from './support/running-twin.ts';

interface Template {
  readonly Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>;
}
const templateFile = 'drawbridge-local-Gateway.template.json';

/** The rules and sets that `lib` makes of these settings. */
const firewallOf = (waf: object): Template['Resources'] => {
  const outdir = mkdtempSync(join(tmpdir(), 'drawbridge-waf-'));
  try {
    const stack = new Stack(new App({ outdir }), 'Settings');
    new WebAcl(stack, 'Firewall', {
      envName: 'local',
      waf: wafConfig.parse(waf),
      stageArn: 'arn:aws:apigateway:us-east-1::/restapis/api/stages/live',
      logRetentionDays: 30,
      logRemovalPolicy: RemovalPolicy.DESTROY,
    });
    const { Resources } = App.of(stack)?.synth().getStackByName('Settings').template as Template;
    return Resources;
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
};

/** Gives the synthesized application the firewall of other settings. The rest stays as it was. */
const withFirewall = (cdkOut: string, waf: object): void => {
  const file = join(cdkOut, templateFile);
  const template = JSON.parse(readFileSync(file, 'utf8')) as Template;
  const ours = firewallOf(waf);
  for (const [id, resource] of Object.entries(ours)) {
    if (resource.Type === 'AWS::WAFv2::IPSet') template.Resources[id] = resource;
  }
  const aclOf = (resources: Template['Resources']) =>
    Object.values(resources).find(({ Type }) => Type === 'AWS::WAFv2::WebACL') ??
    expect.fail('the template has no web ACL');
  aclOf(template.Resources).Properties = aclOf(ours).Properties;
  writeFileSync(file, JSON.stringify(template));
};

interface Twin extends RunningTwin {
  readonly log: MemoryLogSink;
  stopAll(): Promise<void>;
}

const begin = async (waf: object): Promise<Twin> => {
  const cdkOut = mkdtempSync(join(tmpdir(), 'drawbridge-waf-'));
  cpSync(inject('cdkOut'), cdkOut, { recursive: true });
  withFirewall(cdkOut, waf);
  const log = new MemoryLogSink();
  // Fewer sandboxes than requests of a flood: what starts cold is not what these tests are about.
  const running = await runTwin({ cdkOut, log, maxSandboxesPerFunction: 4 });
  return {
    ...running,
    log,
    stopAll: async () => {
      try {
        await running[Symbol.asyncDispose]();
      } finally {
        rmSync(cdkOut, { recursive: true, force: true });
      }
    },
  };
};

interface Answer {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly json: Rpc;
}

/** One request from an address of this machine: all of 127.0.0.0/8 is. */
const send = (
  url: string,
  from: string,
  { method = 'POST', key, body = '' }: { method?: string; key?: string; body?: string } = {},
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    };
    const sent = httpRequest(url, { method, headers, localAddress: from }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          retryAfter: response.headers['retry-after'],
          json: JSON.parse(Buffer.concat(chunks).toString() || '{}') as Rpc,
        }),
      );
    });
    sent.once('error', reject);
    sent.end(body);
  });

const search = JSON.stringify(callOf('search', { query: 'plan' }));
const statusesOf = (answers: readonly Answer[]): Record<number, number> => {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
};
const flood = (times: number, one: (index: number) => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: times }, (_, index) => one(index)));

const wafLinesOf = ({ log, twin }: Twin): readonly Record<string, unknown>[] => {
  const group = twin.deployment
    .ofType('AWS::Logs::LogGroup')
    .find(({ physicalId }) => physicalId.startsWith('aws-waf-logs-'));
  return log
    .lines(group?.physicalId ?? expect.fail('no log group'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

describe('a firewall that blocks', () => {
  let running: Twin;
  let key: string;
  let other: string;
  beforeAll(async () => {
    running = await begin({
      requestsPerIp: 30,
      openRequestsPerIp: 10,
      requestsPerCredential: 20,
      ipSets: { deny: ['127.0.9.0/24'], allow: ['127.0.8.0/24'], ci: ['127.0.7.0/24'] },
    });
    key = await running.keyOn('premium', 'acme');
    other = await running.keyOn('premium', 'other');
  });
  afterAll(() => running.stopAll());

  it('refuses a flood from one address, and serves another', async () => {
    const answers = await flood(40, (index) =>
      send(running.mcpUrl, '127.0.0.2', { key: `key-${index}`, body: search }),
    );
    expect(statusesOf(answers)).toEqual({ 401: 30, 429: 10 });
    const refused = answers.find(({ status }) => status === 429);
    expect(refused).toMatchObject({
      retryAfter: '300',
      json: { id: null, code: 'THROTTLED', error: { code: -31429 } },
    });
    const served = await send(running.mcpUrl, '127.0.0.3', { key, body: search });
    expect(served.status).toBe(200);
    expect(served.json.result?.isError).not.toBe(true);
  });

  it('holds requests without a credential to a stricter limit', async () => {
    const paths = ['/.well-known/oauth-authorization-server', '/health', '/mcp'];
    const answers = await flood(15, (index) =>
      send(`${running.twin.url}${paths[index % paths.length]}`, '127.0.0.4', { method: 'GET' }),
    );
    expect(statusesOf(answers)[429]).toBe(5);
    const served = await send(running.mcpUrl, '127.0.0.4', { key, body: search });
    expect(served.status).toBe(200);
  });

  it('refuses one credential from many addresses, and serves others from the same', async () => {
    const answers = await flood(30, (index) =>
      send(running.mcpUrl, `127.0.1.${index + 1}`, { key: other, body: search }),
    );
    expect(statusesOf(answers)).toEqual({ 200: 20, 429: 10 });
    const served = await send(running.mcpUrl, '127.0.1.1', { key, body: search });
    expect(served.status).toBe(200);
  });

  it('lets the CI set at the CI lane, and nobody else', async () => {
    const ci = `${running.twin.url}/ci/mcp`;
    const inside = await send(ci, '127.0.7.1', { body: search });
    // The firewall let it pass. It has no signature, and API Gateway says of those that there is nothing.
    expect(inside).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
    for (const url of [ci, `${running.twin.url}/%63i/mcp`]) {
      const outside = await send(url, '127.0.0.5', { body: search });
      expect(outside.status).toBe(403);
      expect(outside.json.error?.message).toBe('This address may not use the CI lane');
    }
  });

  it('refuses the deny set everything, with a key too', async () => {
    for (const path of ['/mcp', '/health']) {
      const answer = await send(`${running.twin.url}${path}`, '127.0.9.1', { key, body: search });
      expect(answer.status).toBe(403);
      expect(answer.json.error?.message).toBe('Requests from this address are refused');
    }
  });

  it('holds the allow set to no rate, and to its size all the same', async () => {
    const answers = await flood(50, () =>
      send(`${running.twin.url}/health`, '127.0.8.1', { method: 'GET' }),
    );
    expect(statusesOf(answers)).toEqual({ 200: 50 });
    const large = await send(running.mcpUrl, '127.0.8.1', { key, body: 'x'.repeat(1_000_001) });
    expect(large).toMatchObject({ status: 413, json: { code: 'REQUEST_TOO_LARGE' } });
  });

  it('has written each refusal, and no credential', () => {
    const lines = wafLinesOf(running);
    const counts: Record<string, number> = {};
    for (const { action, terminatingRuleId } of lines) {
      expect(action).toBe('BLOCK');
      counts[String(terminatingRuleId)] = (counts[String(terminatingRuleId)] ?? 0) + 1;
    }
    expect(counts).toEqual({
      RequestsPerIp: 10,
      OpenRequestsPerIp: 5,
      RequestsPerCredential: 10,
      CiAddresses: 2,
      DeniedAddresses: 2,
      BodySize: 1,
    });
    const written = JSON.stringify(lines);
    for (const secret of [key, other, 'Bearer']) expect(written).not.toContain(secret);
    expect(written).toContain('"name":"authorization","value":"REDACTED"');
  });
});

describe('a firewall that counts', () => {
  let running: Twin;
  let key: string;
  beforeAll(async () => {
    running = await begin({
      mode: 'count',
      requestsPerIp: 20,
      openRequestsPerIp: 10,
      requestsPerCredential: 10,
      ipSets: { deny: ['127.0.9.0/24'] },
    });
    key = await running.keyOn('premium', 'acme');
  });
  afterAll(() => running.stopAll());

  it('serves a flood, and writes what it would have refused', async () => {
    const answers = await flood(25, () => send(running.mcpUrl, '127.0.0.2', { key, body: search }));
    expect(statusesOf(answers)).toEqual({ 200: 25 });
    const counts: Record<string, number> = {};
    for (const { action, nonTerminatingMatchingRules } of wafLinesOf(running)) {
      expect(action).toBe('ALLOW');
      for (const { ruleId } of nonTerminatingMatchingRules as { ruleId: string }[]) {
        counts[ruleId] = (counts[ruleId] ?? 0) + 1;
      }
    }
    expect(counts).toEqual({ RequestsPerIp: 5, RequestsPerCredential: 15 });
  });

  it('still refuses who is denied', async () => {
    const answer = await send(running.mcpUrl, '127.0.9.1', { key, body: search });
    expect(answer.status).toBe(403);
  });
});
