import { adminRoutes } from '../../lambdas/admin/route-table.ts';
import { createHandler } from '../../lambdas/admin/handler.ts';
import { InMemoryAuditSink } from '../../src/admin/in-memory-audit-sink.ts';
import { InMemorySecretValues } from '../../src/admin/in-memory-secret-values.ts';
import { InMemoryStanding } from '../../src/admin/in-memory-standing.ts';
import { InMemoryUpstreamProbe } from '../../src/admin/in-memory-upstream-probe.ts';
import { InMemoryUsagePlans } from '../../src/admin/in-memory-usage-plans.ts';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { createKey } from '../../src/admin/keys.ts';
import { setPolicies } from '../../src/admin/policies.ts';
import type { AdminPorts, UsageBreakdownQuery } from '../../src/admin/ports.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { createLog } from '../../src/log/log.ts';
import { InMemoryMeter } from '../../src/quota/in-memory-meter.ts';
import { InMemoryRegistry, type StoredItem } from '../../src/registry/in-memory-registry.ts';
import { InMemoryUpstreamRegistry } from '../../src/registry/in-memory-upstream-registry.ts';
import { aTool, now, pepper } from './admin-fixtures.ts';

export const arns = {
  operator: 'arn:aws:iam::123456789012:role/platform',
  acmeAdmin: 'arn:aws:iam::123456789012:role/acme-admin',
  acmeUser: 'arn:aws:iam::123456789012:role/acme-user',
  betaAdmin: 'arn:aws:iam::123456789012:user/people/beta-admin',
  nobody: 'arn:aws:iam::123456789012:role/nobody',
} as const;

/** As API Gateway names a caller: a role's session, or the user. */
export const userArnOf = (arn: string): string =>
  arn.includes(':role/')
    ? arn.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/') + '/session'
    : arn;

export interface Sent {
  readonly as?: string | null;
  readonly query?: Readonly<Record<string, string | readonly string[]>>;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** An object is sent as JSON, a text as it is. */
  readonly body?: unknown;
  readonly remainingMs?: number;
}

const lists = (values: Readonly<Record<string, string | readonly string[]>> = {}) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      typeof value === 'string' ? [value] : [...value],
    ]),
  );

export const adminEventOf = (method: string, path: string, sent: Sent = {}): object => {
  const { as = arns.operator, query, headers, body } = sent;
  return {
    resource: path === '/admin' ? '/admin' : '/admin/{proxy+}',
    path,
    httpMethod: method,
    pathParameters: path === '/admin' ? null : { proxy: path.slice('/admin/'.length) },
    multiValueQueryStringParameters: query === undefined ? null : lists(query),
    multiValueHeaders: lists({ 'Content-Type': 'application/json', ...headers }),
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    isBase64Encoded: false,
    requestContext: {
      requestId: 'request-1',
      identity: { userArn: as === null ? null : userArnOf(as) },
    },
  };
};

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly json: {
    readonly [name: string]: unknown;
    readonly code?: string;
    readonly message?: string;
  };
  readonly text: string;
}

/**
 * The admin function over everything in memory: tenant acme with a key, two principals, policies and a server; tenant beta with an
 * admin of its own.
 */
export const anAdmin = async (change: (ports: AdminPorts) => Partial<AdminPorts> = () => ({})) => {
  const at = { now };
  const items = new Map<string, StoredItem>();
  const registry = new InMemoryRegistry(items);
  const upstreams = new InMemoryUpstreamRegistry(items);
  const usagePlans = new InMemoryUsagePlans(['free', 'pro']);
  const standing = new InMemoryStanding();
  const auditSink = new InMemoryAuditSink();
  const probe = new InMemoryUpstreamProbe();
  const asked: UsageBreakdownQuery[] = [];
  const plan = { shards: 1, whenUnreachable: 'refuse' } as const;
  const plans = { free: { ...plan, units: { perDay: 100 } }, pro: plan };
  const whole: AdminPorts = {
    registry,
    upstreams,
    usagePlans,
    peppers: { read: async () => pepper },
    deployment: {
      secretNames: ['weather-token'],
      upstreams: [{ name: 'everything', kind: 'stdio', function: 'Everything' }],
      allowLoopback: false,
      hosts: ['mcp.example.com'],
      restApiId: 'api123',
      ownTools: { search: 'ri' },
      newTools: 'hide',
      firewall: { maxBodyBytes: 1_000_000, deny: [], ci: [] },
    },
    secrets: new InMemorySecretValues(() => at.now),
    probe,
    standing,
    policies: {
      compile: async (text) =>
        text.includes('permit') ? [] : [{ line: 1, column: 1, reason: 'nothing is permitted' }],
      decide: async ({ tool }) =>
        tool.readOnly ? { kind: 'allow' } : { kind: 'deny', policyId: 'policy:p' },
    },
    usage: new InMemoryMeter({ plans, now: () => at.now }),
    usageQueries: {
      breakdown: async (query) => {
        asked.push(query);
        return [{ of: 'search', calls: 3, units: 3, errors: 1 }];
      },
    },
    auditSink,
    env: 'test',
    clock: () => at.now,
  };
  for (const tenant of ['acme', 'beta']) await createTenant(whole, { tenant, plan: 'free' });
  const { record: key } = await createKey(whole, { tenant: 'acme', name: 'ci' });
  await addPrincipal(whole, { arn: arns.acmeAdmin, tenant: 'acme', role: 'admin' });
  await addPrincipal(whole, { arn: arns.acmeUser, tenant: 'acme', role: 'user' });
  await addPrincipal(whole, { arn: arns.betaAdmin, tenant: 'beta', role: 'admin' });
  const text = 'permit(principal, action, resource);';
  await setPolicies(whole, { tenant: 'acme', text, by: 'iam:test' });
  probe.servers.set('weather', [aTool('forecast')]);

  const lines: string[] = [];
  const ports: AdminPorts = { ...whole, ...change(whole) };
  const handler = createHandler({
    ports: async () => ports,
    audit: ports,
    routes: adminRoutes,
    operators: new Set([arns.operator]),
    log: createLog(
      (line) => lines.push(line),
      () => at.now,
    ),
  });
  const call = async (method: string, path: string, sent: Sent = {}): Promise<Answered> => {
    const { statusCode, headers, body } = await handler(adminEventOf(method, path, sent), {
      getRemainingTimeInMillis: () => sent.remainingMs ?? 29_000,
    });
    return {
      status: statusCode,
      headers,
      text: body,
      json: JSON.parse(body) as Answered['json'],
    };
  };
  return {
    at,
    ports,
    call,
    keyId: key.keyId,
    asked,
    lines,
    probe,
    records: auditSink.records,
    /** Everything that operations may change. */
    snapshot: () =>
      structuredClone({
        items: [...items],
        gatewayKeys: [...usagePlans.keys],
        revoked: [...standing.revoked],
      }),
  };
};
export type Admin = Awaited<ReturnType<typeof anAdmin>>;
