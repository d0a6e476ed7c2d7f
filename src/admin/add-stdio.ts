import type { StdioEntry } from '../upstreams/mcp-servers.ts';
import { parseMcpServers } from '../upstreams/mcp-servers.ts';
import { AdminError } from './admin-error.ts';
import { setMember } from './json-edit.ts';
import { npxPackageOf } from './npx-package.ts';
import type { LockedPackage, ProjectPorts } from './ports.ts';
import { readProjectEntries } from './servers.ts';
import { configFailure, type GivenServer } from './upstream-entries.ts';

export interface AddedStdio {
  readonly name: string;
  /** As it was written to the file. */
  readonly entry: Readonly<Record<string, unknown>>;
  readonly file: string;
  /** Absent: it runs from a folder of the project. */
  readonly package?: LockedPackage;
  readonly replaced: boolean;
}

type StdioServer = GivenServer & { readonly entry: StdioEntry };

export const isStdio = (server: GivenServer): server is StdioServer =>
  server.entry.kind === 'stdio';

const emptyDocument = '{\n  "mcpServers": {}\n}\n';

/** The entry with the exact version, as `npx` would run it. */
const pinnedEntry = (
  { raw }: StdioServer,
  { name, version }: LockedPackage,
  args: readonly string[],
): Readonly<Record<string, unknown>> => ({
  ...raw,
  command: 'npx',
  args: ['-y', `${name}@${version}`, ...args],
});

/**
 * Writes stdio servers to `config/mcp.json`, each npm package at the exact version that is found for it now, with a
 * lock of all that it depends on. They run after the next deploy.
 *
 * @throws AdminError INVALID_INPUT, SERVER_EXISTS, CONFIG_INVALID or PACKAGE_UNRESOLVED; the file is then as it was.
 */
export const addStdioServers = async (
  project: ProjectPorts,
  servers: readonly StdioServer[],
  { replace }: { readonly replace: boolean },
): Promise<readonly AddedStdio[]> => {
  const { mcpJson, packages } = project;
  const known = await readProjectEntries(project);
  const planned = servers.map((server) => ({
    server,
    wanted: npxPackageOf(server.name, server.entry),
    replaced: known.has(server.name),
  }));
  const existing = planned.find(({ replaced }) => replaced && !replace);
  if (existing !== undefined) {
    throw new AdminError(
      'SERVER_EXISTS',
      `server "${existing.server.name}" is in ${mcpJson.name} already and was not changed: --replace changes it`,
    );
  }
  let text = (await mcpJson.read()) ?? emptyDocument;
  const added: AddedStdio[] = [];
  const fresh: string[] = [];
  try {
    for (const { server, wanted, replaced } of planned) {
      const { name, raw } = server;
      const locked =
        wanted === undefined ? undefined : await packages.lock(name, wanted.name, wanted.range);
      if (locked !== undefined && !replaced) fresh.push(name);
      const entry = locked === undefined ? raw : pinnedEntry(server, locked, wanted?.args ?? []);
      text = setMember(text, 'mcpServers', name, entry);
      const found = { name, entry, file: mcpJson.name, replaced };
      added.push(locked === undefined ? found : { ...found, package: locked });
    }
    parseMcpServers(text, mcpJson.name);
    await mcpJson.write(text);
  } catch (error) {
    for (const name of fresh) await packages.remove(name);
    throw configFailure(error, 'INVALID_INPUT');
  }
  // A server that no longer comes from npm leaves its lock behind.
  for (const { server, wanted, replaced } of planned) {
    if (replaced && wanted === undefined) await packages.remove(server.name);
  }
  return added;
};
