import * as z from 'zod';
import { role, tenantId, type Role } from '../../src/principals/principal.ts';

/**
 * Where a user's tenant stands. `group`: pool groups `tenant.<id>` and `role.<role>`. `attribute`: `custom:tenant`
 * and `custom:role`, which no app client may write.
 */
export const tenantSources = ['group', 'attribute'] as const;
export const tenantSource = z.enum(tenantSources);
export type TenantSource = z.infer<typeof tenantSource>;

/** What of the user Cognito tells the trigger. */
export interface PoolUser {
  readonly groups: readonly string[];
  readonly attributes: Readonly<Record<string, string | undefined>>;
}

/** `names` are the tenant's and the role's as the pool has them; more than one of either is an operator's mistake. */
interface Membership {
  readonly tenants: readonly string[];
  readonly roles: readonly string[];
}

const named = (groups: readonly string[], prefix: string): readonly string[] =>
  groups.flatMap((group) => (group.startsWith(prefix) ? [group.slice(prefix.length)] : []));

const present = (value: string | undefined): readonly string[] =>
  value === undefined || value === '' ? [] : [value];

const membershipIn: Record<TenantSource, (user: PoolUser) => Membership> = {
  group: ({ groups }) => ({ tenants: named(groups, 'tenant.'), roles: named(groups, 'role.') }),
  attribute: ({ attributes }) => ({
    tenants: present(attributes['custom:tenant']),
    roles: present(attributes['custom:role']),
  }),
};

/** The login is refused. Cognito shows the message to the user: it names no user, tenant or group. */
export class NoTenantError extends Error {
  override readonly name = 'NoTenantError';
}

export interface TenantClaims {
  readonly tenant: string;
  readonly role: Role;
}

/** @throws NoTenantError unless the user has one tenant, and at most one role; without a role it is `user`. */
export const tenantOfUser = (source: TenantSource, user: PoolUser): TenantClaims => {
  const { tenants, roles } = membershipIn[source](user);
  const [first, second] = tenants;
  if (first === undefined) throw new NoTenantError('This user belongs to no tenant');
  if (second !== undefined) throw new NoTenantError('This user belongs to more than one tenant');
  if (roles.length > 1) throw new NoTenantError('This user has more than one role');
  const tenant = tenantId.safeParse(first).data;
  if (tenant === undefined) throw new NoTenantError('The tenant of this user is not valid');
  const granted = role.safeParse(roles[0] ?? 'user').data;
  if (granted === undefined) throw new NoTenantError('The role of this user is not valid');
  return { tenant, role: granted };
};
