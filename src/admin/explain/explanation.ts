import { AdminError } from '../admin-error.ts';

/** The parts of the road of a call, in its order. */
export const stepNames = [
  'firewall',
  'authorizer',
  'usage-plan',
  'tool',
  'pin',
  'policy',
  'quota',
  'upstream',
] as const;
export type StepName = (typeof stepNames)[number];

export interface Verdict {
  readonly verdict: 'pass' | 'refuse' | 'not-known';
  /** Why, for people. Never a secret, an argument or what a server said. */
  readonly reason: string;
  /** What refuses, as the audit would name it. */
  readonly policyId?: string;
  /** What was taken for granted, or cannot be known. */
  readonly notes?: readonly string[];
}

export interface Step extends Verdict {
  readonly step: StepName;
}

export const pass = (reason: string, notes: readonly string[] = []): Verdict => ({
  verdict: 'pass',
  reason,
  ...(notes.length === 0 ? {} : { notes }),
});
export const refuse = (reason: string, policyId?: string): Verdict => ({
  verdict: 'refuse',
  reason,
  ...(policyId === undefined ? {} : { policyId }),
});
export const notKnown = (reason: string): Verdict => ({ verdict: 'not-known', reason });

/** What only operators may look at is `undefined` for a tenant's admin. */
export const ifAllowed = async <T>(ask: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof AdminError && error.code === 'FORBIDDEN') return undefined;
    throw error;
  }
};

export const forOperators = (what: string): Verdict =>
  notKnown(`${what} is for operators of the deployment to look at`);

export interface Explanation {
  /** The key's id, or the principal's ARN; null for a key that is none. */
  readonly caller: string | null;
  /** Whose call it would be; absent when the caller is nobody's. */
  readonly tenant?: string;
  readonly tool: string;
  /** `not-known`: nothing refuses it that could be looked at, and something that decides could not. */
  readonly outcome: 'served' | 'refused' | 'not-known';
  /** The first step that refuses, or else the first that would have to be known. */
  readonly decidedBy?: StepName;
  readonly steps: readonly Step[];
}

/** Whether these let a call through does not hang on traffic or on the moment: without them nothing is said. */
const deciding: ReadonlySet<StepName> = new Set(['authorizer', 'tool', 'pin', 'policy', 'quota']);

/** @param steps - in the order of the road. */
export const outcomeOf = (steps: readonly Step[]): Pick<Explanation, 'outcome' | 'decidedBy'> => {
  const refusing = steps.find(({ verdict }) => verdict === 'refuse');
  if (refusing !== undefined) return { outcome: 'refused', decidedBy: refusing.step };
  const unknown = steps.find(({ step, verdict }) => verdict === 'not-known' && deciding.has(step));
  return unknown === undefined
    ? { outcome: 'served' }
    : { outcome: 'not-known', decidedBy: unknown.step };
};
