import * as z from 'zod';
import { callerArn, callerId, principalArnOf } from '../principals/caller-arn.ts';
import { role, tenantId, type Role } from '../principals/principal.ts';
import type { PrincipalRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { afterOthers } from './incomplete.ts';
import { parseInput } from './input.ts';
import type { AdminPorts } from './ports.ts';
import { collectPages, listTenants, requireTenant } from './tenants.ts';
import { reporting } from './upstream-failure.ts';

const addPrincipalInput = z.object({
  arn: z.string(),
  tenant: tenantId,
  role: role.default('user'),
});
export type AddPrincipalInput = z.input<typeof addPrincipalInput>;

type Registry = Pick<AdminPorts, 'registry'>;

const nextStep = (arn: string): string => {
  if (/^arn:aws[a-z-]*:iam::\d{12}:root$/u.test(arn))
    return 'an account’s root user cannot be a principal: give a role';
  if (/:federated-user\//u.test(arn)) return 'a federated user has no lasting ARN: give a role';
  if (/^arn:aws[a-z-]*:sts:.*:assumed-role\/[^/]*$/u.test(arn))
    return 'the session’s name is missing: give the role itself, as in arn:aws:iam::123456789012:role/ci';
  if (/[*?]/u.test(arn)) return 'there are no wildcards: add each role by itself';
  return 'give a role or a user, as in arn:aws:iam::123456789012:role/ci';
};

/**
 * The ARN that a principal is recorded under: of a role without its path, of a role's session the role.
 * @throws AdminError INVALID_INPUT that says what to give instead.
 */
export const parsePrincipalArn = (text: string): string => {
  const arn = principalArnOf(text.trim());
  if (arn !== undefined && callerArn.safeParse(arn).success) return arn;
  const shown = JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
  throw new AdminError(
    'INVALID_INPUT',
    `${shown} is not the ARN of an IAM role or user: ${nextStep(text.trim())}`,
  );
};

const subjectOf = (arn: string): string => `iam:${callerId(arn)}`;

/**
 * Lets an IAM role or user call as a tenant.
 * @throws AdminError INVALID_INPUT, TENANT_NOT_FOUND, TENANT_SUSPENDED, PRINCIPAL_EXISTS, UPSTREAM_* or INCOMPLETE
 * (recorded, but refused still, since it was removed before).
 */
export const addPrincipal = async (
  ports: Pick<AdminPorts, 'registry' | 'standing' | 'clock'>,
  input: AddPrincipalInput,
): Promise<PrincipalRecord> => {
  const { registry, clock } = ports;
  const { arn: given, tenant: id, role: granted } = parseInput(addPrincipalInput, input);
  const arn = parsePrincipalArn(given);
  const tenant = await requireTenant(ports, id);
  if (tenant.status !== 'active') {
    throw new AdminError(
      'TENANT_SUSPENDED',
      `tenant "${tenant.tenant}" is suspended: it cannot be given principals until \`tenants resume ${tenant.tenant}\``,
    );
  }
  const record: PrincipalRecord = {
    arn,
    tenant: tenant.tenant,
    role: granted,
    createdAt: new Date(clock()).toISOString(),
  };
  await reporting(`write principal ${arn}`, async () => {
    if (await registry.createPrincipal(record)) return;
    const stored = await registry.getPrincipal(arn);
    // A retried write is refused by its own first attempt.
    const isOurs =
      stored?.createdAt === record.createdAt &&
      stored.tenant === record.tenant &&
      stored.role === record.role;
    if (isOurs) return;
    throw new AdminError(
      'PRINCIPAL_EXISTS',
      `${arn} is a principal of tenant "${stored?.tenant ?? 'unknown'}" already and was not changed: ` +
        `\`principals remove ${arn}\` first`,
    );
  });
  await readmit(ports, record);
  return record;
};

const readmit = ({ standing }: Pick<AdminPorts, 'standing'>, { arn, tenant }: PrincipalRecord) =>
  afterOthers(
    `tell the counters that ${arn} is a principal`,
    'It is recorded, but when it was removed within the last hours its calls are still refused: ' +
      `\`principals remove ${arn}\`, then add it again.`,
    () => standing.readmit(tenant, subjectOf(arn)),
  );

export interface EnsuredPrincipal {
  readonly record: PrincipalRecord;
  /** False when it was recorded so already. */
  readonly created: boolean;
}

/**
 * Adds a principal, or finds the one that an earlier attempt added: repeating it is safe.
 * @throws AdminError as `addPrincipal`; PRINCIPAL_EXISTS when it has another tenant or role.
 */
export const ensurePrincipal = async (
  ports: Pick<AdminPorts, 'registry' | 'standing' | 'clock'>,
  input: AddPrincipalInput,
): Promise<EnsuredPrincipal> => {
  try {
    return { record: await addPrincipal(ports, input), created: true };
  } catch (error) {
    if (!(error instanceof AdminError) || error.code !== 'PRINCIPAL_EXISTS') throw error;
    const wanted = parseInput(addPrincipalInput, input);
    const record = await showPrincipal(ports, wanted.arn);
    if (record.tenant !== wanted.tenant || record.role !== wanted.role) throw error;
    // The earlier attempt may have stopped before this.
    await readmit(ports, record);
    return { record, created: false };
  }
};

/** A tenant's principals, or all, by tenant; by ARN. @throws AdminError TENANT_NOT_FOUND. */
export const listPrincipals = async (
  ports: Registry,
  tenant?: string,
): Promise<readonly PrincipalRecord[]> => {
  const tenants =
    tenant === undefined ? await listTenants(ports) : [await requireTenant(ports, tenant)];
  const lists: PrincipalRecord[] = [];
  for (const { tenant: id } of tenants) {
    const list = await reporting(`list the principals of tenant "${id}"`, () =>
      collectPages((query) => ports.registry.listPrincipals(id, query)),
    );
    lists.push(...list);
  }
  return lists;
};

/** @throws AdminError INVALID_INPUT or PRINCIPAL_NOT_FOUND. */
export const showPrincipal = async (
  { registry }: Registry,
  arn: string,
): Promise<PrincipalRecord> => {
  const id = parsePrincipalArn(arn);
  const record = await reporting(`read principal ${id}`, () => registry.getPrincipal(id));
  if (record !== undefined) return record;
  throw new AdminError(
    'PRINCIPAL_NOT_FOUND',
    `${id} is no principal: \`principals list\` shows those there are`,
  );
};

/**
 * Takes a principal away: its next call is refused.
 * @throws AdminError INVALID_INPUT, PRINCIPAL_NOT_FOUND, UPSTREAM_* or INCOMPLETE (removed, but a warm function may serve it
 * for 30 seconds more).
 */
export const removePrincipal = async (
  ports: Pick<AdminPorts, 'registry' | 'standing' | 'clock'>,
  arn: string,
): Promise<PrincipalRecord> => {
  const record = await showPrincipal(ports, arn);
  // False where a retried delete met its own first attempt: gone is gone.
  await reporting(`remove principal ${record.arn}`, () =>
    ports.registry.deletePrincipal(record.arn),
  );
  await afterOthers(
    `tell the counters that ${record.arn} is refused`,
    'It is removed, which a warm function knows after 30 seconds.',
    () =>
      ports.standing.revoke(record.tenant, subjectOf(record.arn), Math.floor(ports.clock() / 1000)),
  );
  return record;
};

export interface RoleChange {
  readonly record: PrincipalRecord;
  /** False when it had this role before. */
  readonly changed: boolean;
}

/**
 * Gives a principal another role. A warm function may serve it with the one before for 30 seconds.
 * @throws AdminError INVALID_INPUT, PRINCIPAL_NOT_FOUND, CONFLICT or UPSTREAM_*.
 */
export const changePrincipalRole = async (
  { registry }: Registry,
  arn: string,
  newRole: Role,
): Promise<RoleChange> => {
  const granted = parseInput(role, newRole);
  const before = await showPrincipal({ registry }, arn);
  if (before.role === granted) return { record: before, changed: false };
  const wanted = { ...before, role: granted };
  return reporting(`change principal ${before.arn}`, async () => {
    if (!(await registry.updatePrincipal(before, { role: granted }))) {
      const stored = await registry.getPrincipal(before.arn);
      const isOurs =
        stored?.role === granted &&
        stored.tenant === before.tenant &&
        stored.createdAt === before.createdAt;
      if (!isOurs) {
        throw new AdminError(
          'CONFLICT',
          `${before.arn} was changed by somebody else at the same time, and not by this command: ` +
            'look at it with `principals show`, then try again',
        );
      }
    }
    return { record: wanted, changed: true };
  });
};
