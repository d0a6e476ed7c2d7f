import type { AdminPorts } from '../../src/admin/ports.ts';
import { reporting } from '../../src/admin/upstream-failure.ts';
import { callerArnOf, callerId } from '../../src/principals/caller-arn.ts';
import type { Actor } from '../../src/admin/operator.ts';

export type CallerResolution =
  | { readonly kind: 'known'; readonly actor: Actor }
  /** Nobody who may operate anything. `reason` is for the log, `subject` for the audit. */
  | {
      readonly kind: 'refused';
      readonly subject: string;
      readonly reason: 'caller' | 'unmapped' | 'role' | 'tenant';
    };

/**
 * Who calls: an operator whom the configuration names, or the admin of an active tenant. Decided anew for each request,
 * so that whoever was taken out is out.
 *
 * @param userArn - `requestContext.identity.userArn`: API Gateway verified the signature.
 * @throws AdminError UPSTREAM_* when the registry cannot be read: the caller must then fail, never operate.
 */
export const resolveCaller = async (
  { registry }: Pick<AdminPorts, 'registry'>,
  operators: ReadonlySet<string>,
  userArn: string | null | undefined,
): Promise<CallerResolution> => {
  const arn = callerArnOf(userArn ?? '');
  if (arn === undefined) return { kind: 'refused', subject: 'iam:unknown', reason: 'caller' };
  const subject = `iam:${callerId(arn)}`;
  if (operators.has(arn)) {
    return { kind: 'known', actor: { kind: 'operator', subject } };
  }
  const record = await reporting('read the caller', () => registry.getPrincipal(arn));
  if (record === undefined) return { kind: 'refused', subject, reason: 'unmapped' };
  if (record.role !== 'admin') return { kind: 'refused', subject, reason: 'role' };
  const tenant = await reporting('read the caller’s tenant', () =>
    registry.getTenant(record.tenant),
  );
  if (tenant?.status !== 'active') return { kind: 'refused', subject, reason: 'tenant' };
  const actor = { kind: 'tenant-admin', tenant: tenant.tenant, subject } as const;
  return { kind: 'known', actor };
};
