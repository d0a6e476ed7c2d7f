import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { liveProblems } from '../../src/admin/live-rules.ts';
import {
  openApiSpec,
  parseMcpServers,
  remoteSpec,
  sandboxSpec,
  UpstreamConfigError,
  type ConfigProblem,
  type McpServerEntry,
  type OpenApiEntry,
} from '../../src/upstreams/mcp-servers.ts';
import { referencesOf } from '../../src/upstreams/references.ts';
import { upstreamSpec, type UpstreamSpec } from '../../src/upstreams/upstream-spec.ts';
import { compileOpenApi } from '../openapi/compile-openapi.ts';
import { fillEnvironment, type Environment } from './fill-environment.ts';
import { allOf, configFile, problemAt, refusing } from './problems.ts';
import { planSandbox, type SandboxPlan } from './sandbox-plan.ts';

export interface UpstreamsOptions {
  readonly projectDirectory: string;
  /** Where `mcp.json`, its pins and the locks of stdio servers are; `config/` of the project. */
  readonly configDirectory: string;
  /** The environment that is synthesized, and all there are. */
  readonly env: string;
  readonly knownEnvs: readonly string[];
  /** What `${secret:NAME}` may name. */
  readonly secrets: readonly string[];
  readonly allowLoopback: boolean;
  /** Where clients reach this deployment, when that is known: an upstream there would be itself. */
  readonly publicUrl?: string | undefined;
  /** What `${env:NAME}` is filled in from. */
  readonly environment: Environment;
}

/** The upstreams of one environment, in the order of names. */
export interface Upstreams {
  readonly specs: readonly UpstreamSpec[];
  readonly sandboxes: readonly SandboxPlan[];
  /** What OpenAPI documents describe and the tools do not have. */
  readonly warnings: readonly string[];
}

interface Read {
  readonly spec: UpstreamSpec;
  readonly sandbox?: SandboxPlan;
  readonly warnings?: readonly string[];
}

/** Their names stand in a function's environment, which Lambda limits to 4 KB in all. */
const maxSandboxes = 12;

const valuesOf = (
  entry: McpServerEntry,
): Readonly<Record<string, Readonly<Record<string, string>>>> =>
  entry.kind === 'stdio' ? { env: entry.env } : { headers: entry.headers };

const secretProblems = (
  name: string,
  entry: McpServerEntry,
  { secrets, env }: UpstreamsOptions,
): readonly ConfigProblem[] => {
  const cli = env === 'local' ? 'drawbridge' : `drawbridge --env ${env}`;
  return Object.entries(valuesOf(entry)).flatMap(([field, values]) =>
    Object.entries(values).flatMap(([key, text]) =>
      referencesOf(text)
        .filter(({ source, name: secret }) => source === 'secret' && !secrets.includes(secret))
        .map(({ name: secret }) => ({
          path: `mcpServers.${name}.${field}.${key}`,
          message:
            `there is no secret "${secret}" (config/${env}.json has ${secrets.join(', ') || 'none'}): add the name to ` +
            `"secrets" there, deploy, and set it with \`${cli} secrets set ${secret}\``,
        })),
    ),
  );
};

/** The rules for what is called over HTTP: those of live entries, without what is looked at here. */
const httpProblems = (
  name: string,
  entry: McpServerEntry,
  { allowLoopback, publicUrl }: UpstreamsOptions,
): readonly ConfigProblem[] => {
  if (entry.kind === 'stdio') return [];
  const { environments: _, ...rest } = entry;
  return liveProblems(name, rest, {
    secretNames: Object.values(entry.headers).flatMap((text) =>
      referencesOf(text).map((reference) => reference.name),
    ),
    upstreams: [],
    allowLoopback,
    hosts: publicUrl === undefined ? [] : [new URL(publicUrl).host],
    restApiId: '',
  });
};

const compiled = async (
  name: string,
  entry: OpenApiEntry,
  { projectDirectory }: UpstreamsOptions,
) => {
  const file = resolve(projectDirectory, entry.openapi);
  if (!existsSync(file)) {
    throw problemAt(name, 'openapi', `there is no file "${entry.openapi}" in this project`);
  }
  try {
    return await compileOpenApi(file);
  } catch (error) {
    if (!(error instanceof UpstreamConfigError)) throw error;
    const problems = error.problems.map(({ path, message }) => ({
      path: `mcpServers.${name}.openapi`,
      message: `${entry.openapi}: ${path}: ${message}`,
    }));
    throw new UpstreamConfigError(configFile, problems, { cause: error });
  }
};

const specOf = async (
  name: string,
  entry: McpServerEntry,
  options: UpstreamsOptions,
): Promise<Read> => {
  switch (entry.kind) {
    case 'remote':
      return { spec: remoteSpec(name, entry) };
    case 'openapi': {
      const { tools, warnings } = await compiled(name, entry, options);
      const named = warnings.map((warning) => `${name}: ${entry.openapi}: ${warning}`);
      return { spec: openApiSpec(name, entry, tools), warnings: named };
    }
    case 'stdio':
      return { spec: sandboxSpec(name, entry), sandbox: planSandbox(options, name, entry) };
  }
};

/** @throws UpstreamConfigError with all that is wrong with the entry. */
const readEntry = async (
  name: string,
  given: McpServerEntry,
  options: UpstreamsOptions,
): Promise<Read> => {
  const entry = fillEnvironment(name, given, options.environment);
  const [read] = await allOf([
    () => specOf(name, entry, options),
    ...refusing([...secretProblems(name, entry, options), ...httpProblems(name, entry, options)]),
  ]);
  if (read === undefined) throw new Error('an entry was read to nothing');
  const parsed = upstreamSpec.safeParse(read.spec);
  if (parsed.success) return { ...read, spec: parsed.data };
  const problems = parsed.error.issues.map(({ path, message }) => ({
    path: ['mcpServers', name, ...path.map(String)].join('.'),
    message,
  }));
  throw new UpstreamConfigError(configFile, problems);
};

const environmentProblems = (
  name: string,
  { environments = [] }: McpServerEntry,
  knownEnvs: readonly string[],
): readonly ConfigProblem[] =>
  environments.flatMap((env, index) =>
    knownEnvs.includes(env)
      ? []
      : [
          {
            path: `mcpServers.${name}.environments.${index}`,
            message: `there is no environment "${env}": config/ has ${knownEnvs.join(', ')}`,
          },
        ],
  );

/**
 * Reads `config/mcp.json` for one environment: what is wrong is told all at once, and nothing is installed yet.
 * Without such a file there are no upstreams.
 *
 * @throws UpstreamConfigError
 */
export const readUpstreams = async (options: UpstreamsOptions): Promise<Upstreams> => {
  const file = join(options.configDirectory, 'mcp.json');
  if (!existsSync(file)) return { specs: [], sandboxes: [], warnings: [] };
  const entries = [...parseMcpServers(readFileSync(file, 'utf8'), configFile)];
  const misnamed = entries.flatMap(([name, entry]) =>
    environmentProblems(name, entry, options.knownEnvs),
  );
  const used = entries
    .filter(([, { environments }]) => environments?.includes(options.env) ?? true)
    .filter(([, { disabled }]) => disabled !== true)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const upstreams = await allOf([
    ...refusing(misnamed),
    ...used.map(
      ([name, entry]) =>
        () =>
          readEntry(name, entry, options),
    ),
  ]);
  const sandboxes = upstreams.flatMap(({ sandbox }) => (sandbox === undefined ? [] : [sandbox]));
  if (sandboxes.length > maxSandboxes) {
    const message = `has ${sandboxes.length} stdio servers for ${options.env}; a deployment takes ${maxSandboxes}`;
    throw new UpstreamConfigError(configFile, [{ path: 'mcpServers', message }]);
  }
  return {
    specs: upstreams.map(({ spec }) => spec),
    sandboxes,
    warnings: upstreams.flatMap(({ warnings = [] }) => warnings),
  };
};
