import { problemOf, shakeHands } from '../handshake/handshake.ts';
import { keyedMcp } from './http-exchange.ts';
import { manualChecks } from './manual-checks.ts';
import { probes, type Target } from './probes.ts';

export interface SmokeOutcome {
  readonly check: string;
  /** `skipped`: it does not apply here; `manual`: somebody has to look. */
  readonly result: 'ok' | 'failed' | 'skipped' | 'manual';
  readonly detail: string;
}

/**
 * Does what the handshake of a deployment does, through the public URL and with a real key, and asks for what can be seen
 * from outside. One request after the other; never throws for what the deployment answers.
 */
export const runSmoke = async (target: Target): Promise<readonly SmokeOutcome[]> => {
  const outcomes: SmokeOutcome[] = [];
  const shaken = await shakeHands(keyedMcp(target.exchange, target.key));
  for (const { check, problem, detail } of shaken) {
    outcomes.push(
      problem === undefined
        ? { check, result: 'ok', detail }
        : { check, result: 'failed', detail: problem },
    );
  }
  for (const { check, look } of probes) {
    try {
      const seen = await look(target);
      outcomes.push(
        typeof seen === 'string'
          ? { check, result: 'ok', detail: seen }
          : { check, result: 'skipped', detail: seen.skipped },
      );
    } catch (error) {
      outcomes.push({ check, result: 'failed', detail: problemOf(error) });
    }
  }
  return [
    ...outcomes,
    ...manualChecks.map(({ check, todo }) => ({ check, result: 'manual' as const, detail: todo })),
  ];
};
