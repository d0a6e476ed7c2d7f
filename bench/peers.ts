import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as z from 'zod';
import type { Command } from './upstream-messages.ts';

/** They have a folder of their own: their versions of what the project uses too are no business of the bench. */
const directory = join(import.meta.dirname, 'peers');
const adapterPackage = '@aws/run-mcp-servers-with-aws-lambda';

const binOf = (name: string): string => {
  const packageDirectory = join(directory, 'node_modules', name);
  const { bin } = z
    .object({ bin: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')));
  return join(packageDirectory, bin[name] ?? '');
};

/** Somebody else's bridge from a stdio server to Streamable HTTP. */
export interface Bridge {
  readonly name: string;
  /** Serves `/mcp` at the port. */
  readonly command: (server: Command, port: number) => Command;
  /** What its callers send: the key, where it has keys. */
  readonly headers: Readonly<Record<string, string>>;
  /** It wants a session of each caller. */
  readonly sessions: boolean;
  /** What it bears: one that starts a program for each request takes the machine down with more. */
  readonly mostConnections?: number;
}

export interface Peers {
  readonly adapter: { readonly name: string; readonly module: string };
  readonly bridges: readonly Bridge[];
}

/** For a shell, which supergateway starts its server with. */
const quoted = ({ file, args }: Command): string =>
  [file, ...args].map((part) => `"${part}"`).join(' ');

const supergateway =
  (...options: string[]): Bridge['command'] =>
  (server, port) => ({
    file: process.execPath,
    args: [
      ...[binOf('supergateway'), '--stdio', quoted(server), '--outputTransport', 'streamableHttp'],
      ...['--port', String(port), '--logLevel', 'none', ...options],
    ],
    cwd: server.cwd,
  });

const key = 'a-key-of-the-bench';

const mcpProxy =
  (...options: string[]): Bridge['command'] =>
  (server, port) => ({
    file: process.execPath,
    args: [
      ...[binOf('mcp-proxy'), '--host', '127.0.0.1', '--port', String(port), '--server', 'stream'],
      ...['--apiKey', key, ...options, '--', server.file, ...server.args],
    ],
    cwd: server.cwd,
  });

/** Installs the locked versions unless that has been done. @throws Error when npm fails. */
export const ensurePeers = async (): Promise<Peers> => {
  const install = spawn(process.execPath, [join(directory, 'ensure-peers.mjs')], {
    stdio: 'inherit',
  });
  const [status] = (await once(install, 'exit')) as [number | null];
  if (status !== 0) throw new Error('The programs to compare with did not install.');
  const { dependencies } = z
    .object({ dependencies: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')));
  const named = (name: string): string => `${name} ${dependencies[name] ?? ''}`;
  const resolve = createRequire(join(directory, 'package.json')).resolve;
  return {
    adapter: {
      name: named(adapterPackage),
      module: pathToFileURL(resolve(adapterPackage)).href,
    },
    bridges: [
      {
        name: `${named('mcp-proxy')}, stateful, key`,
        command: mcpProxy(),
        headers: { 'x-api-key': key },
        sessions: true,
      },
      {
        name: `${named('mcp-proxy')}, stateless, key`,
        command: mcpProxy('--stateless'),
        headers: { 'x-api-key': key },
        sessions: false,
      },
      {
        name: `${named('supergateway')}, stateful`,
        command: supergateway('--stateful'),
        headers: {},
        sessions: true,
        // It starts a process for each session, and keeps it.
        mostConnections: 10,
      },
      {
        name: `${named('supergateway')}, stateless`,
        command: supergateway(),
        headers: {},
        sessions: false,
        mostConnections: 10,
      },
    ],
  };
};
