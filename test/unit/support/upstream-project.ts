import { join } from 'node:path';
import { readUpstreams, type Upstreams } from '../../../build/upstreams/read-upstreams.ts';
import { UpstreamConfigError, type ConfigProblem } from '../../../src/upstreams/mcp-servers.ts';
import { tempFolder } from './temp-dir.ts';

export interface ProjectOptions {
  readonly env?: string;
  readonly secrets?: readonly string[];
  readonly allowLoopback?: boolean;
  readonly publicUrl?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** More files of the project. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What synthesis reads of a project with this `config/mcp.json`; text is taken as it is. */
export const readProject = (
  mcpJson: unknown,
  { files = {}, environment = {}, ...options }: ProjectOptions = {},
): Promise<Upstreams> => {
  const text = typeof mcpJson === 'string' ? mcpJson : JSON.stringify(mcpJson);
  const projectDirectory = tempFolder({ 'config/mcp.json': text, ...files });
  return readUpstreams({
    projectDirectory,
    configDirectory: join(projectDirectory, 'config'),
    env: 'dev',
    knownEnvs: ['dev', 'local', 'prod'],
    secrets: [],
    allowLoopback: false,
    environment,
    ...options,
  });
};

/** The problems for which a project is refused, each as `path: message`. */
export const refusalOf = async (
  mcpJson: unknown,
  options: ProjectOptions = {},
): Promise<readonly string[]> => {
  const problems = await readProject(mcpJson, options).then(
    (): readonly ConfigProblem[] => [],
    (error: unknown) => {
      if (error instanceof UpstreamConfigError) return error.problems;
      throw error;
    },
  );
  return problems.map(({ path, message }) => `${path}: ${message}`);
};

/** `config/stdio/<server>/` of a package without dependencies. */
export const lockFiles = (
  server: string,
  name: string,
  version: string,
  {
    bin = { [name]: 'index.js' },
    integrity = 'sha512-AA==',
  }: {
    readonly bin?: string | Readonly<Record<string, string>>;
    readonly integrity?: string | null;
  } = {},
): Readonly<Record<string, string>> => ({
  [`config/stdio/${server}/package.json`]: JSON.stringify({
    name: `stdio-${server}`,
    private: true,
    dependencies: { [name]: version },
  }),
  [`config/stdio/${server}/package-lock.json`]: JSON.stringify({
    name: `stdio-${server}`,
    lockfileVersion: 3,
    requires: true,
    packages: {
      '': { name: `stdio-${server}`, dependencies: { [name]: version } },
      [`node_modules/${name}`]: {
        version,
        bin,
        hasInstallScript: true,
        ...(integrity === null ? {} : { integrity }),
      },
    },
  }),
});
