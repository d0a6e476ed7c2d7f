import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { connectTo } from '../cli/connect.ts';
import { resolveTarget } from '../cli/target.ts';
import { freePort } from '../local/free-port.ts';
import { createTenant } from '../src/admin/create-tenant.ts';
import { createKey } from '../src/admin/keys.ts';
import type { AdminPorts } from '../src/admin/ports.ts';
import { sandboxFile, serverCommand } from '../src/sandbox/server-command.ts';
import { upstreamSpec, type UpstreamOfKind } from '../src/upstreams/upstream-spec.ts';
import { upstreamAt, writeUpstream } from '../test/integration/support/upstream-records.ts';
import type { Deployed } from './deployed.ts';
import type { TwinReady } from './messages.ts';
import type { Bridge, Peers } from './peers.ts';
import type { CallerOptions, Command, HttpUpstreamsReady, ToolCall } from './upstream-messages.ts';
import { plan, type Workload } from './workload.ts';

export const manyTools = 1_000;
/** `search` and `fetch`. */
const ownTools = 2;
const toolsPerPage = 100;
/** Of `config/mcp.json`. */
const sandboxName = 'everything';

export type Place =
  | { readonly table: 'stdio'; readonly row: string }
  | { readonly table: 'http'; readonly row: 'legacy' | 'modern'; readonly way: 'direct' | 'twin' }
  | { readonly table: 'own'; readonly row: string }
  | { readonly table: 'list'; readonly row: string; readonly requests: number };

/** Something to measure, and where its figures belong. */
export interface UpstreamCase {
  readonly place: Place;
  readonly caller: CallerOptions;
  /** The bridge that has to run meanwhile. */
  readonly peer?: Command;
}

/** The row that the others are compared with. */
export const yardstick = 'sandbox function';
export const adapterRow = (peers: Peers): string => `${peers.adapter.name}, the same server`;

export interface Surroundings {
  readonly projectDirectory: string;
  readonly stateDirectory: string;
  readonly deployed: Deployed;
  readonly twin: TwinReady;
  readonly workload: Workload;
  readonly upstreams: HttpUpstreamsReady;
  readonly peers: Peers;
}

const everythingEcho: ToolCall = {
  name: 'echo',
  arguments: { message: 'hello' },
  text: 'Echo: hello',
};
const fixtureEcho: ToolCall = { name: 'echo', arguments: { text: 'hello' }, text: 'hello' };

/** The tool as the twin names it. */
const through = (server: string, call: ToolCall): ToolCall => ({
  ...call,
  name: `${server}_${call.name}`,
});

const authorization = (key: string) => ({ authorization: `Bearer ${key}` });

const sandboxed = (deployed: Deployed) => {
  const definition = deployed.sandboxes[sandboxName];
  const { codeDirectory } = deployed.functions.mcp;
  const spec = z
    .array(upstreamSpec)
    .parse(JSON.parse(readFileSync(join(codeDirectory, 'upstreams.json'), 'utf8')))
    .find((one): one is UpstreamOfKind<'sandbox'> => one.name === sandboxName);
  if (definition === undefined || spec === undefined) {
    throw new Error(`No stdio server is synthesized as ${sandboxName}.`);
  }
  const file = readFileSync(join(definition.codeDirectory, 'sandbox.json'), 'utf8');
  const { args, ...command } = serverCommand(
    sandboxFile.parse(JSON.parse(file)),
    definition.codeDirectory,
    process.execPath,
  );
  return { spec, functionName: definition.name, command: { ...command, args: [...args] } };
};

const bridgeCases = async (
  bridges: readonly Bridge[],
  server: Command,
): Promise<readonly UpstreamCase[]> => {
  const cases: UpstreamCase[] = [];
  for (const { name, command, headers } of bridges) {
    const port = await freePort(0);
    cases.push({
      place: { table: 'stdio', row: name },
      caller: {
        kind: 'http',
        url: `http://127.0.0.1:${port}/mcp`,
        headers,
        era: 'legacy',
        call: everythingEcho,
      },
      peer: command(server, port),
    });
  }
  return cases;
};

const stdioCases = async (all: Surroundings): Promise<readonly UpstreamCase[]> => {
  const { deployed, twin, peers, projectDirectory } = all;
  const { spec, functionName, command } = sandboxed(deployed);
  const call = everythingEcho;
  const row = (name: string) => ({ table: 'stdio', row: name }) as const;
  const { module } = peers.adapter;
  const leastServer = join(projectDirectory, 'test', 'fixtures', 'stdio', 'sdk-legacy.mjs');
  return [
    { place: row('the server itself'), caller: { kind: 'stdio', command, call } },
    {
      place: row(yardstick),
      caller: { kind: 'sandbox', spec, functionName, tenant: twin.tenant, call },
    },
    {
      place: row('the whole twin, with a key'),
      caller: {
        kind: 'http',
        url: twin.url,
        headers: authorization(twin.apiKey),
        era: 'legacy',
        call: through(spec.prefix, call),
      },
    },
    ...(await bridgeCases(peers.bridges, command)),
    { place: row(adapterRow(peers)), caller: { kind: 'adapter', command, call, module } },
    {
      place: row(`${peers.adapter.name}, the least server`),
      caller: {
        kind: 'adapter',
        command: { file: process.execPath, args: [leastServer], cwd: projectDirectory },
        call: { name: 'add', arguments: { a: 1, b: 2 }, text: '3' },
        module,
      },
    },
  ];
};

const httpCases = ({ upstreams, twin, workload }: Surroundings): readonly UpstreamCase[] => {
  const theTwin = { url: twin.url, headers: authorization(twin.apiKey) };
  const { name, arguments: args } = workload.params;
  return [
    ...(['legacy', 'modern'] as const).flatMap((era): readonly UpstreamCase[] => [
      {
        place: { table: 'http', row: era, way: 'direct' },
        caller: { kind: 'http', url: upstreams[era], headers: {}, era, call: fixtureEcho },
      },
      {
        place: { table: 'http', row: era, way: 'twin' },
        caller: { kind: 'http', ...theTwin, era, call: through(era, fixtureEcho) },
      },
    ]),
    {
      place: { table: 'own', row: name },
      caller: {
        kind: 'http',
        ...theTwin,
        era: 'modern',
        call: { name, arguments: args, text: workload.expectedText },
      },
    },
  ];
};

const listCases = ({ url }: TwinReady, key: string): readonly UpstreamCase[] => {
  const tools = ownTools + manyTools;
  const list = { kind: 'list', url, headers: authorization(key) } as const;
  return [
    {
      place: { table: 'list', row: `one page: ${toolsPerPage} tools`, requests: 1 },
      caller: { ...list, pages: 'first', tools: toolsPerPage },
    },
    {
      place: {
        table: 'list',
        row: `all: ${tools} tools`,
        requests: Math.ceil(tools / toolsPerPage),
      },
      caller: { ...list, pages: 'all', tools },
    },
  ];
};

/** A tenant that sees our own tools and those of the one upstream. @returns its key */
const listingTenant = async (admin: AdminPorts, url: string): Promise<string> => {
  const tenant = 'lists';
  await createTenant(admin, { tenant, plan });
  const now = new Date().toISOString();
  for (const { name } of admin.deployment.upstreams) {
    const record = { scope: tenant, name, enabled: false, revision: 1 };
    await admin.upstreams.putUpstream({ ...record, createdAt: now, updatedAt: now });
  }
  await writeUpstream(admin, upstreamAt('many', url, { scope: tenant }));
  return (await createKey(admin, { tenant, name: 'bench' })).key;
};

/** Tells the twin of the upstreams, as an operator would, and says what there is to measure. */
export const prepareCases = async (all: Surroundings): Promise<readonly UpstreamCase[]> => {
  const { projectDirectory, stateDirectory, twin, upstreams } = all;
  const target = await resolveTarget(
    {},
    {
      cwd: projectDirectory,
      packageRoot: projectDirectory,
      env: { DRAWBRIDGE_CONNECTION: join(stateDirectory, 'connection.json') },
    },
  );
  const admin = await connectTo(target);
  for (const era of ['legacy', 'modern'] as const) {
    await writeUpstream(admin, upstreamAt(era, upstreams[era], { scope: twin.tenant }));
  }
  const listingKey = await listingTenant(admin, upstreams.many);
  return [...(await stdioCases(all)), ...httpCases(all), ...listCases(twin, listingKey)];
};
