import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { auditVerify } from '../../../cli/commands/audit.ts';
import { createTenant } from '../../../src/admin/create-tenant.ts';
import { createKey } from '../../../src/admin/keys.ts';
import { addPrincipal } from '../../../src/admin/principals.ts';
import { keysOf } from '../../../src/admin/tenants.ts';
import { Tally, type ChaosEntry } from '../entry.ts';
import { loadUntilKilled, search, tenant, type Seen } from '../kill-load.ts';
import { bearerLane } from '../lanes.ts';
import { startTwinProcess, type TwinProcess } from '../twin-process.ts';

export interface KillGround {
  readonly cdkOut: string;
  readonly rounds: number;
}

const recoveryMs = 30_000;
const otherTenants = ['first', 'second'];

const setUp = async (twin: TwinProcess): Promise<string[]> => {
  const { admin, ciRole } = twin;
  for (const name of [tenant, ...otherTenants]) {
    await createTenant(admin, { tenant: name, plan: 'premium' });
  }
  await addPrincipal(admin, { arn: ciRole.roleArn, tenant });
  const keys = [];
  for (const name of ['one', 'two']) keys.push((await createKey(admin, { tenant, name })).key);
  return keys;
};

/** Every line that any function logged, whichever file it is in by now. */
const loggedIn = (stateDirectory: string): string => {
  const logs = join(stateDirectory, 'logs');
  return readdirSync(logs)
    .filter((name) => !name.includes('.index'))
    .map((name) => readFileSync(join(logs, name), 'utf8'))
    .join('\n');
};

const auditedIn = (logged: string): ReadonlySet<string> =>
  new Set(
    logged
      .split('\n')
      .filter((line) => line.startsWith('{"type":"audit",'))
      .map((line) => (JSON.parse(line) as { requestId: string }).requestId),
  );

interface Totals {
  granted: number;
  underWay: number;
  answered: string[];
}

/** Units that were counted, and those that were seen to be granted. */
const checkUnits = async (twin: TwinProcess, totals: Totals, tally: Tally): Promise<void> => {
  const days = await twin.admin.usage.days(tenant);
  const counted = days.reduce((sum, { units }) => sum + units, 0);
  const { granted, underWay } = totals;
  if (counted < granted || counted - granted > underWay) {
    tally.problem(`${granted} units granted, ${counted} counted, ${underWay} calls under way`);
  }
  const calls = `${underWay} calls were under way at its kills`;
  tally.note(`${granted} units were seen to be granted, ${counted} are counted, and ${calls}.`);
};

const checkAudit = async (
  twin: TwinProcess,
  stateDirectory: string,
  totals: Totals,
  tally: Tally,
): Promise<void> => {
  const audited = auditedIn(loggedIn(stateDirectory));
  const missing = totals.answered.filter((requestId) => !audited.has(requestId));
  if (missing.length > 0) {
    tally.problem(`${missing.length} of ${totals.answered.length} answered calls have no record`);
  }
  const clock = (): number => Date.now() + 120_000;
  const { problems } = await auditVerify(
    { ...twin.admin, clock },
    { from: (now) => now - 3_600_000, access: true },
  );
  for (const { kind, where } of problems) tally.problem(`audit verify: ${kind} ${where}`);
};

const checkRegistry = async (
  twin: TwinProcess,
  keys: readonly string[],
  tally: Tally,
): Promise<void> => {
  for (const name of [tenant, ...otherTenants]) {
    const found = await twin.admin.registry.getTenant(name);
    if (found?.status !== 'active') tally.problem(`the tenant ${name} is lost`);
  }
  const ids = (await keysOf(twin.admin, tenant)).map(({ keyId }) => keyId);
  if (new Set(ids).size !== ids.length) tally.problem('a key is there twice');
  const lost = keys.filter((key) => !ids.some((id) => key.includes(id)));
  if (lost.length > 0) tally.problem(`${lost.length} of ${keys.length} keys are lost`);
};

const addTo = (totals: Totals, { ended, underWay }: Seen): void => {
  totals.granted += ended.filter(({ kind }) => kind === 'result').length;
  totals.underWay += underWay;
  totals.answered.push(...ended.flatMap(({ requestId }) => requestId ?? []));
};

export const killEntry: ChaosEntry<KillGround> = {
  id: 'kill-twin',
  fault: 'the twin, SIGKILL under load of all lanes, started again over the same state',
  promise:
    'granted ≤ counted ≤ granted + calls under way; no key, tenant or audit record of an answered call lost or twice; every call ends',
  run: async ({ cdkOut, rounds }, form) => {
    const tally = new Tally();
    const stateDirectory = mkdtempSync(join(tmpdir(), 'drawbridge-killed-'));
    const totals: Totals = { granted: 0, underWay: 0, answered: [] };
    let twin = await startTwinProcess(cdkOut, stateDirectory);
    try {
      const keys = await setUp(twin);
      for (let round = 0; round < rounds; round += 1) {
        // Not always at the same moment of a sandbox's life.
        const answers = (form === 'short' ? 25 : 40) + 7 * (round % 5);
        const seen = await loadUntilKilled(twin, keys, answers);
        addTo(totals, seen);
        keys.push(...seen.keys);
        for (const ended of seen.ended) tally.take(`round ${round}`, ended);
        twin = await startTwinProcess(cdkOut, stateDirectory);
        await checkRegistry(twin, keys, tally);
        await checkUnits(twin, totals, tally);
        await checkAudit(twin, stateDirectory, totals, tally);
        // The newest key is served, too.
        const newest = keys.at(-1) ?? '';
        const before = totals.granted;
        await tally.recover(
          `round ${round}`,
          async () => {
            const ended = await search(bearerLane(twin.mcpUrl, () => newest));
            addTo(totals, { ended: [ended], underWay: 0, keys: [] });
            return ended;
          },
          recoveryMs,
        );
        if (totals.granted !== before + 1) tally.problem(`round ${round}: not served again`);
      }
      if (twin.problems.length > 0) tally.problem(`the twin: ${twin.problems.join('; ')}`);
    } finally {
      await twin.stop();
      rmSync(stateDirectory, { recursive: true, force: true });
    }
    return tally.observed();
  },
};
