import type { SandboxLine } from '../upstreams/sandbox-protocol.ts';
import { UpstreamError, type UpstreamFailure } from '../upstreams/upstream.ts';

type ErrorLine = Extract<SandboxLine, { type: 'error' }>;

/** What a failure of the session is called when the other end is a child process. */
const failures: Readonly<Record<UpstreamFailure, ErrorLine['failure']>> = {
  unreachable: 'crashed',
  timeout: 'timeout',
  aborted: 'timeout',
  unauthorized: 'misconfigured',
  'not-mcp': 'not-mcp',
  'too-large': 'too-large',
  'circuit-open': 'unreachable',
  'needs-input': 'needs-input',
  crashed: 'crashed',
  misconfigured: 'misconfigured',
  rpc: 'rpc',
};

const messages: Readonly<Record<ErrorLine['failure'], string>> = {
  unreachable: 'The server cannot be reached.',
  timeout: 'The server did not answer in time.',
  'not-mcp': 'The server does not speak MCP.',
  'too-large': 'The server wrote a message that is too large.',
  'needs-input': 'The server asks its user for input, and there is nobody to ask.',
  crashed: "The server's process ended.",
  misconfigured: "The server's program cannot be started.",
  rpc: 'The server answered with an error.',
};

export const errorLine = (error: unknown, tooLarge: boolean): ErrorLine => {
  const known = error instanceof UpstreamError ? error : undefined;
  const kind = failures[known?.failure ?? 'unreachable'];
  const failure = kind === 'crashed' && tooLarge ? 'too-large' : kind;
  return {
    type: 'error',
    failure,
    message: messages[failure],
    ...(failure === 'rpc' && known?.rpc !== undefined ? { rpc: known.rpc } : {}),
  };
};
