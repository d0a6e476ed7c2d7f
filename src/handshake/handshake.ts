import * as z from 'zod';
import {
  mcpRequest,
  openingRequest,
  type Era,
  type McpRequest,
  type SendMcp,
} from './mcp-requests.ts';
import { HandshakeError, resultOf } from './mcp-result.ts';

/** The tool that is called: it is every deployment's own, reads only, and needs the documents and the counters. */
export const calledTool = 'search';

export interface CheckOutcome {
  /** As in `legacy tools/call`. */
  readonly check: string;
  /** Undefined when it is as it should be. */
  readonly problem: string | undefined;
  readonly detail: string;
}

interface Step {
  readonly method: string;
  readonly request: McpRequest;
  /** What the result says, for a reader. @throws HandshakeError */
  readonly read: (result: Readonly<Record<string, unknown>>) => string;
}

const initialized = z.object({
  protocolVersion: z.string(),
  serverInfo: z.object({ name: z.string() }),
});
const discovered = z.object({ supportedVersions: z.array(z.string()).min(1) });
const listed = z.object({ tools: z.array(z.object({ name: z.string() })) });
const called = z.object({ isError: z.boolean().optional(), content: z.array(z.unknown()) });

const shaped = <S extends z.ZodType>(schema: S, result: unknown): z.infer<S> => {
  const read = schema.safeParse(result);
  if (!read.success) throw new HandshakeError('the result has not the shape that MCP asks for');
  return read.data;
};

const opening = (era: Era): Step => ({
  method: era === 'legacy' ? 'initialize' : 'server/discover',
  request: openingRequest(era),
  read: (result) =>
    era === 'legacy'
      ? shaped(initialized, result).protocolVersion
      : shaped(discovered, result).supportedVersions.join(' '),
});

const stepsOf = (era: Era): readonly Step[] => [
  opening(era),
  {
    method: 'tools/list',
    request: mcpRequest(era, 'tools/list'),
    read: (result) => {
      const { tools } = shaped(listed, result);
      if (tools.length === 0) throw new HandshakeError('no tool is listed');
      return `${tools.length} ${tools.length === 1 ? 'tool' : 'tools'}`;
    },
  },
  {
    method: 'tools/call',
    request: mcpRequest(era, 'tools/call', { name: calledTool, arguments: { query: 'handshake' } }),
    read: (result) => {
      const { isError = false } = shaped(called, result);
      if (isError) throw new HandshakeError(`${calledTool} answers with an error`);
      return calledTool;
    },
  },
];

/** What went wrong, in words that quote nothing of the answer. */
export const problemOf = (error: unknown): string => {
  if (error instanceof HandshakeError) return error.message;
  if (!(error instanceof Error)) return 'failed';
  const { errorCode, code } = error as { errorCode?: unknown; code?: unknown };
  const kind = [errorCode, code].find((each) => typeof each === 'string');
  return kind === undefined ? error.name : `${error.name} ${String(kind)}`;
};

/** Does what clients of both eras do first, one request after the other. Never throws: what fails is an outcome. */
export const shakeHands = async (send: SendMcp): Promise<readonly CheckOutcome[]> => {
  const outcomes: CheckOutcome[] = [];
  for (const era of ['legacy', 'modern'] as const) {
    for (const { method, request, read } of stepsOf(era)) {
      const check = `${era} ${method}`;
      try {
        const detail = read(resultOf(await send(request)));
        outcomes.push({ check, problem: undefined, detail });
      } catch (error) {
        outcomes.push({ check, problem: problemOf(error), detail: '' });
      }
    }
  }
  return outcomes;
};
