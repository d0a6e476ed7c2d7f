import * as z from 'zod';
import { tenantId } from '../principals/principal.ts';
import { brokenReference, hasSecret, looksSecret, referencesOf } from './references.ts';
import { toolPrefix, upstreamName, type UpstreamOfKind } from './upstream-spec.ts';
import type { OpenApiTool } from './openapi-tool.ts';

const options = {
  /** In place of the server's name before its tools' names; `""` for none. */
  prefix: toolPrefix.optional(),
  /** Who sees it. Without it, everybody. */
  tenants: z.array(tenantId).min(1).optional(),
  tools: z
    .strictObject({
      include: z.array(z.string().min(1)).min(1).optional(),
      exclude: z.array(z.string().min(1)).optional(),
      rename: z.record(z.string().min(1), z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/)).optional(),
    })
    .optional(),
  timeoutMs: z.int().min(100).max(890_000).optional(),
  listTimeoutMs: z.int().min(100).max(30_000).optional(),
  units: z
    .union([
      z.int().min(0).max(10_000),
      z.strictObject({
        default: z.int().min(0).max(10_000).optional(),
        tools: z.record(z.string(), z.int().min(0).max(10_000)).optional(),
      }),
    ])
    .optional(),
  /** Environments that have it (`config/<name>.json`). Without it, all. */
  environments: z.array(z.string()).min(1).optional(),
  disabled: z.boolean().optional(),
};

const secretValues = z.record(z.string().min(1), z.string()).superRefine((values, context) => {
  for (const [name, value] of Object.entries(values)) {
    const broken = brokenReference(value);
    if (broken !== undefined) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message: `${broken} is no reference: there are \${secret:NAME}, \${secret:NAME#FIELD} and \${env:NAME}`,
      });
    }
    if (looksSecret(name) && value !== '' && !hasSecret(value)) {
      context.addIssue({
        code: 'custom',
        path: [name],
        message:
          'looks like a secret: write "${secret:NAME}" in its place, and keep the value in Secrets Manager',
      });
    }
  }
});

const url = z.string().superRefine((text, context) => {
  const refuse = (message: string) => context.addIssue({ code: 'custom', message });
  if (hasSecret(text)) return refuse('takes no ${secret:…}: send it in a header');
  // What ${env:…} stands for is looked at when it is filled in.
  if (referencesOf(text).length > 0) return;
  if (!URL.canParse(text)) return refuse('is not a URL');
  const { protocol, username, password } = new URL(text);
  if (username !== '' || password !== '') {
    return refuse(
      'has a user name or password in it: send "Authorization" with "${secret:NAME}" in headers',
    );
  }
  if (protocol !== 'https:' && protocol !== 'http:') refuse('must begin with https://');
});

export const stdioEntry = z.strictObject({
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: secretValues.default({}),
  /** A folder of this project with the server in it, for `node` and programs that are in the folder. */
  directory: z.string().min(1).optional(),
  /** A folder with a Dockerfile, for servers in other languages. */
  image: z.string().min(1).optional(),
  type: z.literal('stdio').optional(),
  ...options,
});

export const remoteEntry = z.strictObject({
  url,
  headers: secretValues.default({}),
  /** `type` is what some clients call it. */
  transport: z.enum(['streamable-http', 'http', 'sse']).optional(),
  type: z.enum(['streamable-http', 'http', 'sse']).optional(),
  ...options,
});

/** Paths of operations are put behind it. */
const baseUrl = url.refine((text) => !/[?#]/u.test(text), {
  error: 'must end before any "?" or "#": the paths of the operations come behind it',
});

export const openApiEntry = z.strictObject({
  /** A file of this project, JSON or YAML. */
  openapi: z.string().min(1),
  baseUrl,
  headers: secretValues.default({}),
  ...options,
});

export type StdioEntry = z.infer<typeof stdioEntry> & { readonly kind: 'stdio' };
export type RemoteEntry = z.infer<typeof remoteEntry> & { readonly kind: 'remote' };
export type OpenApiEntry = z.infer<typeof openApiEntry> & { readonly kind: 'openapi' };
/** One entry of `mcpServers`, as Claude Desktop writes it and with our options. */
export type McpServerEntry = StdioEntry | RemoteEntry | OpenApiEntry;

/** One mistake: where, and what to write in its place. */
export interface ConfigProblem {
  /** As in `mcpServers.weather.headers.Authorization`. */
  readonly path: string;
  readonly message: string;
}

/** A configuration that is not used; the last good one stays. */
export class UpstreamConfigError extends Error {
  override readonly name = 'UpstreamConfigError';
  readonly problems: readonly ConfigProblem[];

  /** @param source - the file or argument that was read. */
  constructor(source: string, problems: readonly ConfigProblem[], options?: ErrorOptions) {
    const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
    super(`${source} is not right:\n${lines.join('\n')}`, options);
    this.problems = problems;
  }
}

const problemsOf = (error: z.ZodError, prefix: readonly string[]): readonly ConfigProblem[] =>
  error.issues.flatMap((issue) => {
    const path = [...prefix, ...issue.path.map(String)].join('.');
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          path: [path, key].filter(Boolean).join('.'),
          message: 'there is no such setting',
        }))
      : [{ path, message: issue.message }];
  });

/** Checks one entry. @throws UpstreamConfigError */
export const parseEntry = (name: string, entry: unknown, source = 'The entry'): McpServerEntry => {
  const at = ['mcpServers', name];
  const fail = (message: string): never => {
    throw new UpstreamConfigError(source, [{ path: at.join('.'), message }]);
  };
  if (!upstreamName.safeParse(name).success) {
    return fail('a server name is 1 to 32 of a-z, 0-9 and -, and begins with a letter');
  }
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    return fail('must be an object with "command", "url" or "openapi"');
  }
  const kinds = ['command', 'url', 'openapi'].filter((key) => Object.hasOwn(entry, key));
  if (kinds.length !== 1) {
    return fail(
      kinds.length === 0
        ? 'needs "command" (a stdio server), "url" (an HTTP server) or "openapi" (a REST API)'
        : `has ${kinds.map((kind) => `"${kind}"`).join(' and ')}: one of them is right`,
    );
  }
  const read = <T>(schema: z.ZodType<T>): T => {
    const parsed = schema.safeParse(entry);
    if (parsed.success) return parsed.data;
    throw new UpstreamConfigError(source, problemsOf(parsed.error, at));
  };
  switch (kinds[0]) {
    case 'command':
      return { kind: 'stdio', ...read(stdioEntry) };
    case 'url':
      return { kind: 'remote', ...read(remoteEntry) };
    default:
      return { kind: 'openapi', ...read(openApiEntry) };
  }
};

/**
 * Checks a whole `mcp.json`: all its mistakes are told at once.
 * @throws UpstreamConfigError
 */
export const parseMcpServers = (
  text: string,
  source = 'config/mcp.json',
): ReadonlyMap<string, McpServerEntry> => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new UpstreamConfigError(
      source,
      [{ path: '(file)', message: `is not JSON: ${(cause as Error).message}` }],
      { cause },
    );
  }
  const shape = z.strictObject({
    $schema: z.string().optional(),
    mcpServers: z.record(z.string(), z.unknown()),
  });
  const parsed = shape.safeParse(document);
  if (!parsed.success) throw new UpstreamConfigError(source, problemsOf(parsed.error, []));
  const problems: ConfigProblem[] = [];
  const entries = new Map<string, McpServerEntry>();
  for (const [name, entry] of Object.entries(parsed.data.mcpServers)) {
    try {
      entries.set(name, parseEntry(name, entry, source));
    } catch (error) {
      if (!(error instanceof UpstreamConfigError)) throw error;
      problems.push(...error.problems);
    }
  }
  problems.push(...duplicatePrefixes(entries));
  if (problems.length > 0) throw new UpstreamConfigError(source, problems);
  return entries;
};

/** Two servers behind one prefix would take each other's names. `""` may be used by one server only, too. */
const duplicatePrefixes = (
  entries: ReadonlyMap<string, McpServerEntry>,
): readonly ConfigProblem[] => {
  const first = new Map<string, string>();
  return [...entries].flatMap(([name, entry]) => {
    const prefix = entry.prefix ?? name;
    const other = first.get(prefix);
    if (other === undefined) {
      first.set(prefix, name);
      return [];
    }
    return [
      {
        path: `mcpServers.${name}.prefix`,
        message: `"${prefix}" is the prefix of "${other}" already: choose another`,
      },
    ];
  });
};

/** What an entry says of itself beside its kind, with the defaults. */
const commonSpec = (name: string, entry: McpServerEntry) => {
  const units = typeof entry.units === 'number' ? { default: entry.units } : (entry.units ?? {});
  return {
    name,
    prefix: entry.prefix ?? name,
    tenants: entry.tenants ?? ('*' as const),
    ...(entry.tools === undefined ? {} : { tools: entry.tools }),
    timeoutMs: entry.timeoutMs ?? 30_000,
    listTimeoutMs: entry.listTimeoutMs ?? 5_000,
    units: { default: units.default ?? 1, ...(units.tools ? { tools: units.tools } : {}) },
  };
};

/** The specs that run, from entries whose `${env:…}` have been filled in (`fillEnvironment`). */
export const remoteSpec = (name: string, entry: RemoteEntry): UpstreamOfKind<'http'> => ({
  kind: 'http',
  ...commonSpec(name, entry),
  url: entry.url,
  transport: (entry.transport ?? entry.type) === 'sse' ? 'sse' : 'streamable-http',
  headers: entry.headers,
});

export const openApiSpec = (
  name: string,
  entry: OpenApiEntry,
  operations: readonly OpenApiTool[],
): UpstreamOfKind<'openapi'> => ({
  kind: 'openapi',
  ...commonSpec(name, entry),
  baseUrl: entry.baseUrl.replace(/\/+$/u, ''),
  headers: entry.headers,
  operations: [...operations],
});

export const sandboxSpec = (name: string, entry: StdioEntry): UpstreamOfKind<'sandbox'> => ({
  kind: 'sandbox',
  ...commonSpec(name, entry),
  sandbox: name,
  env: entry.env,
});
