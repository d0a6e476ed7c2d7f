import * as z from 'zod';
import { AdminError } from '../../../src/admin/admin-error.ts';
import { approvePins, diffPins, planApproval, type PinDiff } from '../../../src/admin/pins.ts';
import { reporting } from '../../../src/admin/upstream-failure.ts';
import { hashTools } from '../../../src/upstreams/pins.ts';
import { upstreamScope } from '../../../src/registry/upstream-records.ts';
import { noProject } from '../no-project.ts';
import { pageQuery, sliceOf } from '../paging.ts';
import { route } from '../route.ts';
import { pinDiffView, pinsView } from '../upstream-views.ts';

/** By name, the `hash` that was shown of each, or null for one that the server no longer has. */
const seenTools = z
  .record(z.string().min(1).max(256), z.string().length(43).nullable())
  .refine((tools) => Object.keys(tools).length > 0, { error: 'name the tools to approve' });

/** Nobody approves what was not seen: a server may list another definition by now. @throws AdminError CONFLICT. */
const assertAsSeen = ({ tools }: PinDiff, seen: z.output<typeof seenTools>): void => {
  const { hashes } = hashTools(tools);
  const other = Object.entries(seen).find(([tool, hash]) => (hashes.get(tool) ?? null) !== hash);
  if (other === undefined) return;
  throw new AdminError(
    'CONFLICT',
    `tool "${other[0]}" is not as that hash says, and nothing was approved: look at what differs again`,
  );
};

export const pinRoutes = [
  route({
    method: 'GET',
    path: '/admin/pins',
    operation: 'pins.list',
    access: 'operator',
    summary: 'lists what was approved, by server',
    query: z.strictObject(pageQuery),
    run: async ({ ports, query }) => {
      const pins = await reporting('list the pins', () => ports.upstreams.listPins());
      const page = sliceOf(pins, ({ server, scope }) => `${server} ${scope}`, query);
      return { body: { ...page, items: page.items.map(pinsView) } };
    },
  }),
  route({
    method: 'GET',
    path: '/admin/pins/{server}',
    operation: 'pins.diff',
    access: 'operator',
    summary:
      'connects to the live servers of a name, and shows what differs from what was approved',
    query: z.strictObject({ scope: upstreamScope.optional() }),
    run: async ({ ports, params, query: { scope } }) => {
      const scopes = scope === undefined ? undefined : [scope];
      const diffs = await diffPins(ports, noProject, params.server, scopes);
      return { body: { items: diffs.map(pinDiffView) } };
    },
  }),
  route({
    method: 'POST',
    path: '/admin/pins/{server}/approve',
    operation: 'pins.approve',
    access: 'operator',
    summary: 'approves tools of a live server as they were shown, by their hashes',
    query: z.strictObject({ scope: upstreamScope.default('*') }),
    body: z.strictObject({ tools: seenTools }),
    run: async ({ ports, params, query, body }) => {
      const { server } = params;
      const [diff] = await diffPins(ports, noProject, server, [query.scope]);
      if (diff?.state !== 'ok') {
        throw new AdminError(
          'UPSTREAM_UNREACHABLE',
          `server "${server}" could not be asked, so nothing was approved: ${diff?.message ?? 'it is not there'}`,
        );
      }
      assertAsSeen(diff, body.tools);
      const approval = planApproval(diff, Object.keys(body.tools));
      await approvePins(ports, diff, approval);
      return {
        body: {
          server,
          scope: query.scope,
          approved: approval.approved,
          forgotten: approval.forgotten,
          pinned: approval.pins.size,
        },
      };
    },
  }),
] as const;
