import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { UsagePlanDirectory } from '../../src/admin/ports.ts';

/** Usage plans `free` and `pro` of a deployment, and a way to make a key that is none of its own. */
export interface UsagePlansUnderTest extends AsyncDisposable {
  readonly plans: UsagePlanDirectory;
  /** A key of a name that another deployment, or a person, would give. */
  plantForeign(): Promise<void>;
  /** Switches a key off. */
  disable(apiGatewayKeyId: string): Promise<void>;
}

const valueOf = (tenant: string): string => `value-of-${tenant}`.padEnd(40, '0');

/** What every directory of usage plans promises. */
export const usagePlansContract = (adapter: string, start: () => Promise<UsagePlansUnderTest>) => {
  describe(`usage plans contract: ${adapter}`, () => {
    let harness: UsagePlansUnderTest;
    let plans: UsagePlanDirectory;
    beforeAll(async () => {
      harness = await start();
      plans = harness.plans;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    const keyOf = async (tenant: string): Promise<string> =>
      (await plans.createTenantKey({ tenant, value: valueOf(tenant) })).apiGatewayKeyId;
    const listed = async (id: string) =>
      (await plans.listTenantKeys()).find(({ apiGatewayKeyId }) => apiGatewayKeyId === id);

    it('a key is in no plan until it is attached, then in that one', async () => {
      const apiGatewayKeyId = await keyOf('acme');
      expect(await plans.planOf(apiGatewayKeyId)).toBeUndefined();
      await plans.attach({ apiGatewayKeyId, plan: 'free' });
      expect(await plans.planOf(apiGatewayKeyId)).toBe('free');
      expect(await listed(apiGatewayKeyId)).toMatchObject({
        tenant: 'acme',
        value: valueOf('acme'),
        enabled: true,
        plans: ['free'],
      });
    });

    it('a key that is in a plan enters no second one before it has left', async () => {
      const apiGatewayKeyId = await keyOf('moving');
      await plans.attach({ apiGatewayKeyId, plan: 'free' });
      await expect(plans.attach({ apiGatewayKeyId, plan: 'pro' })).rejects.toThrow();
      expect(await plans.planOf(apiGatewayKeyId)).toBe('free');
      await plans.detach({ apiGatewayKeyId, plan: 'free' });
      await plans.attach({ apiGatewayKeyId, plan: 'pro' });
      expect(await plans.planOf(apiGatewayKeyId)).toBe('pro');
    });

    it('leaving a plan that it is not in is no error', async () => {
      const apiGatewayKeyId = await keyOf('leaving');
      await plans.detach({ apiGatewayKeyId, plan: 'pro' });
      await plans.attach({ apiGatewayKeyId, plan: 'free' });
      await plans.detach({ apiGatewayKeyId, plan: 'pro' });
      expect(await plans.planOf(apiGatewayKeyId)).toBe('free');
    });

    it('an unknown plan is refused', async () => {
      const apiGatewayKeyId = await keyOf('unknown-plan');
      await expect(plans.attach({ apiGatewayKeyId, plan: 'gold' })).rejects.toThrow(/"gold"/);
    });

    it('lists the keys of this deployment only', async () => {
      await keyOf('listed');
      await harness.plantForeign();
      const tenants = (await plans.listTenantKeys()).map(({ tenant }) => tenant);
      expect(tenants).toContain('listed');
      expect(tenants.every((tenant) => /^[a-z0-9-]+$/u.test(tenant))).toBe(true);
    });

    it('a key that was switched off is switched on, and a removed one is gone', async () => {
      const apiGatewayKeyId = await keyOf('switched');
      await harness.disable(apiGatewayKeyId);
      expect(await listed(apiGatewayKeyId)).toMatchObject({ enabled: false });
      await plans.enable({ apiGatewayKeyId });
      expect(await listed(apiGatewayKeyId)).toMatchObject({ enabled: true });
      await plans.remove({ apiGatewayKeyId });
      expect(await listed(apiGatewayKeyId)).toBeUndefined();
    });
  });
};
