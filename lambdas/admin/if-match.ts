import { AdminError } from '../../src/admin/admin-error.ts';
import type { AdminPorts } from '../../src/admin/ports.ts';
import type { TenantRecord } from '../../src/registry/records.ts';

/** The revision of `If-Match: "7"` (RFC 9110 §13.1.1); undefined when there is none. @throws AdminError INVALID_INPUT. */
export const revisionOf = (ifMatch: string | undefined): number | undefined => {
  if (ifMatch === undefined) return undefined;
  const [, revision] = /^"([1-9]\d{0,14})"$/u.exec(ifMatch.trim()) ?? [];
  if (revision !== undefined) return Number(revision);
  throw new AdminError('INVALID_INPUT', 'If-Match: is a revision in quotes, as in If-Match: "7"');
};

export const etagOf = ({ revision }: { readonly revision: number }): string => `"${revision}"`;

/**
 * Ports on which a change of a tenant begins only from this revision: a use case reads the record before it changes
 * anything, and writes on condition that it is still as it was read.
 */
export const fromRevision = (ports: AdminPorts, revision: number | undefined): AdminPorts => {
  if (revision === undefined) return ports;
  const { registry } = ports;
  let isFirst = true;
  const getTenant = async (tenant: string): Promise<TenantRecord | undefined> => {
    const record = await registry.getTenant(tenant);
    if (isFirst && record !== undefined && record.revision !== revision) {
      throw new AdminError(
        'CONFLICT',
        `tenant "${tenant}" has revision ${record.revision}, not ${revision}: look at it, then try again`,
      );
    }
    isFirst = false;
    return record;
  };
  return {
    ...ports,
    registry: new Proxy(registry, {
      get: (real, name) => {
        const value: unknown = name === 'getTenant' ? getTenant : Reflect.get(real, name);
        return typeof value === 'function' ? (value.bind(real) as unknown) : value;
      },
    }),
  };
};
