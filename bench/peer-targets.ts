import { join } from 'node:path';
import { freePort } from '../local/free-port.ts';
import type { Expectation } from './messages.ts';
import type { Peers } from './peers.ts';
import { untilAnswered } from './start-up.ts';
import type { Target } from './throughput.ts';
import { peerReady, type Command } from './upstream-messages.ts';
import type { Start } from './upstreams.ts';
import type { Workload } from './workload.ts';

/** The program that every bridge serves: the same tool, by the SDK's server over stdio. */
export const stdioServer = (projectDirectory: string, { contentIndexFile }: Workload): Command => ({
  file: process.execPath,
  args: [join(projectDirectory, 'bench', 'servers', 'plain-stdio.ts'), contentIndexFile],
  cwd: projectDirectory,
});

/** Starts the bridges one after the other, each until it answers. */
export const startPeerTargets = async (
  { bridges }: Peers,
  server: Command,
  { params, expectedText }: Workload,
  start: Start,
): Promise<readonly Target[]> => {
  const expected: Expectation = { kind: 'search', text: expectedText };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params });
  const targets: Target[] = [];
  for (const { name, command, headers, sessions, mostConnections } of bridges) {
    const port = await freePort(0);
    const url = `http://127.0.0.1:${port}/mcp`;
    const startedAt = performance.now();
    const peer = await start('servers/peer.ts', command(server, port), peerReady);
    const asked = { url, headers, sessions };
    const startUpMs = await untilAnswered({ ...asked, body }, startedAt);
    targets.push({
      ...asked,
      name,
      pid: peer.ready.pid,
      expected,
      startUpMs,
      ...(mostConnections === undefined ? {} : { mostConnections }),
    });
  }
  return targets;
};
