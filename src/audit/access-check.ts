import type { ChainProblem } from './chain-problem.ts';
import { fieldsOf, type LogLine } from './log-reader.ts';

/** The routes that the MCP function serves: each request to it leaves a record. */
export const auditedRoutes: ReadonlySet<string> = new Set([
  'POST /mcp',
  'POST /ci/mcp',
  'GET /tools',
  'POST /tools/{name}',
  'GET /openapi.json',
  'GET /servers',
  'GET /me',
]);

/** How long a record may be under way after its line of the access log. */
export const settlesWithinMs = 60_000;

export interface AccessCheckOptions {
  /** Unix milliseconds. Requests that began before are not looked at: their records may be older than what was read. */
  readonly from: number;
  readonly to: number;
  /** The request ids of the records that are there. */
  readonly recorded: ReadonlySet<string>;
}

export interface AccessReport {
  /** Requests that the function answered. */
  readonly requests: number;
  readonly problems: readonly ChainProblem[];
}

/** Whether every request that the function answered, as the access log has it, has a record: finds what was cut off the end of a chain. */
export const checkAccess = async (
  lines: AsyncIterable<LogLine>,
  { from, to, recorded }: AccessCheckOptions,
): Promise<AccessReport> => {
  const problems: ChainProblem[] = [];
  let requests = 0;
  for await (const { ts, line } of lines) {
    const fields = fieldsOf(line);
    if (fields?.['type'] !== 'access') continue;
    const { requestId, method, route, integrationStatus, time } = fields as Record<string, unknown>;
    const asked = `${String(method)} ${String(route)}`;
    // Without a status the function did not answer: it was killed, or never asked.
    const wasAnswered = typeof integrationStatus === 'string' && /^\d{3}$/.test(integrationStatus);
    if (!auditedRoutes.has(asked) || !wasAnswered || typeof requestId !== 'string') continue;
    if (!(Number(time) >= from) || ts > to) continue;
    requests++;
    if (recorded.has(requestId)) continue;
    problems.push({
      kind: 'missing',
      chain: null,
      seq: null,
      requestId,
      ts: new Date(ts).toISOString(),
      where: `the access log has ${asked}, answered ${integrationStatus}, and there is no record of it`,
    });
  }
  return { requests, problems };
};
