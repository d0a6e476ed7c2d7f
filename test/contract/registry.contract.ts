import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { InvalidCursorError } from '../../src/registry/paging.ts';
import type { KeyRecord, PrincipalRecord, TenantRecord } from '../../src/registry/records.ts';
import type { Page, PageQuery, Registry } from '../../src/registry/registry.ts';
import {
  keyPlace,
  principalPlace,
  tenantPlace,
  type ItemPlace,
} from '../../src/registry/registry-table.ts';

/** A registry under test, and a way past it into its store. */
export interface RegistryUnderTest extends AsyncDisposable {
  readonly registry: Registry;
  plant(place: ItemPlace, item: Record<string, unknown>): Promise<void>;
}

export const aTenant = (tenant: string, more: Partial<TenantRecord> = {}): TenantRecord => ({
  tenant,
  name: tenant,
  plan: 'free',
  status: 'active',
  usageKey: `usage-key-of-${tenant}`.padEnd(40, '0'),
  apiGatewayKeyId: `gw-${tenant}`,
  createdAt: '2026-11-21T00:00:00.000Z',
  revision: 1,
  ...more,
});

export const aKey = (keyId: string, tenant: string, more: Partial<KeyRecord> = {}): KeyRecord => ({
  keyId,
  tenant,
  name: 'ci',
  role: 'user',
  plan: 'free',
  usageKey: `usage-key-of-${tenant}`.padEnd(40, '0'),
  status: 'active',
  hash: 'h'.repeat(43),
  pepperVersion: '1',
  createdAt: '2026-11-21T00:00:00.000Z',
  ...more,
});

export const aPrincipal = (
  role: string,
  tenant: string,
  more: Partial<PrincipalRecord> = {},
): PrincipalRecord => ({
  arn: `arn:aws:iam::123456789012:role/${role}`,
  tenant,
  role: 'user',
  createdAt: '2026-11-21T00:00:00.000Z',
  ...more,
});

/** All pages of a list. */
export const pagesOf = async <T>(
  list: (query: PageQuery) => Promise<Page<T>>,
  limit: number,
): Promise<(readonly T[])[]> => {
  const pages: (readonly T[])[] = [];
  for (let cursor: string | undefined; pages.length < 20;) {
    const page = await list({ limit, ...(cursor === undefined ? {} : { cursor }) });
    pages.push(page.items);
    cursor = page.cursor;
    if (cursor === undefined) return pages;
  }
  throw new Error('the pages do not end');
};

/** What every registry promises. Tests share one store, so each uses tenants and keys of its own. */
export const registryContract = (adapter: string, start: () => Promise<RegistryUnderTest>) => {
  describe(`registry contract: ${adapter}`, () => {
    let harness: RegistryUnderTest;
    let registry: Registry;
    beforeAll(async () => {
      harness = await start();
      registry = harness.registry;
    });
    afterAll(() => harness[Symbol.asyncDispose]());

    it('an unknown key or tenant is undefined', async () => {
      expect(await registry.getKey('Unknown0')).toBeUndefined();
      expect(await registry.getTenant('unknown')).toBeUndefined();
    });

    it('reads back exactly what was created, unicode names and optional fields included', async () => {
      const tenant = aTenant('unicode', { name: 'Ærøskøbing 東京 🌉' });
      const key = aKey('Unicode0', 'unicode', {
        name: 'clé d’été 🔑',
        role: 'readonly',
        expiresAt: 1_900_000_000,
        cidrs: ['203.0.113.0/24', '2001:db8::/32'],
      });
      expect(await registry.createTenant(tenant)).toBe(true);
      expect(await registry.createKey(key)).toBe(true);
      expect(await registry.getTenant('unicode')).toEqual(tenant);
      expect(await registry.getKey('Unicode0')).toEqual(key);
    });

    it('a second create answers false and leaves the first as it was', async () => {
      const tenant = aTenant('twice');
      expect(await registry.createTenant(tenant)).toBe(true);
      expect(await registry.createTenant({ ...tenant, plan: 'pro' })).toBe(false);
      expect(await registry.getTenant('twice')).toEqual(tenant);

      const key = aKey('Twice000', 'twice');
      expect(await registry.createKey(key)).toBe(true);
      expect(await registry.createKey({ ...key, role: 'admin' })).toBe(false);
      expect(await registry.getKey('Twice000')).toEqual(key);
    });

    it('key ids are case sensitive', async () => {
      expect(await registry.createKey(aKey('aaaaAAAA', 'case'))).toBe(true);
      expect(await registry.createKey(aKey('AAAAaaaa', 'case'))).toBe(true);
      expect(await registry.getKey('aaaaaaaa')).toBeUndefined();
    });

    it('lists the keys of one tenant oldest first, in pages that neither repeat nor skip', async () => {
      const keys = [1, 2, 3, 4, 5].map((day) =>
        aKey(`Page000${9 - day}`, 'paged', { createdAt: `2026-11-0${day}T00:00:00.000Z` }),
      );
      for (const key of [...keys].reverse()) await registry.createKey(key);
      await registry.createKey(aKey('Page1000', 'paged-not'));
      const pages = await pagesOf((query) => registry.listKeys('paged', query), 2);
      expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
      expect(pages.flat()).toEqual(keys);
    });

    it('the last page has no cursor, even when it is full', async () => {
      for (const keyId of ['Full0001', 'Full0002']) await registry.createKey(aKey(keyId, 'full'));
      const page = await registry.listKeys('full', { limit: 2 });
      expect(page.items).toHaveLength(2);
      expect(page.cursor).toBeUndefined();
      expect(await registry.listKeys('nobody')).toEqual({ items: [] });
    });

    it('lists tenants by id', async () => {
      for (const tenant of ['order-c', 'order-a', 'order-b'])
        await registry.createTenant(aTenant(tenant));
      const all = (await pagesOf((query) => registry.listTenants(query), 2)).flat();
      const ids = all.map(({ tenant }) => tenant);
      expect(ids).toEqual([...ids].sort());
      expect(ids.filter((id) => id.startsWith('order-'))).toEqual([
        'order-a',
        'order-b',
        'order-c',
      ]);
    });

    it('refuses a limit out of range', async () => {
      await expect(registry.listTenants({ limit: 0 })).rejects.toThrow(RangeError);
      await expect(registry.listTenants({ limit: 101 })).rejects.toThrow(RangeError);
      await expect(registry.listKeys('paged', { limit: 1.5 })).rejects.toThrow(RangeError);
    });

    it('refuses a cursor that is no cursor, or another list’s', async () => {
      for (const keyId of ['Cursor01', 'Cursor02'])
        await registry.createKey(aKey(keyId, 'cursors'));
      const { cursor = '' } = await registry.listKeys('cursors', { limit: 1 });
      expect(cursor).toMatch(/^[\w-]+$/);
      await expect(registry.listKeys('paged', { cursor })).rejects.toThrow(InvalidCursorError);
      for (const bad of ['', 'not a cursor', Buffer.from('{"pk":1}').toString('base64url')]) {
        await expect(registry.listKeys('cursors', { cursor: bad })).rejects.toThrow(
          /list again from the start/,
        );
      }
    });

    it('updates the fields given and no others', async () => {
      const key = aKey('Update00', 'update', { cidrs: ['10.0.0.0/8'] });
      await registry.createKey(key);
      expect(
        await registry.updateKey('Update00', { expiresAt: 1_900_000_000, revokedAt: undefined }),
      ).toBe(true);
      expect(await registry.getKey('Update00')).toEqual({ ...key, expiresAt: 1_900_000_000 });
      expect((await registry.listKeys('update')).items).toEqual([
        { ...key, expiresAt: 1_900_000_000 },
      ]);
      expect(await registry.updateKey('Update00', {})).toBe(true);
    });

    it('updating a key that does not exist answers false and creates nothing', async () => {
      expect(await registry.updateKey('Missing0', { name: 'ghost' })).toBe(false);
      expect(await registry.updateKey('Missing0', {})).toBe(false);
      expect(await registry.getKey('Missing0')).toBeUndefined();
    });

    it('a revoked key is final', async () => {
      await registry.createKey(aKey('Revoked0', 'revoke'));
      const revokedAt = '2026-11-21T01:00:00.000Z';
      expect(await registry.updateKey('Revoked0', { status: 'revoked', revokedAt })).toBe(true);
      const revoked = await registry.getKey('Revoked0');
      expect(revoked).toMatchObject({ status: 'revoked', revokedAt });
      expect(await registry.updateKey('Revoked0', { status: 'active' })).toBe(false);
      expect(
        await registry.updateKey('Revoked0', {
          status: 'revoked',
          revokedAt: '2027-01-01T00:00:00.000Z',
        }),
      ).toBe(false);
      expect(await registry.getKey('Revoked0')).toEqual(revoked);
    });

    it('of two replacements of one key the first holds', async () => {
      await registry.createKey(aKey('Replace0', 'replace'));
      const outcomes = await Promise.all(
        ['First000', 'Second00'].map((replacedBy) =>
          registry.updateKey('Replace0', { replacedBy }),
        ),
      );
      expect([...outcomes].sort()).toEqual([false, true]);
      const winner = outcomes[0] === true ? 'First000' : 'Second00';
      expect(await registry.getKey('Replace0')).toMatchObject({ replacedBy: winner });
    });

    it('a deleted tenant is gone, and deleting it again is no error', async () => {
      await registry.createTenant(aTenant('deleted'));
      await registry.deleteTenant('deleted');
      await registry.deleteTenant('deleted');
      expect(await registry.getTenant('deleted')).toBeUndefined();
    });

    it('a malformed item throws, names its fields and hides their values', async () => {
      const key = aKey('Broken00', 'broken');
      await harness.plant(keyPlace(key), { ...key, status: 'canary', hash: 'canary' });
      const failure = await registry.getKey('Broken00').catch((error: unknown) => error);
      expect(String(failure)).toMatch(/KEY#Broken00 is not a key record: check status, hash/);
      expect(String(failure)).not.toContain('canary');
      await expect(registry.listKeys('broken')).rejects.toThrow(/KEY#Broken00/);

      const tenant = aTenant('broken');
      await harness.plant(tenantPlace(tenant), { tenant: 'broken' });
      await expect(registry.getTenant('broken')).rejects.toThrow(/TENANT#broken/);
      await registry.deleteTenant('broken');
    });

    it('an item that holds another key’s record throws', async () => {
      const key = aKey('Swapped0', 'swapped');
      await harness.plant({ ...keyPlace(key), pk: 'KEY#Elsewhr0' }, { ...key });
      await expect(registry.getKey('Elsewhr0')).rejects.toThrow(/holds the record of KEY#Swapped0/);
    });

    it('an unknown principal is undefined, and deleting it answers false', async () => {
      const { arn } = aPrincipal('unknown', 'nobody');
      expect(await registry.getPrincipal(arn)).toBeUndefined();
      expect(await registry.deletePrincipal(arn)).toBe(false);
    });

    it('a principal is created once, whichever tenant asks', async () => {
      const principal = aPrincipal('once', 'first', { role: 'readonly' });
      expect(await registry.createPrincipal(principal)).toBe(true);
      expect(await registry.createPrincipal({ ...principal, tenant: 'second' })).toBe(false);
      expect(await registry.getPrincipal(principal.arn)).toEqual(principal);
      expect((await registry.listPrincipals('second')).items).toEqual([]);
    });

    it('role names are case sensitive', async () => {
      const principal = aPrincipal('CaseMatters', 'case');
      expect(await registry.createPrincipal(principal)).toBe(true);
      expect(await registry.getPrincipal(principal.arn.toLowerCase())).toBeUndefined();
    });

    it('lists the principals of one tenant by ARN, in pages, and no keys among them', async () => {
      const principals = ['a', 'b', 'c'].map((name) => aPrincipal(`listed-${name}`, 'listed'));
      for (const principal of [...principals].reverse()) await registry.createPrincipal(principal);
      await registry.createPrincipal(aPrincipal('listed-not', 'listed-not'));
      await registry.createKey(aKey('Listed00', 'listed'));
      const pages = await pagesOf((query) => registry.listPrincipals('listed', query), 2);
      expect(pages.map((page) => page.length)).toEqual([2, 1]);
      expect(pages.flat()).toEqual(principals);
    });

    it('a deleted principal is gone and may be created anew', async () => {
      const principal = aPrincipal('deleted', 'first');
      await registry.createPrincipal(principal);
      expect(await registry.deletePrincipal(principal.arn)).toBe(true);
      expect(await registry.getPrincipal(principal.arn)).toBeUndefined();
      expect(await registry.createPrincipal({ ...principal, tenant: 'second' })).toBe(true);
    });

    it('a malformed principal, or another one’s, throws', async () => {
      const broken = aPrincipal('broken', 'broken');
      await harness.plant(principalPlace(broken), { ...broken, role: 'canary' });
      const failure = await registry.getPrincipal(broken.arn).catch((error: unknown) => error);
      expect(String(failure)).toMatch(/role\/broken is not a principal record: check role/);
      expect(String(failure)).not.toContain('canary');

      const swapped = aPrincipal('swapped', 'swapped');
      const elsewhere = aPrincipal('elsewhere', 'swapped');
      await harness.plant(
        { ...principalPlace(swapped), pk: principalPlace(elsewhere).pk },
        swapped,
      );
      await expect(registry.getPrincipal(elsewhere.arn)).rejects.toThrow(
        /holds the record of PRINCIPAL#.*role\/swapped/,
      );
    });
  });
};
