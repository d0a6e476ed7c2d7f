import { isInNetworks } from '../../credentials/source-networks.ts';
import type { KeyRecord } from '../../registry/records.ts';
import type { AdminPorts } from '../ports.ts';
import { reporting } from '../upstream-failure.ts';
import type { Identified, KnownCaller } from './caller.ts';
import type { AskedCaller, Question } from './explain-input.ts';
import { pass, refuse, type Verdict } from './explanation.ts';

type Ports = Pick<AdminPorts, 'registry' | 'peppers' | 'clock'>;
type AskedKey = Extract<AskedCaller, { kind: 'key' }>;

/** What is wrong with the secret of a whole key. */
const secretProblem = async (
  { peppers }: Ports,
  { whole, of }: AskedKey,
  record: KeyRecord,
): Promise<string | undefined> => {
  if (whole === undefined) return undefined;
  const pepper = await reporting('read the pepper', () => peppers.read());
  if (!pepper.has(record.pepperVersion)) {
    return `it was hashed with version ${record.pepperVersion} of the pepper, which the secret does not hold any more`;
  }
  if (!pepper.matches(whole, record.hash, record.pepperVersion)) {
    return 'its secret is another one: the id is right, the rest is not';
  }
  return record.tenant === of ? undefined : 'it names another tenant than its record';
};

/** What is wrong with the record of a key whose secret is right. The order is the authorizer's (`verify-api-key.ts`). */
const recordProblem = (
  { status, revokedAt, replacedBy, suspended, expiresAt, cidrs }: KeyRecord,
  { ip }: Question,
  now: number,
): string | undefined => {
  if (status !== 'active') {
    const successor = replacedBy === undefined ? '' : `; ${replacedBy} replaces it`;
    return `it was revoked at ${revokedAt ?? 'an unknown time'}${successor}`;
  }
  if (suspended === true) return 'its tenant is suspended';
  if (expiresAt !== undefined && expiresAt * 1000 <= now) {
    return `it expired at ${new Date(expiresAt * 1000).toISOString()}`;
  }
  if (cidrs !== undefined && ip !== undefined && !isInNetworks(ip, cidrs)) {
    return `${ip} is in none of its networks, ${cidrs.join(', ')}`;
  }
  return undefined;
};

const notesOf = (
  { whole }: AskedKey,
  { cidrs }: KeyRecord,
  { ip }: Question,
): readonly string[] => [
  ...(whole === undefined
    ? ['only the id was given: that the caller has the right secret is taken for granted']
    : []),
  ...(cidrs !== undefined && ip === undefined
    ? [`it may be used from ${cidrs.join(', ')} only: give --ip to look at that`]
    : []),
];

const principalOf = (record: KeyRecord): KnownCaller['principal'] => ({
  tenant: record.tenant,
  subject: `key:${record.keyId}`,
  role: record.role,
  lane: 'key',
  plan: record.plan,
  keyId: record.keyId,
  ...(record.policyVersion === undefined ? {} : { policyVersion: record.policyVersion }),
});

/** How the authorizer would decide on a key. @throws AdminError UPSTREAM_*. */
export const keyStep = async (
  ports: Ports,
  asked: AskedKey,
  question: Question,
): Promise<Identified> => {
  const { registry, clock } = ports;
  const { keyId } = asked;
  const record = await reporting(`read key ${keyId}`, () => registry.getKey(keyId));
  if (record === undefined) return { verdict: refuse(`there is no key ${keyId}`) };
  const secret = await secretProblem(ports, asked, record);
  // Whoever has not the secret is not its owner: the rest of the road is not theirs to walk.
  if (secret !== undefined) return { verdict: refuse(`key ${keyId}: ${secret}`) };
  const tenant = await reporting(`read tenant "${record.tenant}"`, () =>
    registry.getTenant(record.tenant),
  );
  const problem = recordProblem(record, question, clock());
  const verdict: Verdict =
    problem === undefined
      ? pass(
          `key ${keyId} of tenant ${record.tenant}, role ${record.role}, plan ${record.plan}`,
          notesOf(asked, record, question),
        )
      : refuse(`key ${keyId}: ${problem}`);
  return { verdict, caller: { principal: principalOf(record), tenant } };
};
