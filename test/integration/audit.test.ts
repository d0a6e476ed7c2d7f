import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as audit from '../../cli/commands/audit.ts';
import { reportText } from '../../cli/audit-texts.ts';
import { parseMoment } from '../../cli/audit-times.ts';
import type { AuditReport } from '../../src/audit/audit-log.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let twin: RunningTwin;
let key: string;
const requestIds: string[] = [];

const send = async (body: object, headers = bearer(key)): Promise<string> => {
  const answer = await post(twin.mcpUrl, body, {
    accept: 'application/json, text/event-stream',
    ...headers,
  });
  return answer.headers.get('x-amzn-requestid') ?? '';
};

const verify = (now = Date.now() + 120_000): Promise<AuditReport> =>
  audit.auditVerify({ ...twin.admin, clock: () => now }, { from: parseMoment('1h'), access: true });

const logFile = (part: string): string => {
  const directory = join(twin.stateDirectory, 'logs');
  const name = readdirSync(directory).find((file) => file.includes(part) && file.endsWith('.log'));
  if (name === undefined) throw new Error(`no log of ${part}`);
  return join(directory, name);
};

/** Runs `check` while the audit log has other lines, and puts the old ones back. */
const withLines = async (
  change: (lines: readonly string[]) => readonly string[],
  check: (report: AuditReport, before: readonly string[]) => void,
): Promise<void> => {
  const file = logFile('McpFunction');
  const text = readFileSync(file, 'utf8');
  const lines = text.trimEnd().split('\n');
  writeFileSync(file, `${change(lines).join('\n')}\n`);
  try {
    check(await verify(), lines);
  } finally {
    writeFileSync(file, text);
  }
};

const ofRequest = (lines: readonly string[], id: string): number =>
  lines.findIndex((line) => line.includes(`"requestId":"${id}"`));

const seqOf = (line: string | undefined): number =>
  (JSON.parse(line ?? '{}') as { chain: { seq: number } }).chain.seq;

beforeAll(async () => {
  twin = await runTwin();
  key = await twin.keyOn('standard', 'audited');
  for (let n = 0; n < 8; n++) {
    requestIds.push(await send(callOf('search', { query: `audit ${n}` }, n)));
  }
  await send(callOf('no-such-tool', {}, 9));
  await send({ jsonrpc: '2.0', id: 10, method: 'tools/list' });
});
afterAll(() => twin[Symbol.asyncDispose]());

describe('the audit of a deployment', () => {
  it('has a record of each call, which an operator finds by tenant, tool and outcome', async () => {
    const query = (options: object) =>
      audit.auditQuery(twin.admin, { from: parseMoment('10m'), limit: 100, ...options });
    const calls = await query({ tenant: 'audited', tool: 'search' });
    expect(calls.map(({ requestId }) => requestId)).toEqual(requestIds);
    expect(await query({ tenant: 'audited' })).toHaveLength(10);
    expect(await query({ tenant: 'audited', outcome: 'rpc_error' })).toHaveLength(1);
    expect(await query({ tenant: 'nobody' })).toEqual([]);
    expect(await query({ tenant: 'audited', limit: 2 })).toMatchObject([
      { outcome: 'rpc_error' },
      { method: 'tools/list' },
    ]);
    const keyId = String(calls[0]?.['keyId']);
    expect(await query({ key: keyId })).toHaveLength(10);
  });

  it('can be followed while calls come in', async () => {
    const stop = new AbortController();
    const seen: unknown[] = [];
    const follow = audit.auditFollow(
      twin.admin,
      { tenant: 'audited', tool: 'search', since: parseMoment('0') },
      stop.signal,
      (record) => {
        seen.push(record['requestId']);
        if (seen.length === 2) stop.abort();
      },
    );
    const sent = [await send(callOf('search', { query: 'a' }))];
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    sent.push(await send(callOf('search', { query: 'b' })));
    await follow;
    expect(seen).toEqual(sent);
  });

  it('is whole: each line is in its chain, and each request of the access log has its record', async () => {
    const report = await verify();
    expect(report.problems).toEqual([]);
    expect(report.records).toBeGreaterThanOrEqual(12);
    expect(report.chains).toBeGreaterThanOrEqual(1);
    expect(report.requests).toBeGreaterThanOrEqual(12);
    expect(() => audit.assertVerified(report)).not.toThrow();
    expect(reportText(report)).toContain('No problem found.');
  });
});

describe('what somebody does to the log is found', () => {
  it('an edit, with the request that it hides', async () => {
    const id = requestIds[3]!;
    await withLines(
      (lines) =>
        lines.map((line) =>
          line.includes(id) ? line.replace('"tool":"search"', '"tool":"fetch"') : line,
        ),
      (report, before) => {
        const seq = seqOf(before[ofRequest(before, id)]);
        expect(report.problems).toMatchObject([{ kind: 'edited', seq, requestId: id }]);
        expect(() => audit.assertVerified(report)).toThrow('the audit has 1 problem');
        expect(reportText(report)).toMatch(new RegExp(`edited +\\S+ +${seq} +${id} `));
      },
    );
  });

  it('a line that was taken out, by its number and by the access log', async () => {
    const id = requestIds[4]!;
    await withLines(
      (lines) => lines.filter((line) => !line.includes(id)),
      (report, before) => {
        const seq = seqOf(before[ofRequest(before, id)]);
        expect(report.problems).toMatchObject([
          { kind: 'missing', seq },
          { kind: 'missing', chain: null, requestId: id },
        ]);
        expect(report.problems[1]?.where).toContain('POST /mcp');
      },
    );
  });

  it('two lines that changed places', async () => {
    await withLines(
      (lines) => {
        const [one, other] = [ofRequest(lines, requestIds[2]!), ofRequest(lines, requestIds[6]!)];
        return lines.with(one, lines[other]!).with(other, lines[one]!);
      },
      ({ problems }) => {
        expect(problems.map(({ kind, requestId }) => [kind, requestId]).toSorted()).toEqual(
          [requestIds[2], requestIds[6]].map((id) => ['reordered', id]).toSorted(),
        );
      },
    );
  });

  it('the end of a chain that was cut off, by the access log', async () => {
    const removed: string[] = [];
    await withLines(
      (lines) => {
        const from = ofRequest(lines, requestIds[6]!);
        for (const line of lines.slice(from)) {
          const { type, requestId } = JSON.parse(line) as { type?: string; requestId?: string };
          if (type === 'audit') removed.push(requestId ?? '');
        }
        return lines.slice(0, from);
      },
      ({ problems }) => {
        expect(removed.length).toBeGreaterThanOrEqual(6);
        expect(problems.map(({ kind, requestId }) => [kind, requestId])).toEqual(
          removed.map((id) => ['missing', id]),
        );
      },
    );
  });

  it('a whole log that is gone', async () => {
    await withLines(
      () => [],
      ({ problems, records }) => {
        expect(records).toBe(0);
        expect(problems.length).toBeGreaterThanOrEqual(12);
      },
    );
  });

  it('and nothing is wrong when it was put back', async () => {
    expect((await verify()).problems).toEqual([]);
  });
});

it('the twin’s own roles were refused nothing', () => {
  expect(twin.refusals).toEqual([]);
  expect(twin.problems).toEqual([]);
});
