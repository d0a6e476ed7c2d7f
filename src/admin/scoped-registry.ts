import type { KeyRecord, PrincipalRecord, TenantRecord } from '../registry/records.ts';
import type { Page, Registry } from '../registry/registry.ts';
import { operatorOnly } from './operator.ts';

const nothing: Page<never> = { items: [] };

/**
 * The registry as one tenant's admin sees it: what is of another tenant is not there. It writes keys and policies of its own,
 * and takes principals away; what the deployment's operators decide (tenants, plans, who calls from which AWS account) it may not.
 */
export const scopedRegistry = (registry: Registry, own: string): Registry => {
  const ifOwn = <T extends { readonly tenant: string }>(record: T | undefined): T | undefined =>
    record?.tenant === own ? record : undefined;
  const refused = (what: string) => (): Promise<never> => Promise.reject(operatorOnly(what));
  const getTenant = async (tenant: string): Promise<TenantRecord | undefined> =>
    tenant === own ? ifOwn(await registry.getTenant(tenant)) : undefined;
  const getKey = async (keyId: string): Promise<KeyRecord | undefined> =>
    ifOwn(await registry.getKey(keyId));
  const getPrincipal = async (arn: string): Promise<PrincipalRecord | undefined> =>
    ifOwn(await registry.getPrincipal(arn));

  return {
    getTenant,
    getKey,
    getPrincipal,
    getPolicy: async (tenant, version) =>
      tenant === own ? ifOwn(await registry.getPolicy(tenant, version)) : undefined,
    listTenants: async () => {
      const tenant = await getTenant(own);
      return tenant === undefined ? nothing : { items: [tenant] };
    },
    listKeys: async (tenant, query) =>
      tenant === own ? registry.listKeys(tenant, query) : nothing,
    listPrincipals: async (tenant, query) =>
      tenant === own ? registry.listPrincipals(tenant, query) : nothing,
    listPolicies: async (tenant, query) =>
      tenant === own ? registry.listPolicies(tenant, query) : nothing,
    scanPrincipals: refused('look at all principals'),
    createTenant: refused('create a tenant'),
    deleteTenant: refused('delete a tenant'),
    updateTenant: async (tenant, { policyVersion, ...others }, expectedRevision) => {
      if (tenant !== own) return false;
      if (Object.values(others).some((value) => value !== undefined)) {
        throw operatorOnly('change a tenant');
      }
      return registry.updateTenant(tenant, { policyVersion }, expectedRevision);
    },
    createKey: async (record) => record.tenant === own && registry.createKey(record),
    updateKey: async (keyId, changes, expected) =>
      (await getKey(keyId)) !== undefined && registry.updateKey(keyId, changes, expected),
    // An ARN belongs to whoever records it first: a tenant could claim another one's role.
    createPrincipal: refused('add a principal'),
    updatePrincipal: async (expected, changes) =>
      expected.tenant === own && registry.updatePrincipal(expected, changes),
    deletePrincipal: async (arn) =>
      (await getPrincipal(arn)) !== undefined && registry.deletePrincipal(arn),
    createPolicy: async (record) => record.tenant === own && registry.createPolicy(record),
  };
};
