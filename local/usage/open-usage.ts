import { join } from 'node:path';
import type { Deployment } from '../template/deployment.ts';
import type { ApiKeyService, UsageMeter } from './api-key-service.ts';
import { ApiKeys } from './api-keys.ts';
import { dayNumber } from './quota-period.ts';
import { UsageLedger } from './usage-ledger.ts';
import { PlanMeter } from './usage-meter.ts';
import { readUsagePlans } from './usage-plans.ts';

export interface Usage {
  readonly apiKeys: ApiKeyService;
  readonly meter: UsageMeter;
  /** Writes pending counts to disk. */
  close(): void;
}

/**
 * API keys and usage plans over `<stateDir>/api-keys.json` and `<stateDir>/usage.json`.
 * @throws Error naming the resource when a plan asks for what the twin does not implement.
 */
export const openUsage = (options: {
  readonly deployment: Deployment;
  readonly stateDir: string;
  /** Milliseconds since the epoch. @default Date.now */
  readonly clock?: () => number;
}): Usage => {
  const now = options.clock ?? Date.now;
  const plans = readUsagePlans(options.deployment);
  const ledger = new UsageLedger(join(options.stateDir, 'usage.json'), () => dayNumber(now()));
  const path = join(options.stateDir, 'api-keys.json');
  const apiKeys = new ApiKeys({ path, plans, ledger, now });
  return {
    apiKeys,
    meter: new PlanMeter(apiKeys, ledger, now),
    close: () => ledger.flush(),
  };
};
