import type { AdminPorts } from '../../src/admin/ports.ts';
import {
  addPrincipal,
  changePrincipalRole,
  ensurePrincipal,
  listPrincipals,
  removePrincipal,
  showPrincipal,
} from '../../src/admin/principals.ts';
import type { Role } from '../../src/principals/principal.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';
import { principalView, type Ensured, type PrincipalView } from '../views.ts';

export interface PrincipalsAddOptions {
  readonly arn: string;
  readonly tenant: string;
  readonly role: Role;
  /** Given: a principal that is as asked for is found, and not an error. */
  readonly idempotencyKey?: string;
}

export const principalsAdd = async (
  ports: AdminPorts,
  { idempotencyKey, ...options }: PrincipalsAddOptions,
): Promise<PrincipalView | Ensured<PrincipalView>> => {
  if (idempotencyKey === undefined) return principalView(await addPrincipal(ports, options));
  const { record, created } = await ensurePrincipal(ports, options);
  return { ...principalView(record), created };
};

export interface RoleChangeView extends PrincipalView {
  /** False when it had this role before. */
  readonly changed: boolean;
}

export const principalsSetRole = async (
  ports: AdminPorts,
  arn: string,
  role: Role,
): Promise<RoleChangeView> => {
  const { record, changed } = await changePrincipalRole(ports, arn, role);
  return { ...principalView(record), changed };
};

export const principalsList = async (
  ports: AdminPorts,
  tenant: string | undefined,
): Promise<readonly PrincipalView[]> => (await listPrincipals(ports, tenant)).map(principalView);

export const principalsShow = async (ports: AdminPorts, arn: string): Promise<PrincipalView> =>
  principalView(await showPrincipal(ports, arn));

/** @throws CliError DECLINED when the operator is asked and does not say yes: nothing changed. */
export const principalsRemove = async (
  ports: AdminPorts,
  arn: string,
  confirm: Terminal['confirm'],
): Promise<PrincipalView> => {
  if (confirm !== undefined) {
    const before = await showPrincipal(ports, arn);
    if (!(await confirm(`Remove principal ${before.arn} of tenant ${before.tenant}?`))) {
      throw new CliError('DECLINED', `principal ${before.arn} was not removed`);
    }
  }
  return principalView(await removePrincipal(ports, arn));
};
