import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { freePort } from '../../test/integration/support/free-port.ts';
import { within } from './program.ts';
import { runErrand, type Seen } from './seen.ts';
import { signIn } from './sign-in.ts';
import { clientsDirectory, type Access, type AccessOf, type Stage } from './stage.ts';

const program = join(clientsDirectory, 'node_modules', 'mcp-remote', 'dist', 'proxy.js');

/** How it reaches the gate: `legacy` as it comes, or asking for the newer era first. */
export type Protocol = 'legacy' | 'auto';

/** The command of a client's configuration. It needs a sign-in, unless there is a key. */
export const bridgeCommand = (access: Access, protocol: Protocol, port: number): string[] => [
  program,
  access.url,
  String(port),
  ...['--transport', 'http-only', '--protocol', protocol],
  ...(access.lane === 'key' ? ['--header', `Authorization: Bearer ${access.key}`] : []),
];

/**
 * Signs in when the bridge asks for it on stderr. It writes the address first and listens for the answer a quarter of a
 * second later, which a person cannot tell and this browser can: so the browser goes there when the bridge says that it waits.
 */
const answerOn = (
  { rig }: Stage,
  { url }: Access,
  stderr: Readable,
  fail: (error: unknown) => void,
): void => {
  const { origin } = new URL(url);
  let asked: string | undefined;
  createInterface({ input: stderr }).on('line', (line) => {
    if (line.startsWith(`${origin}/`) && line.includes('redirect_uri=')) asked = line;
    if (asked === undefined || !line.endsWith('Waiting for authorization...')) return;
    signIn(rig.twin, asked).catch(fail);
    asked = undefined;
  });
};

/** A stdio client of SDK v1, as desktop clients are, over mcp-remote. */
export const runBridge = async (
  stage: Stage,
  access: AccessOf<'key'> | AccessOf<'oauth'>,
  protocol: Protocol,
): Promise<Seen> => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: bridgeCommand(access, protocol, await freePort()),
    env: stage.environment(),
    stderr: 'pipe',
  });
  const client = new Client({ name: 'interop', version: '1.0.0' });
  const failed = new Promise<never>((_, reject) => {
    if (transport.stderr instanceof Readable) answerOn(stage, access, transport.stderr, reject);
  });
  const use = async () => {
    await client.connect(transport);
    return runErrand(client);
  };
  try {
    return await within(Promise.race([use(), failed]));
  } finally {
    await client.close();
  }
};
