import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { diagnose } from '../../src/admin/diagnose.ts';
import { createKey } from '../../src/admin/keys.ts';
import { moveTenant } from '../../src/admin/move-tenant.ts';
import { setPolicies } from '../../src/admin/policies.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import { repair } from '../../src/admin/repair.ts';
import { resumeTenant, suspendTenant } from '../../src/admin/tenant-status.ts';
import { AdminError } from '../../src/admin/admin-error.ts';
import { aWorld } from './admin-fixtures.ts';
import { breakingAt, type Breaking } from './admin-breaking.ts';

type World = ReturnType<typeof aWorld>;

const aTenantWithKeys = async (): Promise<World> => {
  const world = aWorld();
  await createTenant(world.ports, { tenant: 'acme', plan: 'free' });
  for (const name of ['a', 'b', 'c']) await createKey(world.ports, { tenant: 'acme', name });
  return world;
};

interface Operation {
  readonly name: string;
  readonly before?: (ports: AdminPorts) => Promise<unknown>;
  readonly run: (ports: AdminPorts) => Promise<unknown>;
  /** Holds whatever broke, when anything had been changed. */
  readonly safe?: (world: World) => Promise<void>;
  /** Holds when it was done. */
  readonly done: (world: World) => Promise<void>;
}

const policies = (ports: AdminPorts) =>
  setPolicies(ports, { tenant: 'acme', text: 'permit', by: 'iam:123456789012:user/dev' });

const operations: readonly Operation[] = [
  {
    name: 'suspendTenant',
    run: (ports) => suspendTenant(ports, 'acme'),
    safe: async ({ registry, standing }) => {
      const [now] = await standing.standings('acme');
      const touched =
        (await registry.getTenant('acme'))?.status === 'suspended' ||
        (await registry.listKeys('acme')).items.some(({ suspended }) => suspended === true);
      if (touched) expect(now?.suspended).toBe(true);
    },
    done: async ({ registry, standing }) => {
      expect((await registry.getTenant('acme'))?.status).toBe('suspended');
      expect((await standing.standings('acme'))[0]?.suspended).toBe(true);
    },
  },
  {
    name: 'resumeTenant',
    before: (ports) => suspendTenant(ports, 'acme'),
    run: (ports) => resumeTenant(ports, 'acme'),
    safe: async ({ registry, standing }) => {
      const [now] = await standing.standings('acme');
      if (now?.suspended === true) return;
      expect((await registry.getTenant('acme'))?.status).toBe('active');
      const { items } = await registry.listKeys('acme');
      expect(items.filter(({ suspended }) => suspended === true)).toEqual([]);
    },
    done: async ({ registry, standing }) => {
      expect((await registry.getTenant('acme'))?.status).toBe('active');
      expect((await standing.standings('acme'))[0]?.suspended).toBe(false);
    },
  },
  {
    name: 'moveTenant',
    run: (ports) => moveTenant(ports, 'acme', 'pro'),
    done: async ({ registry, usagePlans }) => {
      const tenant = await registry.getTenant('acme');
      expect(tenant?.plan).toBe('pro');
      expect(await usagePlans.planOf(tenant?.apiGatewayKeyId ?? '')).toBe('pro');
    },
  },
  {
    name: 'setPolicies',
    run: policies,
    safe: async ({ registry, standing }) => {
      const version = (await registry.getTenant('acme'))?.policyVersion;
      const counted = (await standing.standings('acme'))[0]?.policyVersion;
      // Whatever is named is there.
      for (const named of [version, counted]) {
        if (named !== undefined) expect(await registry.getPolicy('acme', named)).toBeDefined();
      }
    },
    done: async ({ registry, standing }) => {
      const { policyVersion = 0 } = (await registry.getTenant('acme')) ?? {};
      expect(await registry.getPolicy('acme', policyVersion)).toMatchObject({ text: 'permit' });
      expect((await standing.standings('acme'))[0]?.policyVersion).toBe(policyVersion);
    },
  },
];

const ways: readonly (readonly [string, Breaking, boolean])[] = [
  ['a call fails', 'before', false],
  ['the answer of a call is lost', 'after', false],
  ['the process dies before a call', 'before', true],
  ['the process dies after a call', 'after', true],
];

describe.each(operations)('$name', ({ before, run, safe, done }) => {
  it.each(ways)(
    'whichever step it is that %s at, it is safe, doctor --repair mends it, and running it again ends it',
    async (_way, how, dies) => {
      let steps = 0;
      for (let step = 1; ; step += 1) {
        const world = await aTenantWithKeys();
        await before?.(world.ports);
        const broken = breakingAt(world.ports, step, how, dies);
        const failure: unknown = await run(broken.ports).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (!broken.broke()) break;
        steps = step;
        if (failure === undefined) await done(world);
        else expect(failure).toBeInstanceOf(AdminError);
        await safe?.(world);

        const treated = await repair(world.ports, await diagnose(world.ports));
        expect(treated.filter(({ mended }) => !mended)).toEqual([]);
        expect(await diagnose(world.ports)).toEqual([]);

        await run(world.ports);
        await done(world);
        expect(await diagnose(world.ports)).toEqual([]);
      }
      expect(steps).toBeGreaterThanOrEqual(8);
    },
  );
});
