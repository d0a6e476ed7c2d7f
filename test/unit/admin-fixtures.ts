import { InMemoryUsagePlans } from '../../src/admin/in-memory-usage-plans.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { Pepper } from '../../src/credentials/pepper.ts';
import { InMemoryRegistry } from '../../src/registry/in-memory-registry.ts';

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
export const aWorld = (at = { now }) => {
  const registry = new InMemoryRegistry();
  const usagePlans = new InMemoryUsagePlans(['free', 'pro']);
  const ports: AdminPorts = {
    registry,
    usagePlans,
    peppers: { read: async () => pepper },
    clock: () => at.now,
  };
  return { registry, usagePlans, ports, at };
};

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
