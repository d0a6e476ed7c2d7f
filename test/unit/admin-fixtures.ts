import { AdminError } from '../../src/admin/admin-error.ts';
import { InMemorySecretValues } from '../../src/admin/in-memory-secret-values.ts';
import { InMemoryUpstreamProbe } from '../../src/admin/in-memory-upstream-probe.ts';
import { InMemoryUsagePlans } from '../../src/admin/in-memory-usage-plans.ts';
import type { AdminPorts, ProjectPorts, TextFile } from '../../src/admin/ports.ts';
import { Pepper } from '../../src/credentials/pepper.ts';
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

/** The world of the use cases, in memory, with the parts that tests look into or break. */
export const aWorld = (at = { now }, deployment: Partial<AdminPorts['deployment']> = {}) => {
  const registry = new InMemoryRegistry();
  const upstreams = new InMemoryUpstreamRegistry();
  const usagePlans = new InMemoryUsagePlans(['free', 'pro']);
  const secrets = new InMemorySecretValues(() => at.now);
  const probe = new InMemoryUpstreamProbe();
  const ports: AdminPorts = {
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
      ...deployment,
    },
    secrets,
    probe,
    clock: () => at.now,
  };
  return { registry, upstreams, usagePlans, secrets, probe, ports, at };
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
