import { AdminError } from '../../src/admin/admin-error.ts';
import { InMemoryAuditSink } from '../../src/admin/in-memory-audit-sink.ts';
import { InMemorySecretValues } from '../../src/admin/in-memory-secret-values.ts';
import { InMemoryStanding } from '../../src/admin/in-memory-standing.ts';
import { InMemoryUpstreamProbe } from '../../src/admin/in-memory-upstream-probe.ts';
import { InMemoryUsagePlans } from '../../src/admin/in-memory-usage-plans.ts';
import type {
  AdminPorts,
  PolicyProblem,
  PolicyQuestion,
  ProjectPorts,
  TextFile,
  UsageBreakdownQuery,
  UsageBreakdownRow,
} from '../../src/admin/ports.ts';
import { Pepper } from '../../src/credentials/pepper.ts';
import type { CallDecision } from '../../src/policy/policy-decider.ts';
import { InMemoryMeter } from '../../src/quota/in-memory-meter.ts';
import { InMemoryRegistry } from '../../src/registry/in-memory-registry.ts';
import { InMemoryUpstreamRegistry } from '../../src/registry/in-memory-upstream-registry.ts';
import { UpstreamConfigError } from '../../src/upstreams/mcp-servers.ts';
import type { OpenApiTool } from '../../src/upstreams/openapi-tool.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';

/** 2026-11-21T05:00:00.000Z. */
export const now = Date.UTC(2026, 10, 21, 5);
export const nowSeconds = now / 1000;

export const pepperDocument = JSON.stringify({
  current: '2',
  '1': 'a'.repeat(32),
  '2': 'b'.repeat(32),
});
export const pepper = Pepper.parse(pepperDocument);

/** Policies of a language with one word: `broken` is wrong in line 2, `deny` refuses all calls. */
export const wordPolicies = {
  compile: async (text: string): Promise<readonly PolicyProblem[]> =>
    text.includes('broken') ? [{ line: 2, column: 7, reason: 'unexpected token `broken`' }] : [],
  decide: async ({ text }: PolicyQuestion): Promise<CallDecision> =>
    text.includes('deny') ? { kind: 'deny', policyId: 'policy:deny' } : { kind: 'allow' },
};

/** Answers what it was told to, and keeps what it was asked. */
class CannedQueries {
  rows: readonly UsageBreakdownRow[] = [];
  readonly asked: UsageBreakdownQuery[] = [];
  async breakdown(query: UsageBreakdownQuery): Promise<readonly UsageBreakdownRow[]> {
    this.asked.push(query);
    return this.rows;
  }
}

/** Who operates in tests. */
export const operator = { kind: 'operator', subject: 'iam:123456789012:user/dev' } as const;

/** The world of the use cases, in memory, with the parts that tests look into or break. */
export const aWorld = (at = { now }, deployment: Partial<AdminPorts['deployment']> = {}) => {
  const registry = new InMemoryRegistry();
  const upstreams = new InMemoryUpstreamRegistry();
  const usagePlans = new InMemoryUsagePlans(['free', 'pro']);
  const secrets = new InMemorySecretValues(() => at.now);
  const probe = new InMemoryUpstreamProbe();
  const standing = new InMemoryStanding();
  const auditSink = new InMemoryAuditSink();
  const usageQueries = new CannedQueries();
  const meter = new InMemoryMeter({
    plans: {
      free: { units: { perMinute: 10, perDay: 100 }, shards: 1, whenUnreachable: 'refuse' },
      pro: { shards: 1, whenUnreachable: 'refuse' },
    },
    now: () => at.now,
  });
  const ports: AdminPorts & { readonly identify: () => Promise<typeof operator> } = {
    registry,
    upstreams,
    usagePlans,
    peppers: { read: async () => pepper },
    deployment: {
      secretNames: ['weather-token'],
      upstreams: [],
      allowLoopback: false,
      hosts: ['mcp.acme.example'],
      restApiId: 'api123',
      ownTools: { search: 'ri', erase: 'd' },
      newTools: 'hide',
      firewall: { maxBodyBytes: 10_000, deny: ['198.51.100.0/24'], ci: [] },
      ...deployment,
    },
    secrets,
    probe,
    standing,
    policies: wordPolicies,
    usage: meter,
    usageQueries,
    auditSink,
    env: 'test',
    identify: async () => operator,
    clock: () => at.now,
  };
  return {
    registry,
    upstreams,
    usagePlans,
    secrets,
    probe,
    standing,
    meter,
    usageQueries,
    auditSink,
    ports,
    at,
  };
};

/** A project in memory: files by name, and an npm that knows the versions in `published`. */
export const aProject = () => {
  const files = new Map<string, string>();
  const published = new Map<string, string>();
  const locks = new Map<string, string>();
  const documents = new Map<string, readonly OpenApiTool[]>();
  const file = (name: string): TextFile => ({
    name,
    read: async () => files.get(name),
    write: async (text) => void files.set(name, text),
  });
  const project: ProjectPorts = {
    mcpJson: file('config/mcp.json'),
    pinLock: file('config/mcp.lock.json'),
    packages: {
      lock: async (server, name, range) => {
        const version = published.get(`${name}@${range}`);
        if (version === undefined) {
          throw new AdminError('PACKAGE_UNRESOLVED', `npm could not lock ${name}@${range}`);
        }
        locks.set(server, `${name}@${version}`);
        return { name, version };
      },
      remove: async (server) => void locks.delete(server),
    },
    compileOpenApi: async (name) => {
      const tools = documents.get(name);
      if (tools !== undefined) return { tools, warnings: ['paths./x.trace: is no tool'] };
      throw new UpstreamConfigError(name, [{ path: '(file)', message: 'cannot be read' }]);
    },
  };
  return { project, files, published, locks, documents };
};

/** A tool as a server lists it. */
export const aTool = (name: string, more: JsonObject = {}): JsonObject => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: 'object' },
  ...more,
});

/** `target` with some methods replaced. */
export const withMethods = <T extends object>(target: T, methods: Partial<T>): T =>
  new Proxy(target, {
    get: (real, name) => {
      const replaced: unknown = Reflect.get(methods, name);
      const value: unknown = replaced ?? Reflect.get(real, name);
      return typeof value === 'function' ? (value.bind(real) as unknown) : value;
    },
  });

export const failing =
  (message: string, name = 'ServiceUnavailable') =>
  async (): Promise<never> => {
    throw Object.assign(new Error(message), { name });
  };

/** The AdminError (or other error) that a use case ends with. */
export const failureOf = async (work: Promise<unknown>): Promise<Error & { code?: string }> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected a failure');
};
