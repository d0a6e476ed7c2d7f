import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { AdminError } from '../../src/admin/admin-error.ts';
import { addStdioServers, isStdio } from '../../src/admin/add-stdio.ts';
import { addUpstreams, assertAllowed, isLive } from '../../src/admin/add-upstreams.ts';
import type { AdminPorts, ProjectPorts } from '../../src/admin/ports.ts';
import { listServers, requireServers, summaryOf } from '../../src/admin/servers.ts';
import { parseGiven, type GivenServer } from '../../src/admin/upstream-entries.ts';
import {
  checkUpstream,
  planRemoval,
  removeUpstream,
  switchUpstream,
} from '../../src/admin/upstreams.ts';
import type { ServerSummary } from '../../src/admin/servers.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';
import { removalParts } from '../upstream-texts.ts';
import {
  addedLiveView,
  addedStdioView,
  checkedView,
  removalView,
  serverView,
  switchedView,
  type AddedView,
  type CheckedView,
  type RemovalView,
  type ServerView,
  type SwitchedView,
} from '../upstream-views.ts';

export interface UpstreamsAddOptions {
  readonly file?: string;
  readonly url?: string;
  readonly openapi?: string;
  readonly baseUrl?: string;
  readonly header?: readonly string[];
  readonly transport?: string;
  readonly prefix?: string;
  readonly tenant?: readonly string[];
  readonly replace?: boolean;
}

const usage = (message: string): CliError => new CliError('USAGE', message);

/** `Name=Value`, or `Name: Value` as it is on the wire. */
const headersOf = (headers: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    headers.map((header) => {
      const [, name, value] = /^([^=:\s]+)\s*(?:=|:\s*)([\s\S]*)$/u.exec(header) ?? [];
      if (name === undefined || value === undefined) {
        throw usage(`--header takes Name=Value, not ${JSON.stringify(header.slice(0, 40))}`);
      }
      return [name, value];
    }),
  );

/** The entry that the flags spell out, as people would write it. */
const entryOfFlags = ({
  url,
  openapi,
  baseUrl,
  header,
  transport,
}: UpstreamsAddOptions): string | undefined => {
  const headers = header === undefined ? {} : { headers: headersOf(header) };
  if (url !== undefined && openapi !== undefined) throw usage('give --url or --openapi, not both');
  if (url !== undefined) {
    if (baseUrl !== undefined) throw usage('--base-url goes with --openapi');
    return JSON.stringify({ url, ...headers, ...(transport === undefined ? {} : { transport }) });
  }
  if (openapi !== undefined) {
    if (baseUrl === undefined) throw usage('give --base-url too: where the API is');
    if (transport !== undefined) throw usage('--transport goes with --url');
    return JSON.stringify({ openapi: path.resolve(openapi), baseUrl, ...headers });
  }
  if (baseUrl !== undefined) throw usage('--base-url goes with --openapi');
  if (transport !== undefined || header !== undefined) {
    throw usage('--header and --transport go with --url: write them into the entry');
  }
  return undefined;
};

const readInput = async ({ readInput: read }: Terminal): Promise<string> => {
  if (read === undefined) throw usage('there is no standard input to read');
  return read();
};

const readEntryFile = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch((error: unknown) => {
    throw usage(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'error'}`);
  });

/** The servers of the command line: `[name]` and one of an entry, `-`, `--file` and flags. */
export const givenServers = async (
  words: readonly string[],
  options: UpstreamsAddOptions,
  terminal: Terminal,
): Promise<{ readonly servers: readonly GivenServer[]; readonly source: string }> => {
  const isText = (word: string) => word === '-' || word.trimStart().startsWith('{');
  const named = words.filter((word) => !isText(word));
  const texts = words.filter(isText);
  if (named.length > 1 || texts.length > 1) {
    throw usage('give one name at most, and one entry: put an entry that has spaces into quotes');
  }
  const [name] = named;
  const [text] = texts;
  const flags = entryOfFlags(options);
  const given = [text, options.file, flags].filter((each) => each !== undefined);
  if (given.length !== 1) {
    throw usage(
      given.length === 0
        ? 'which server? Give its entry, --file <file>, - for standard input, or --url <url>'
        : 'the server is given more than once: as an entry, with --file, or with --url',
    );
  }
  if (flags !== undefined && name === undefined) throw usage('give the server a name');
  const { file, prefix, tenant } = options;
  const source =
    file ?? (text === '-' ? 'Standard input' : flags === undefined ? 'The entry' : 'The command');
  const document =
    flags ??
    (file !== undefined
      ? await readEntryFile(file)
      : text === '-'
        ? await readInput(terminal)
        : (text ?? ''));
  const overrides = {
    ...(prefix === undefined ? {} : { prefix }),
    ...(tenant === undefined ? {} : { tenants: [...tenant] }),
  };
  return { source, servers: parseGiven({ text: document, source, name, overrides }) };
};

/** A stdio server may not take the name of a live one. */
const assertNotLive = async (ports: AdminPorts, servers: readonly GivenServer[]): Promise<void> => {
  const live = (await listServers(ports)).filter(({ where }) => where === 'live');
  const taken = servers.find(({ name }) => live.some((server) => server.name === name));
  if (taken === undefined) return;
  throw new AdminError(
    'SERVER_EXISTS',
    `server "${taken.name}" is live already: \`upstreams remove ${taken.name}\` first, or give another name`,
  );
};

/**
 * Stdio servers need no deployment to be written to the project, so a twin that is not running does not stop them.
 * @param connect - fails with TWIN_NOT_RUNNING where there is nothing to ask.
 */
export const upstreamsAdd = async (
  connect: () => Promise<AdminPorts>,
  openProject: () => ProjectPorts,
  { servers, source }: Awaited<ReturnType<typeof givenServers>>,
  { replace = false }: UpstreamsAddOptions,
): Promise<readonly AddedView[]> => {
  const stdio = servers.filter(isStdio);
  const live = servers.filter(isLive);
  const ports = await connect().catch((error: unknown) => {
    const isOptional = live.length === 0 && error instanceof CliError;
    if (isOptional && error.code === 'TWIN_NOT_RUNNING') return undefined;
    throw error;
  });
  if (ports !== undefined) {
    assertAllowed(ports, live, source);
    await assertNotLive(ports, stdio);
  }
  const project = openProject();
  const written = stdio.length === 0 ? [] : await addStdioServers(project, stdio, { replace });
  const views: AddedView[] = written.map(addedStdioView);
  if (ports === undefined || live.length === 0) return views;
  try {
    const added = await addUpstreams(ports, project, live, { replace, source });
    return [...views, ...added.map(addedLiveView)];
  } catch (error) {
    if (views.length === 0 || !(error instanceof AdminError)) throw error;
    const names = views.map(({ name }) => name).join(', ');
    throw new AdminError(
      error.code,
      `${error.message} Written to ${project.mcpJson.name} before it: ${names}.`,
      { cause: error },
    );
  }
};

export const upstreamsList = async (ports: AdminPorts): Promise<readonly ServerSummary[]> =>
  (await listServers(ports)).map(summaryOf);

export const upstreamsShow = async (
  ports: AdminPorts,
  name: string,
  tenants: readonly string[] | undefined,
): Promise<readonly ServerView[]> => (await requireServers(ports, name, tenants)).map(serverView);

export const upstreamsCheck = async (
  ports: AdminPorts,
  project: ProjectPorts,
  name: string,
  tenants: readonly string[] | undefined,
): Promise<readonly CheckedView[]> =>
  (await checkUpstream(ports, project, name, tenants)).map(checkedView);

/** @throws CliError CHECK_FAILED when one of them is not reached, after the views were printed. */
export const assertReached = (views: readonly CheckedView[]): void => {
  const failed = views.filter(({ check }) => check.state === 'failed').length;
  if (failed === 0) return;
  const name = views[0]?.name ?? '';
  throw new CliError(
    'CHECK_FAILED',
    `server "${name}" failed the check${views.length > 1 ? ` in ${failed} of ${views.length} places` : ''}`,
  );
};

export const upstreamsSwitch = async (
  ports: AdminPorts,
  name: string,
  enabled: boolean,
  tenants: readonly string[] | undefined,
): Promise<readonly SwitchedView[]> =>
  (await switchUpstream(ports, name, enabled, tenants)).map(switchedView);

/** @throws CliError DECLINED when the operator is asked and does not say yes: nothing changed. */
export const upstreamsRemove = async (
  ports: AdminPorts,
  project: ProjectPorts,
  name: string,
  tenants: readonly string[] | undefined,
  confirm: Terminal['confirm'],
): Promise<RemovalView> => {
  const removal = await planRemoval(ports, project, name, tenants);
  const view = removalView(removal);
  if (confirm !== undefined && !(await confirm(`Remove server ${name}: ${removalParts(view)}?`))) {
    throw new CliError('DECLINED', `server ${name} was not removed`);
  }
  await removeUpstream(ports, project, removal);
  return view;
};
