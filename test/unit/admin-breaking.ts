import type { AdminPorts } from '../../src/admin/ports.ts';

/** How a call to a port goes wrong: it is not made, or it is made and its answer is lost. */
export type Breaking = 'before' | 'after';

export interface BrokenPorts {
  readonly ports: AdminPorts;
  /** Whether the step that breaks was reached. */
  readonly broke: () => boolean;
}

/**
 * Ports whose n-th call, of all of them together, breaks.
 * @param dies - whether the process ends there: then nothing after it is done either.
 */
export const breakingAt = (
  ports: AdminPorts,
  step: number,
  how: Breaking,
  dies: boolean,
): BrokenPorts => {
  let calls = 0;
  let broke = false;
  const broken = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (real, name) => {
        const value: unknown = Reflect.get(real, name);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          calls += 1;
          const fails = dies && broke ? true : calls === step;
          if (!fails) return Reflect.apply(value, real, args);
          if (how === 'after' && !broke) await Reflect.apply(value, real, args);
          broke = true;
          throw Object.assign(new Error('it broke'), { name: 'ServiceUnavailable' });
        };
      },
    });
  return {
    ports: {
      ...ports,
      registry: broken(ports.registry),
      usagePlans: broken(ports.usagePlans),
      standing: broken(ports.standing),
    },
    broke: () => broke,
  };
};
