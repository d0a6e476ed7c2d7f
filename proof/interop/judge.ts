import assert from 'node:assert/strict';
import type { Row } from '../support/result.ts';
import type { AuditedCall } from './audit-tape.ts';
import { within } from './program.ts';
import type { InteropClient } from './roster.ts';
import { errand, type Seen } from './seen.ts';
import type { Access, Lane, Stage } from './stage.ts';

export const columns = [
  ...['client', 'version', 'lane', 'protocol'],
  ...['tools', 'prompts', 'resources', 'outcome'],
];

export const laneNames: Readonly<Record<Lane, string>> = {
  key: 'API key',
  oauth: 'OAuth',
  iam: 'SigV4',
};

/** As the audit names them (`src/principals/principal.ts`). */
const auditLane: Readonly<Record<Lane, string>> = { key: 'key', oauth: 'jwt', iam: 'iam' };

const modernRevision = '2026-07-28';

/** The sandboxed server's, behind its prefix, and our own. */
const expected = {
  tools: [
    ...[
      ...['echo', 'get-annotated-message', 'get-env', 'get-resource-links'],
      ...['get-resource-reference', 'get-structured-content', 'get-sum', 'get-tiny-image'],
      ...['gzip-file-as-resource', 'simulate-research-query', 'toggle-simulated-logging'],
      ...['toggle-subscriber-updates', 'trigger-elicitation-request'],
      'trigger-long-running-operation',
    ].map((name) => `everything_${name}`),
    ...['fetch', 'search'],
  ],
  prompts: ['args', 'completable', 'resource', 'simple'].map((name) => `everything_${name}-prompt`),
  resources: [
    ...['architecture', 'extension', 'features', 'how-it-works'],
    ...['instructions', 'startup', 'structure'],
  ].map((name) => `demo://resource/static/document/${name}.md`),
} as const;

const sorted = (names: readonly string[]): readonly string[] => names.toSorted();

const check = (client: InteropClient, seen: Seen): void => {
  assert.deepEqual(sorted(seen.tools), expected.tools);
  const { results } = JSON.parse(seen.search) as { results: { id: string; title: string }[] };
  assert.equal(results[0]?.id, 'plans-and-limits.md');
  assert.equal(results[0].title, 'Usage plans and limits');
  assert.equal(seen.echo, `Echo: ${errand.echo.arguments.message}`);
  const has = (api: 'prompts' | 'resources') => !(client.lacks?.includes(api) ?? false);
  assert.equal(seen.prompts !== undefined, has('prompts'), 'prompts');
  assert.equal(seen.resources !== undefined, has('resources'), 'resources');
  if (seen.prompts !== undefined) {
    assert.deepEqual(sorted(seen.prompts.names), expected.prompts);
    assert.equal(seen.prompts.text, 'This is a simple prompt without arguments.');
  }
  if (seen.resources !== undefined) {
    assert.deepEqual(sorted(seen.resources.names), expected.resources);
    assert.match(seen.resources.text, /^# Everything Server – Architecture\n/u);
  }
};

/** The gate's own word: that it came by this lane, in the era that the client claims, and that every call was answered. */
const checkAudit = async (
  { tape }: Stage,
  since: number,
  access: Access,
  era: InteropClient['era'],
): Promise<void> => {
  const isTheirs = ({ lane, keyId }: AuditedCall) =>
    lane === auditLane[access.lane] && (access.lane !== 'key' || keyId === access.keyId);
  const calls = await tape.callsOf(since, [errand.search.name, errand.echo.name], isTheirs);
  for (const call of calls) {
    assert.deepEqual([call.era, call.outcome], [era, 'ok'], JSON.stringify(call));
  }
};

const counted = (list: { readonly names: readonly string[] } | undefined, what: string): string =>
  list === undefined ? '–' : `${list.names.length}, 1 ${what}`;

const protocolOf = ({ era }: InteropClient, { protocolVersion }: Seen): string => {
  const version = protocolVersion ?? (era === 'modern' ? modernRevision : undefined);
  if (version === undefined) return 'not told: legacy';
  assert.equal(version === modernRevision, era === 'modern', `it speaks ${version}`);
  return version;
};

/** With its causes: that a fetch failed says nothing. */
const whyOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${whyOf(error.cause)}`;
};

/** Plays the client on the lane. Never throws: what went wrong is in the row. */
export const judge = async (stage: Stage, client: InteropClient, lane: Lane): Promise<Row> => {
  const run = client.lanes[lane];
  const head = [client.name, client.version(), laneNames[lane]];
  if ('because' in run) {
    return { cells: [...head, '–', '–', '–', '–', `not possible: ${run.because}`], ok: true };
  }
  try {
    const access = await stage.access(lane);
    const since = stage.tape.length;
    const play = run as (stage: Stage, access: Access) => Promise<Seen>;
    const seen = await within(play(stage, access), client.deadlineMs);
    check(client, seen);
    await checkAudit(stage, since, access, client.era);
    return {
      cells: [
        ...head,
        protocolOf(client, seen),
        `${seen.tools.length}, 2 called`,
        counted(seen.prompts, 'got'),
        counted(seen.resources, 'read'),
        'ok',
      ],
      ok: true,
    };
  } catch (error) {
    const why = whyOf(error);
    return { cells: [...head, '–', '–', '–', '–', 'FAILED'], ok: false, why };
  }
};
