import { createKey } from '../../../src/admin/keys.ts';
import { tenant, type ChaosRig } from '../chaos-rig.ts';
import type { Ended } from '../client-call.ts';
import { Tally, type ChaosEntry } from '../entry.ts';
import { faultKinds, faultTexts, type FaultKind } from '../fault-proxy.ts';
import { bearerLane, type Send } from '../lanes.ts';

const recoveryMs = 20_000;

/** What is only slow has its result; everything else is a 503. */
const take = (tally: Tally, kind: FaultKind, what: string, ended: Ended): void => {
  if (kind === 'slow') tally.take(what, ended, 'result');
  else tally.takeRefused(what, ended, 503);
};

const unitsOf = async ({ admin }: ChaosRig): Promise<number> =>
  (await admin.usage.days(tenant)).reduce((sum, { units }) => sum + units, 0);

/** Whether the fault was met at all. */
const assertHit = (tally: Tally, kind: FaultKind, hits: number): void => {
  if (kind !== 'refusing' && hits === 0) tally.problem('no request met the fault');
};

const recoverAll = async (rig: ChaosRig, tally: Tally): Promise<void> => {
  for (const [name, lane] of Object.entries(rig.lanes)) {
    await tally.recover(name, () => rig.search(lane), recoveryMs);
  }
};

const dynamodb = (kind: FaultKind): ChaosEntry<ChaosRig> => ({
  id: `dynamodb-${kind}`,
  fault: `DynamoDB: ${faultTexts[kind]}`,
  promise:
    kind === 'slow'
      ? 'every call has its result'
      : 'nobody is let in and nothing is granted: 503 to all lanes; no granted unit is uncounted',
  run: async (rig, form) => {
    const tally = new Tally();
    const proxy = rig.proxies.dynamodb;
    // Nothing of this one is cached.
    const { key } = await createKey(rig.admin, { tenant, name: kind });
    const lanes: Readonly<Record<string, Send>> = {
      ...rig.lanes,
      'a new key': bearerLane(rig.mcpUrl, () => key),
    };
    await recoverAll(rig, new Tally());
    const before = await unitsOf(rig);
    let granted = 0;
    await proxy.break(kind);
    for (let round = form === 'short' ? 1 : 3; round > 0; round -= 1) {
      await Promise.all(
        Object.entries(lanes).map(async ([name, lane]) => {
          const ended = await rig.search(lane);
          if (ended.kind === 'result') granted += 1;
          take(tally, kind, name, ended);
        }),
      );
    }
    assertHit(tally, kind, proxy.hits());
    await proxy.mend();
    await recoverAll(rig, tally);
    granted += Object.keys(rig.lanes).length;
    const counted = (await unitsOf(rig)) - before;
    if (counted < granted) tally.problem(`${granted} granted, and ${counted} counted`);
    return tally.observed();
  },
});

const secrets = (kind: FaultKind): ChaosEntry<ChaosRig> => ({
  id: `secrets-${kind}`,
  fault: `Secrets Manager, with functions that start: ${faultTexts[kind]}`,
  promise:
    kind === 'slow'
      ? 'every call has its result'
      : 'no key is taken that cannot be checked, no call runs that cannot be audited: 503',
  run: async (rig) => {
    const tally = new Tally();
    const proxy = rig.proxies.secrets;
    await recoverAll(rig, new Tally());
    await rig.killFunctions('McpFunction');
    await proxy.break(kind);
    take(tally, kind, 'to a cold mcp function', await rig.search(rig.lanes.signed));
    await rig.killFunctions('AuthorizerFunction');
    // Not the key that the answer of a moment ago is cached for.
    const { key } = await createKey(rig.admin, { tenant, name: kind });
    const fresh = bearerLane(rig.mcpUrl, () => key);
    take(tally, kind, 'to a cold authorizer', await rig.search(fresh));
    assertHit(tally, kind, proxy.hits());
    await proxy.mend();
    await recoverAll(rig, tally);
    return tally.observed();
  },
});

const jwks = (kind: FaultKind): ChaosEntry<ChaosRig> => ({
  id: `jwks-${kind}`,
  fault: `JWKS: ${faultTexts[kind]}`,
  promise:
    kind === 'slow'
      ? 'every call has its result'
      : 'keys that are held go on serving; a new authorizer answers 503 to tokens, and API keys are served',
  run: async (rig, form) => {
    const tally = new Tally();
    const proxy = rig.proxies.jwks;
    await recoverAll(rig, new Tally());
    await proxy.break(kind);
    tally.take('a token, with keys held', await rig.search(rig.lanes.token), 'result');
    await rig.killFunctions('AuthorizerFunction');
    take(tally, kind, 'a token, with no keys', await rig.search(rig.lanes.token));
    tally.take('an API key', await rig.search(rig.lanes.otherKey), 'result');
    assertHit(tally, kind, proxy.hits());
    await proxy.mend();
    // Keys that could not be read are asked for again after ten seconds, or by a new authorizer.
    if (form === 'short') await rig.killFunctions('AuthorizerFunction');
    await recoverAll(rig, tally);
    return tally.observed();
  },
});

export const awsEntries: readonly ChaosEntry<ChaosRig>[] = [
  ...faultKinds.map(dynamodb),
  ...faultKinds.map(secrets),
  ...faultKinds.map(jwks),
];
