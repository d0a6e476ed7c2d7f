import * as z from 'zod';
import { addUpstreams, isLive } from '../../../src/admin/add-upstreams.ts';
import { AdminError } from '../../../src/admin/admin-error.ts';
import { listServers, requireServers } from '../../../src/admin/servers.ts';
import { parseGiven, type GivenServer } from '../../../src/admin/upstream-entries.ts';
import {
  checkUpstream,
  planRemoval,
  removeUpstream,
  switchUpstream,
} from '../../../src/admin/upstreams.ts';
import { upstreamScope, type UpstreamScope } from '../../../src/registry/upstream-records.ts';
import { noProject, refuseProjectFiles } from '../no-project.ts';
import { pageQuery, sliceOf } from '../paging.ts';
import { route } from '../route.ts';
import { checkView, serverView, switchedView } from '../upstream-views.ts';

/** Whose record is meant: everybody's, when nothing is said. */
const scoped = z.strictObject({ scope: upstreamScope.default('*') });
/** Of a reader: all that there are, when nothing is said. */
const maybeScoped = z.strictObject({ scope: upstreamScope.optional() });

const scopesOf = ({ scope }: z.output<typeof maybeScoped>): readonly UpstreamScope[] | undefined =>
  scope === undefined ? undefined : [scope];

/** The body is an entry of `config/mcp.json`: what the entry says of tenants, the scope says here. */
const givenServer = (name: string, scope: UpstreamScope, entry: object): GivenServer => {
  if (Object.hasOwn(entry, 'mcpServers')) {
    throw new AdminError('INVALID_INPUT', 'mcpServers: give one server’s entry, as in {"url": …}');
  }
  if (Object.hasOwn(entry, 'tenants')) {
    throw new AdminError('INVALID_INPUT', 'tenants: is said by ?scope=, one tenant at a time');
  }
  const overrides = scope === '*' ? {} : { tenants: [scope] };
  const text = JSON.stringify(entry);
  const [server] = parseGiven({ text, source: 'The body', name, overrides });
  if (server === undefined) throw new AdminError('INVALID_INPUT', 'the body is no entry');
  return server;
};

const switchRoute = <Verb extends 'enable' | 'disable'>(verb: Verb) =>
  route({
    method: 'POST',
    path: `/admin/upstreams/{name}/${verb}`,
    operation: `upstreams.${verb}`,
    access: 'operator',
    summary: `switches a server ${verb === 'enable' ? 'on' : 'off'}, for everybody or for a tenant (?scope=)`,
    query: scoped,
    run: async ({ ports, params, query }) => {
      const switched = await switchUpstream(ports, params.name, verb === 'enable', [query.scope]);
      return { body: { items: switched.map(switchedView) } };
    },
  });

export const upstreamRoutes = [
  route({
    method: 'GET',
    path: '/admin/upstreams',
    operation: 'upstreams.list',
    access: 'operator',
    summary: 'lists servers, deployed and live, by name',
    query: z.strictObject(pageQuery),
    run: async ({ ports, query }) => {
      const servers = await listServers(ports);
      const { items, ...page } = sliceOf(servers, ({ name, scope }) => `${name} ${scope}`, query);
      return { body: { items: items.map(serverView), ...page } };
    },
  }),
  route({
    method: 'GET',
    path: '/admin/upstreams/{name}',
    operation: 'upstreams.show',
    access: 'operator',
    summary: 'shows the servers of a name, never the value of a secret',
    query: maybeScoped,
    run: async ({ ports, params, query }) => {
      const servers = await requireServers(ports, params.name, scopesOf(query));
      return { body: { items: servers.map(serverView) } };
    },
  }),
  route({
    method: 'PUT',
    path: '/admin/upstreams/{name}',
    operation: 'upstreams.put',
    access: 'operator',
    summary: 'adds or changes a live server, for everybody or for a tenant (?scope=)',
    query: scoped,
    body: z.looseObject({}),
    run: async ({ ports, params, query, body }) => {
      const { name } = params;
      const server = givenServer(name, query.scope, body);
      // A stdio server runs in a function of its own, which comes with a deploy.
      if (!isLive(server)) return refuseProjectFiles();
      const options = { replace: true, source: 'The body' };
      const [added] = await addUpstreams(ports, noProject, [server], options);
      if (added === undefined) throw new Error('one scope makes one record');
      const { record, replaced, check, pinned } = added;
      const live = { where: 'live', name, scope: record.scope, record } as const;
      return {
        status: replaced ? 200 : 201,
        body: { ...serverView(live), replaced, pinned, check: checkView(check) },
      };
    },
  }),
  route({
    method: 'DELETE',
    path: '/admin/upstreams/{name}',
    operation: 'upstreams.remove',
    access: 'operator',
    summary: 'takes a live server away, with its pins',
    query: scoped,
    run: async ({ ports, params, query: { scope } }) => {
      const removal = await planRemoval(ports, noProject, params.name, [scope]);
      await removeUpstream(ports, noProject, removal);
      return { body: { name: params.name, scope } };
    },
  }),
  switchRoute('enable'),
  switchRoute('disable'),
  route({
    method: 'POST',
    path: '/admin/upstreams/{name}/check',
    operation: 'upstreams.check',
    access: 'operator',
    summary: 'connects to a live server now, and compares its tools with what was approved',
    query: maybeScoped,
    run: async ({ ports, params, query }) => {
      const checked = await checkUpstream(ports, noProject, params.name, scopesOf(query));
      return {
        body: {
          items: checked.map(({ server, outcome }) => ({
            name: server.name,
            scope: server.scope,
            ...checkView(outcome),
          })),
        },
      };
    },
  }),
] as const;
