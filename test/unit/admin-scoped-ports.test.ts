import { describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { diagnose } from '../../src/admin/diagnose.ts';
import { createKey, listKeys, revokeKey, showKey } from '../../src/admin/keys.ts';
import { moveTenant } from '../../src/admin/move-tenant.ts';
import { requireOperator, requireTenantAccess } from '../../src/admin/operator.ts';
import { listPolicyVersions, setPolicies, showPolicies } from '../../src/admin/policies.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import {
  addPrincipal,
  changePrincipalRole,
  listPrincipals,
  removePrincipal,
  showPrincipal,
} from '../../src/admin/principals.ts';
import { renameTenant } from '../../src/admin/rename-tenant.ts';
import { rotateKey } from '../../src/admin/rotate-key.ts';
import { scopedPorts } from '../../src/admin/scoped-ports.ts';
import { listSecrets, setSecret } from '../../src/admin/secrets.ts';
import { listServers } from '../../src/admin/servers.ts';
import { resumeTenant, suspendTenant } from '../../src/admin/tenant-status.ts';
import { listTenants, showTenant } from '../../src/admin/tenants.ts';
import { updateKey } from '../../src/admin/update-key.ts';
import { usageBreakdown, usageOf, usageOfAll } from '../../src/admin/usage.ts';
import { aPrincipal } from '../contract/registry.contract.ts';
import { aWorld, failureOf } from './admin-fixtures.ts';

const actor = {
  kind: 'tenant-admin',
  tenant: 'acme',
  subject: 'iam:123456789012:role/acme-admin',
} as const;

const arnOf = (tenant: string): string => aPrincipal(`${tenant}-ci`, tenant).arn;

/** Two tenants with a key, a principal and policies each, and the ports as acme's admin has them. */
const twoTenants = async () => {
  const world = aWorld();
  const keys: Record<string, string> = {};
  for (const tenant of ['acme', 'beta']) {
    await createTenant(world.ports, { tenant, plan: 'free' });
    keys[tenant] = (await createKey(world.ports, { tenant, name: 'ci' })).record.keyId;
    await addPrincipal(world.ports, { arn: arnOf(tenant), tenant });
    await setPolicies(world.ports, { tenant, text: `permit ${tenant}`, by: 'dev' });
  }
  const { acme = '', beta = '' } = keys;
  return { ...world, scoped: scopedPorts(world.ports, actor), own: acme, theirs: beta };
};

/** What is stored, to show that nothing changed. */
const everything = async ({ registry, standing }: Awaited<ReturnType<typeof twoTenants>>) => ({
  tenants: (await registry.listTenants()).items,
  keys: [...(await registry.listKeys('acme')).items, ...(await registry.listKeys('beta')).items],
  principals: await registry.scanPrincipals(),
  policies: (await registry.listPolicies('beta')).items,
  standing: await standing.standings('beta'),
  revoked: [...standing.revoked],
});

type Attempt = readonly [
  name: string,
  run: (ports: AdminPorts, theirs: string) => Promise<unknown>,
  code: string,
];

const elsewhere: readonly Attempt[] = [
  ['show a tenant', (ports) => showTenant(ports, 'beta'), 'TENANT_NOT_FOUND'],
  ['suspend', (ports) => suspendTenant(ports, 'beta'), 'TENANT_NOT_FOUND'],
  ['resume', (ports) => resumeTenant(ports, 'beta'), 'TENANT_NOT_FOUND'],
  ['rename', (ports) => renameTenant(ports, 'beta', 'x'), 'TENANT_NOT_FOUND'],
  ['create a key', (ports) => createKey(ports, { tenant: 'beta', name: 'x' }), 'TENANT_NOT_FOUND'],
  ['list keys', (ports) => listKeys(ports, 'beta'), 'TENANT_NOT_FOUND'],
  ['show a key', (ports, theirs) => showKey(ports, theirs), 'KEY_NOT_FOUND'],
  ['revoke a key', (ports, theirs) => revokeKey(ports, theirs), 'KEY_NOT_FOUND'],
  [
    'rotate a key',
    (ports, theirs) => rotateKey(ports, theirs, { graceSeconds: 0 }),
    'KEY_NOT_FOUND',
  ],
  ['update a key', (ports, theirs) => updateKey(ports, theirs, { name: 'x' }), 'KEY_NOT_FOUND'],
  [
    'add a principal',
    (ports) => addPrincipal(ports, { arn: arnOf('x'), tenant: 'beta' }),
    'TENANT_NOT_FOUND',
  ],
  ['list principals', (ports) => listPrincipals(ports, 'beta'), 'TENANT_NOT_FOUND'],
  ['show a principal', (ports) => showPrincipal(ports, arnOf('beta')), 'PRINCIPAL_NOT_FOUND'],
  ['remove a principal', (ports) => removePrincipal(ports, arnOf('beta')), 'PRINCIPAL_NOT_FOUND'],
  [
    'change a role',
    (ports) => changePrincipalRole(ports, arnOf('beta'), 'admin'),
    'PRINCIPAL_NOT_FOUND',
  ],
  [
    'set policies',
    (ports) => setPolicies(ports, { tenant: 'beta', text: '', by: 'x' }),
    'TENANT_NOT_FOUND',
  ],
  ['show policies', (ports) => showPolicies(ports, 'beta'), 'TENANT_NOT_FOUND'],
  ['list versions', (ports) => listPolicyVersions(ports, 'beta'), 'TENANT_NOT_FOUND'],
  ['read usage', (ports) => usageOf(ports, 'beta'), 'TENANT_NOT_FOUND'],
  [
    'break usage down',
    (ports) => usageBreakdown(ports, 'beta', { by: 'tool' }),
    'TENANT_NOT_FOUND',
  ],
];

const operatorsOnly: readonly Attempt[] = [
  ['create a tenant', (ports) => createTenant(ports, { tenant: 'new', plan: 'free' }), 'FORBIDDEN'],
  ['suspend', (ports) => suspendTenant(ports, 'acme'), 'FORBIDDEN'],
  ['resume', (ports) => resumeTenant(ports, 'acme'), 'FORBIDDEN'],
  ['move', (ports) => moveTenant(ports, 'acme', 'pro'), 'FORBIDDEN'],
  ['rename', (ports) => renameTenant(ports, 'acme', 'x'), 'FORBIDDEN'],
  [
    'add a principal',
    (ports) => addPrincipal(ports, { arn: arnOf('x'), tenant: 'acme' }),
    'FORBIDDEN',
  ],
  ['diagnose', (ports) => diagnose(ports), 'FORBIDDEN'],
  ['list servers', (ports) => listServers(ports), 'FORBIDDEN'],
  ['set a secret', (ports) => setSecret(ports, 'weather-token', 'x'), 'SECRET_UNKNOWN'],
];

describe('a tenant’s admin', () => {
  it.each(elsewhere)(
    'cannot %s of another tenant, which looks like none',
    async (_name, run, code) => {
      const world = await twoTenants();
      const before = await everything(world);
      const failure = await failureOf(run(world.scoped, world.theirs));
      expect(failure).toMatchObject({ code });
      expect(await everything(world)).toEqual(before);
    },
  );

  it.each(operatorsOnly)('cannot %s, which is the operators’', async (_name, run, code) => {
    const world = await twoTenants();
    const before = await everything(world);
    expect(await failureOf(run(world.scoped, world.theirs))).toMatchObject({ code });
    expect(await everything(world)).toEqual(before);
  });

  it('does with keys, policies and principals of its own what operators do', async () => {
    const { scoped, registry, own } = await twoTenants();
    expect((await listTenants(scoped)).map(({ tenant }) => tenant)).toEqual(['acme']);
    expect(await listKeys(scoped, 'acme')).toHaveLength(1);
    const { record } = await createKey(scoped, { tenant: 'acme', name: 'second' });
    await rotateKey(scoped, record.keyId, { graceSeconds: 0 });
    await updateKey(scoped, own, { name: 'renamed' });
    await revokeKey(scoped, own);
    expect(await registry.getKey(own)).toMatchObject({ status: 'revoked', name: 'renamed' });
    await setPolicies(scoped, { tenant: 'acme', text: 'deny', by: actor.subject });
    expect(await showPolicies(scoped, 'acme')).toMatchObject({ version: 2, text: 'deny' });
    expect(await listPrincipals(scoped)).toHaveLength(1);
    await changePrincipalRole(scoped, arnOf('acme'), 'readonly');
    await removePrincipal(scoped, arnOf('acme'));
    expect(await registry.getPrincipal(arnOf('acme'))).toBeUndefined();
  });

  it('asks the audit log and the counters about its own tenant only', async () => {
    const { scoped, usageQueries } = await twoTenants();
    await usageBreakdown(scoped, undefined, { by: 'key' });
    expect(usageQueries.asked).toMatchObject([{ tenant: 'acme', by: 'key' }]);
    expect((await usageOfAll(scoped)).map(({ tenant }) => tenant)).toEqual(['acme']);
    expect(await listSecrets(scoped)).toEqual([]);
  });

  it('may not write past the use cases either', async () => {
    const { scoped, registry, theirs } = await twoTenants();
    const theirKey = await registry.getKey(theirs);
    const theirTenant = await registry.getTenant('beta');
    if (theirKey === undefined || theirTenant === undefined) throw new Error('not there');
    const { registry: wall, standing, usage } = scoped;
    expect(await wall.updateKey(theirs, { name: 'x' })).toBe(false);
    expect(await wall.createKey({ ...theirKey, keyId: 'Planted0' })).toBe(false);
    expect(await wall.updateTenant('beta', { policyVersion: 9 }, 2)).toBe(false);
    expect(
      await wall.createPolicy({
        tenant: 'beta',
        version: 9,
        text: '',
        createdAt: theirTenant.createdAt,
        createdBy: 'x',
      }),
    ).toBe(false);
    expect(await wall.getPolicy('beta', 1)).toBeUndefined();
    expect(await wall.deletePrincipal(arnOf('beta'))).toBe(false);
    const theirPrincipal = await registry.getPrincipal(arnOf('beta'));
    if (theirPrincipal === undefined) throw new Error('not there');
    expect(await wall.updatePrincipal(theirPrincipal, { role: 'admin' })).toBe(false);
    for (const write of [
      () => standing.revoke('beta', 'key:x', 1),
      () => standing.readmit('beta', 'key:x'),
      () => standing.suspend('beta'),
      () => standing.setPolicyVersion('beta', 9),
      () => standing.standings('beta'),
      () => usage.days('beta'),
      () => usage.read({ tenant: 'beta', plan: 'free', subject: 'x' }),
    ]) {
      expect(await failureOf(write())).toMatchObject({ code: 'TENANT_NOT_FOUND' });
    }
    for (const write of [
      () => wall.deleteTenant('acme'),
      () => wall.createTenant(theirTenant),
      () => wall.updateTenant('acme', { plan: 'pro' }, 2),
      () => wall.scanPrincipals(),
      () => standing.suspend('acme'),
      () => scoped.probe.list({} as never, 'acme'),
      () => scoped.upstreams.listPins(),
      () => scoped.usagePlans.listTenantKeys(),
    ]) {
      expect(await failureOf(write())).toMatchObject({ code: 'FORBIDDEN' });
    }
  });
});

describe('an operator', () => {
  it('has the ports as they are', async () => {
    const { ports } = aWorld();
    expect(scopedPorts(ports, { kind: 'operator', subject: 'x' })).toBe(ports);
  });
});

describe('the checks by themselves', () => {
  it('an operator passes, a tenant’s admin for its own tenant only', () => {
    const boss = { kind: 'operator', subject: 'x' } as const;
    requireOperator(boss, 'do it');
    requireTenantAccess(boss, 'beta');
    requireTenantAccess(actor, 'acme');
    expect(() => requireOperator(actor, 'do it')).toThrow(/only an operator .* may do it/);
    expect(() => requireTenantAccess(actor, 'beta')).toThrow(/there is no tenant "beta"/);
  });
});
