import { join } from 'node:path';
import { projectDirectory } from '../support/project-copy.ts';
import { versionOf } from '../support/suite.ts';
import { freePort } from '../../test/integration/support/free-port.ts';
import { runDriver } from './drivers.ts';
import { runInspector } from './inspector.ts';
import { bridgeCommand, runBridge } from './mcp-remote.ts';
import { deadlineMs } from './program.ts';
import { replay } from './replay.ts';
import { accessToken, runSdk, sdkV1, sdkV2, type OpenSession } from './sdk.ts';
import type { Seen } from './seen.ts';
import { clientsDirectory, type AccessOf, type Lane, type Stage } from './stage.ts';

/** Comes in by the lane and runs the errand. @throws Error when something is not as it is for everybody. */
type Run<L extends Lane> = (stage: Stage, access: AccessOf<L>) => Promise<Seen>;

/** Why a client cannot use a lane, whatever the gate does. */
interface NotPossible {
  readonly because: string;
}

export interface InteropClient {
  readonly name: string;
  readonly package?: string;
  readonly version: () => string;
  readonly era: 'legacy' | 'modern';
  /** Of a lane. @default that of one program */
  readonly deadlineMs?: number;
  /** What it has no API for; everything else it has to show. */
  readonly lacks?: readonly ('prompts' | 'resources')[];
  readonly lanes: { readonly [L in Lane]: Run<L> | NotPossible };
}

const from = (modules: string, name: string) => ({
  package: name,
  version: () => versionOf(join(modules, 'node_modules', ...name.split('/'))),
});
const own = (name: string) => from(projectDirectory, name);
const theirs = (name: string) => from(clientsDirectory, name);

const headersOnly = { because: 'takes headers, and a signature is of one body' } as const;

const sdk = (name: string, npmName: string, era: InteropClient['era'], open: OpenSession) => {
  const run = (stage: Stage, access: AccessOf<Lane>) => runSdk(stage, open, access);
  return {
    name,
    ...own(npmName),
    era,
    lanes: { key: run, oauth: run, iam: run },
  } satisfies InteropClient;
};

const driven =
  (driver: string) =>
  (stage: Stage, access: AccessOf<Lane>): Promise<Seen> =>
    runDriver(stage, driver, access);

const inspector = (era: InteropClient['era']): InteropClient => ({
  name: `MCP Inspector CLI, --protocol-era ${era}`,
  ...theirs('@modelcontextprotocol/inspector'),
  era,
  // Seven programs, one for each method.
  deadlineMs: 3 * deadlineMs,
  lanes: {
    key: (stage, access) => runInspector(stage, access, era),
    oauth: (stage, access) => runInspector(stage, access, era),
    iam: headersOnly,
  },
});

const bridge = (era: InteropClient['era'], protocol: 'legacy' | 'auto'): InteropClient => ({
  name: `mcp-remote --protocol ${protocol}, under SDK v1`,
  ...theirs('mcp-remote'),
  era,
  lanes: {
    key: (stage, access) => runBridge(stage, access, protocol),
    oauth: (stage, access) => runBridge(stage, access, protocol),
    iam: headersOnly,
  },
});

const recorded = (revision: '2025-11-25' | '2026-07-28'): InteropClient => {
  const name = `openai-responses-api-${revision}`;
  return {
    name: 'OpenAI Responses API, reconstructed',
    version: () => 'as of 2026-09',
    era: revision === '2026-07-28' ? 'modern' : 'legacy',
    lacks: ['prompts', 'resources'],
    lanes: {
      key: (_, { url, key }) => replay(name, url, key),
      oauth: async (stage, { url }) => replay(name, url, await accessToken(stage)),
      iam: { because: 'OpenAI sends the headers that it was given, and signs nothing' },
    },
  };
};

export const roster: readonly InteropClient[] = [
  sdk('SDK v1', '@modelcontextprotocol/sdk', 'legacy', sdkV1),
  sdk('SDK v2, 2025-11-25', '@modelcontextprotocol/client', 'legacy', sdkV2('2025-11-25')),
  sdk('SDK v2, 2026-07-28', '@modelcontextprotocol/client', 'modern', sdkV2('2026-07-28')),
  inspector('legacy'),
  inspector('modern'),
  bridge('legacy', 'legacy'),
  bridge('modern', 'auto'),
  {
    name: '@ai-sdk/mcp',
    ...theirs('@ai-sdk/mcp'),
    era: 'modern',
    lanes: { key: driven('ai-sdk'), oauth: driven('ai-sdk'), iam: driven('ai-sdk') },
  },
  {
    name: '@openai/agents, MCPServerStreamableHttp',
    ...theirs('@openai/agents'),
    era: 'modern',
    lacks: ['prompts'],
    lanes: {
      key: driven('openai-agents'),
      oauth: driven('openai-agents'),
      iam: driven('openai-agents'),
    },
  },
  {
    name: '@langchain/mcp-adapters',
    ...theirs('@langchain/mcp-adapters'),
    era: 'legacy',
    lacks: ['prompts'],
    lanes: {
      key: driven('langchain'),
      oauth: driven('langchain'),
      iam: { because: 'takes headers or an OAuth provider, and no fetch' },
    },
  },
  {
    name: 'mcp-client (of fastmcp), over mcp-remote',
    ...theirs('mcp-client'),
    era: 'legacy',
    lanes: {
      key: async (stage, access) =>
        runDriver(stage, 'mcp-client', {
          command: process.execPath,
          args: bridgeCommand(access, 'legacy', await freePort()),
          env: stage.environment(),
        }),
      oauth: { because: 'takes a URL and nothing else: the bridge below it signs in, as above' },
      iam: { because: 'takes a URL and nothing else' },
    },
  },
  recorded('2025-11-25'),
  recorded('2026-07-28'),
];
