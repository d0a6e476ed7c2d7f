import * as z from 'zod';
import { createKeyOnce } from '../../../src/admin/create-key-once.ts';
import { createKey, revokeKey, showKey, type CreateKeyInput } from '../../../src/admin/keys.ts';
import { requireTenantAccess } from '../../../src/admin/operator.ts';
import { rotateKey } from '../../../src/admin/rotate-key.ts';
import { requireTenant } from '../../../src/admin/tenants.ts';
import { updateKey } from '../../../src/admin/update-key.ts';
import { role } from '../../../src/principals/principal.ts';
import { pageOf, pageQuery } from '../paging.ts';
import { route } from '../route.ts';
import { issuedKeyView, keyView } from '../views.ts';

/** ISO 8601 as in the answers; use cases count Unix seconds. */
const time = z.iso.datetime().transform((text) => Math.floor(Date.parse(text) / 1000));

const newKey = z.strictObject({
  name: z.string(),
  role: role.optional(),
  expiresAt: time.optional(),
  expiresInSeconds: z.int().positive().optional(),
  cidrs: z.array(z.string()).optional(),
});

const keyChanges = z.strictObject({
  name: z.string().optional(),
  expiresAt: time.nullable().optional(),
  expiresInSeconds: z.int().positive().optional(),
});

/** Without the fields that are undefined. */
const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

const defaultGraceSeconds = 86_400;

const oldKeyMayLinger = (keyId: string): string =>
  `key ${keyId} is replaced, but cached answers of the authorizer may let it in longer than its record says, until they ` +
  'end (`authorizer.cacheSeconds` of the deployment)';

export const keyRoutes = [
  route({
    method: 'GET',
    path: '/admin/tenants/{tenant}/keys',
    operation: 'keys.list',
    access: 'tenant',
    summary: 'lists the keys of a tenant, oldest first, never what they are made of',
    query: z.strictObject(pageQuery),
    run: async ({ ports, actor, params, query }) => {
      requireTenantAccess(actor, params.tenant);
      const { tenant } = await requireTenant(ports, params.tenant);
      return {
        body: await pageOf(
          `list the keys of tenant "${tenant}"`,
          (page) => ports.registry.listKeys(tenant, page),
          query,
          (record) => keyView(record, ports.clock()),
        ),
      };
    },
  }),
  route({
    method: 'POST',
    path: '/admin/tenants/{tenant}/keys',
    operation: 'keys.create',
    access: 'tenant',
    summary: 'creates a key, which only this answer shows; Idempotency-Key makes it safe to repeat',
    body: newKey,
    run: async ({ ports, actor, params, body, header, about }) => {
      requireTenantAccess(actor, params.tenant);
      const input: CreateKeyInput = given({ tenant: params.tenant, ...body });
      const idempotencyKey = header('idempotency-key');
      const created =
        idempotencyKey === undefined
          ? { created: true as const, ...(await createKey(ports, input)) }
          : await createKeyOnce(ports, input, idempotencyKey);
      const now = ports.clock();
      about({ target: created.record.keyId });
      // What an earlier answer showed is stored nowhere: who lost it rotates the key.
      return created.created
        ? { status: 201, body: issuedKeyView(created, now) }
        : { status: 200, body: keyView(created.record, now) };
    },
  }),
  route({
    method: 'GET',
    path: '/admin/keys/{keyId}',
    operation: 'keys.show',
    access: 'tenant',
    summary: 'shows a key’s record',
    run: async ({ ports, params }) => ({
      body: keyView(await showKey(ports, params.keyId), ports.clock()),
    }),
  }),
  route({
    method: 'PATCH',
    path: '/admin/keys/{keyId}',
    operation: 'keys.change',
    access: 'tenant',
    summary: 'changes a key’s name or expiry',
    body: keyChanges,
    run: async ({ ports, params, body, about }) => {
      const { keyId, tenant } = await showKey(ports, params.keyId);
      about({ tenant });
      return { body: keyView(await updateKey(ports, keyId, given(body)), ports.clock()) };
    },
  }),
  route({
    method: 'POST',
    path: '/admin/keys/{keyId}/rotate',
    operation: 'keys.rotate',
    access: 'tenant',
    summary: 'replaces a key by a new one, which only this answer shows',
    body: z.strictObject({ graceSeconds: z.number().optional() }),
    run: async ({ ports, params, body: { graceSeconds = defaultGraceSeconds }, about }) => {
      const { keyId, tenant } = await showKey(ports, params.keyId);
      about({ tenant });
      const { previous, unsettled, ...issued } = await rotateKey(ports, keyId, { graceSeconds });
      const now = ports.clock();
      return {
        status: 201,
        body: {
          ...issuedKeyView(issued, now),
          replaces: keyView(previous, now),
          // The new key is shown once, so what went wrong after it was made is said beside it.
          ...(unsettled === undefined
            ? {}
            : { warning: { code: unsettled.code, message: oldKeyMayLinger(keyId) } }),
        },
      };
    },
  }),
  route({
    method: 'POST',
    path: '/admin/keys/{keyId}/revoke',
    operation: 'keys.revoke',
    access: 'tenant',
    summary: 'revokes a key, for good',
    run: async ({ ports, params, about }) => {
      const { keyId, tenant } = await showKey(ports, params.keyId);
      about({ tenant });
      const { record, alreadyRevoked } = await revokeKey(ports, keyId);
      return { body: { ...keyView(record, ports.clock()), alreadyRevoked } };
    },
  }),
] as const;
