import type { StdioEntry } from '../upstreams/mcp-servers.ts';
import { AdminError } from './admin-error.ts';

/** An npm package that a stdio entry runs, and what it gives it. */
export interface NpxPackage {
  readonly name: string;
  /** A version, a range or a tag; `latest` when the entry says none. */
  readonly range: string;
  /** The program's own arguments. */
  readonly args: readonly string[];
}

const packageSpec =
  /^((?:@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*)(?:@([0-9A-Za-z^~<>=|*.+ -]+))?$/u;

const image =
  'servers in other languages run from a container image: give "image", a folder of this project with a Dockerfile, ' +
  'in place of what starts it here';

/** Programs that fetch what they run: at run time nothing is fetched. */
const runners: Readonly<Record<string, string>> = {
  uvx: image,
  uv: image,
  pipx: image,
  python: image,
  python3: image,
  docker: image,
  podman: image,
  deno: image,
  go: image,
  java: image,
  bun: 'write it for npx: {"command": "npx", "args": ["-y", "<package>"]}',
  bunx: 'write it for npx: {"command": "npx", "args": ["-y", "<package>"]}',
  pnpm: 'write it for npx: {"command": "npx", "args": ["-y", "<package>"]}',
  yarn: 'write it for npx: {"command": "npx", "args": ["-y", "<package>"]}',
  npm: 'write it for npx: {"command": "npx", "args": ["-y", "<package>"]}',
};

const programOf = (command: string): string =>
  (command.split(/[/\\]/u).at(-1) ?? command).toLowerCase().replace(/\.(?:exe|cmd)$/u, '');

const refuse = (server: string, path: string, message: string): never => {
  throw new AdminError('INVALID_INPUT', `mcpServers.${server}.${path}: ${message}`);
};

/** `cmd /c npx …` is how Windows starts npx. */
const withoutShell = ({ command, args }: StdioEntry): readonly [string, readonly string[]] => {
  const [flag = '', program, ...rest] = args;
  return programOf(command) === 'cmd' && flag.toLowerCase() === '/c' && program !== undefined
    ? [program, rest]
    : [command, args];
};

/** `mcp-remote` is a bridge for clients that speak stdio only; its server is an HTTP one. */
const refuseBridge = (server: string, name: string, args: readonly string[]): void => {
  if (name !== 'mcp-remote' && name !== 'supergateway') return;
  const url = args.find((arg) => /^https?:\/\//u.test(arg)) ?? 'https://…';
  refuse(
    server,
    'args',
    `${name} only leads to an HTTP server: add that, with {"url": ${JSON.stringify(url)}}`,
  );
};

/**
 * The npm package of a stdio entry, or undefined when it runs from a folder of the project (`directory`, `image`).
 * @throws AdminError INVALID_INPUT that says what to write instead.
 */
export const npxPackageOf = (server: string, entry: StdioEntry): NpxPackage | undefined => {
  if (entry.image !== undefined || entry.directory !== undefined) return undefined;
  const [command, given] = withoutShell(entry);
  const program = programOf(command);
  if (program !== 'npx') {
    return refuse(
      server,
      'command',
      runners[program] === undefined
        ? `"${command}" is not in the deployment: give "directory", a folder of this project with the server in it, or an npm package with "npx"`
        : `"${command}" cannot run in the deployment: ${runners[program]}`,
    );
  }
  const first = given.findIndex((arg) => !arg.startsWith('-'));
  const flags = first === -1 ? given : given.slice(0, first);
  const unknown = flags.find((flag) => !['-y', '--yes', '-q', '--quiet'].includes(flag));
  if (unknown !== undefined) {
    return refuse(server, 'args', `npx is understood with -y and a package only, not ${unknown}`);
  }
  const spec = first === -1 ? undefined : given[first];
  if (spec === undefined) return refuse(server, 'args', 'name no package for npx');
  const [, name, range = 'latest'] = packageSpec.exec(spec) ?? [];
  if (name === undefined) {
    return refuse(
      server,
      'args',
      `"${spec}" is no package of the npm registry, as in @scope/name or name@1.2.3`,
    );
  }
  const args = given.slice(first + 1);
  refuseBridge(server, name, args);
  return { name, range: range.trim(), args };
};
