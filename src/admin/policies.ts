import type { PolicyRecord, TenantRecord } from '../registry/records.ts';
import { AdminError } from './admin-error.ts';
import { changeTenant } from './change-tenant.ts';
import type { AdminPorts, PolicyProblem } from './ports.ts';
import { spreadTenant } from './spread-tenant.ts';
import { settle } from './tenant-status.ts';
import { collectPages, requireTenant } from './tenants.ts';
import { reporting } from './upstream-failure.ts';

type Ports = Pick<AdminPorts, 'registry' | 'standing' | 'policies' | 'clock'>;

const maxBytes = 100_000;
/** How many versions may have been written and never put in force. */
const maxSkipped = 20;

/** A version of a tenant's policies. */
export interface TenantPolicies {
  readonly tenant: string;
  /** 0: the tenant never had any of its own. Then the text is empty. */
  readonly version: number;
  readonly text: string;
  readonly createdAt?: string;
  readonly createdBy?: string;
  readonly inForce: boolean;
}

export interface PoliciesSet {
  readonly policies: TenantPolicies;
  /** False when this text was in force before; what still differed from it was mended all the same. */
  readonly changed: boolean;
  /** How many records of keys were rewritten. */
  readonly rewrittenKeys: number;
}

export interface SetPoliciesInput {
  readonly tenant: string;
  /** Cedar. Empty: nothing beside the deployment's base policies. */
  readonly text: string;
  /** The version that must be in force now; 0 for none. */
  readonly expectedVersion?: number | undefined;
  /** Who sets it, as the audit names them. */
  readonly by: string;
}

const viewOf = (record: PolicyRecord, { policyVersion }: TenantRecord): TenantPolicies => ({
  ...record,
  inForce: record.version === policyVersion,
});

/** "line 3, column 7: …" */
export const problemText = ({ line, column, reason }: PolicyProblem): string => {
  const places = [
    ...(line === undefined ? [] : [`line ${line}`]),
    ...(column === undefined ? [] : [`column ${column}`]),
  ];
  return places.length === 0 ? reason : `${places.join(', ')}: ${reason}`;
};

const tooLong = (text: string): readonly PolicyProblem[] =>
  Buffer.byteLength(text) > maxBytes
    ? [{ reason: `the text is longer than ${maxBytes} bytes` }]
    : [];

/** What is wrong with a text; nothing when it can be put in force. @param tenant - whose it is to be. */
export const validatePolicies = async (
  { policies }: Pick<AdminPorts, 'policies'>,
  text: string,
  tenant?: string,
): Promise<readonly PolicyProblem[]> => {
  const long = tooLong(text);
  if (long.length > 0 || text.trim() === '') return long;
  return reporting('check the policies', () => policies.compile(text, tenant));
};

/** @throws AdminError POLICY_INVALID with line, column and reason of each. */
const assertValid = async (ports: Ports, tenant: string, text: string): Promise<void> => {
  const problems = await validatePolicies(ports, text, tenant);
  if (problems.length === 0) return;
  throw new AdminError(
    'POLICY_INVALID',
    `the policies are not valid, and those in force for tenant "${tenant}" are as they were: ` +
      problems.map(problemText).join('; '),
  );
};

/** Numbers are given once: one that was written and never put in force is passed over. */
const writeVersion = async (
  { registry, standing, clock }: Ports,
  { tenant, policyVersion = 0 }: TenantRecord,
  text: string,
  by: string,
): Promise<PolicyRecord> => {
  const createdAt = new Date(clock()).toISOString();
  // What the counters have is never taken back: a smaller number would never come into force.
  const counted = await reporting(`read the counters of tenant "${tenant}"`, () =>
    standing.standings(tenant),
  );
  const last = Math.max(policyVersion, ...counted.map((each) => each.policyVersion ?? 0));
  for (let version = last + 1; version <= last + maxSkipped; version += 1) {
    const record: PolicyRecord = { tenant, version, text, createdAt, createdBy: by };
    const written = await reporting(
      `write version ${version} of the policies of tenant "${tenant}"`,
      async () => {
        if (await registry.createPolicy(record)) return true;
        const stored = await registry.getPolicy(tenant, version);
        // A retried write is refused by its own first attempt.
        return stored?.text === text && stored.createdAt === createdAt && stored.createdBy === by;
      },
    );
    if (written) return record;
  }
  throw new AdminError(
    'CONFLICT',
    `the policies of tenant "${tenant}" are being changed by others at the same time: look at them, then try again`,
  );
};

const textInForce = async (
  { registry }: Pick<AdminPorts, 'registry'>,
  { tenant, policyVersion }: TenantRecord,
): Promise<PolicyRecord | undefined> =>
  policyVersion === undefined
    ? undefined
    : reporting(`read version ${policyVersion} of the policies of tenant "${tenant}"`, () =>
        registry.getPolicy(tenant, policyVersion),
      );

/**
 * Puts policies of a tenant in force: a new version, then the tenant's record, the counters (the next call is decided by
 * it), and the records of its keys. A text that is not valid leaves the old one in force.
 *
 * @throws AdminError TENANT_NOT_FOUND, POLICY_INVALID, CONFLICT, UPSTREAM_* (the old one is in force) or INCOMPLETE (run
 * it again).
 */
export const setPolicies = async (
  ports: Ports,
  { tenant: id, text, expectedVersion, by }: SetPoliciesInput,
): Promise<PoliciesSet> => {
  const before = await requireTenant(ports, id);
  const { tenant, policyVersion = 0 } = before;
  if (expectedVersion !== undefined && expectedVersion !== policyVersion) {
    throw new AdminError(
      'CONFLICT',
      `version ${policyVersion} of the policies of tenant "${tenant}" is in force, not ${expectedVersion}, and nothing was ` +
        `changed: look at it with \`policies show ${tenant}\``,
    );
  }
  await assertValid(ports, tenant, text);
  const current = await textInForce(ports, before);
  const isSame = (current?.text ?? (policyVersion === 0 ? '' : undefined)) === text;
  const record = isSame ? current : await writeVersion(ports, before, text, by);
  const after =
    record === undefined || isSame
      ? before
      : await changeTenant(ports, before, { policyVersion: record.version });
  await settle(ports, tenant, 'policies');
  const { rewritten } = await spreadTenant(ports, tenant);
  const policies =
    record === undefined ? { tenant, version: 0, text: '', inForce: true } : viewOf(record, after);
  return { policies, changed: !isSame, rewrittenKeys: rewritten };
};

/** Leaves only the deployment's base policies in force: a new, empty version. @throws AdminError as `setPolicies`. */
export const removePolicies = (
  ports: Ports,
  input: Omit<SetPoliciesInput, 'text'>,
): Promise<PoliciesSet> => setPolicies(ports, { ...input, text: '' });

/** The policies in force, or a version of them. @throws AdminError TENANT_NOT_FOUND or POLICY_NOT_FOUND. */
export const showPolicies = async (
  ports: Pick<AdminPorts, 'registry'>,
  tenantId: string,
  version?: number,
): Promise<TenantPolicies> => {
  const tenant = await requireTenant(ports, tenantId);
  const wanted = version ?? tenant.policyVersion;
  if (wanted === undefined) {
    return { tenant: tenant.tenant, version: 0, text: '', inForce: true };
  }
  const record = await reporting(
    `read version ${wanted} of the policies of tenant "${tenant.tenant}"`,
    () => ports.registry.getPolicy(tenant.tenant, wanted),
  );
  if (record !== undefined) return viewOf(record, tenant);
  throw new AdminError(
    'POLICY_NOT_FOUND',
    `tenant "${tenant.tenant}" has no version ${wanted} of its policies: \`policies versions ${tenant.tenant}\` shows those there are`,
  );
};

/** Newest first, those that were never put in force included. @throws AdminError TENANT_NOT_FOUND. */
export const listPolicyVersions = async (
  ports: Pick<AdminPorts, 'registry'>,
  tenantId: string,
): Promise<readonly TenantPolicies[]> => {
  const tenant = await requireTenant(ports, tenantId);
  const records = await reporting(`list the policies of tenant "${tenant.tenant}"`, () =>
    collectPages((query) => ports.registry.listPolicies(tenant.tenant, query)),
  );
  return records.map((record) => viewOf(record, tenant));
};
