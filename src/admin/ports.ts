import type { Clock } from '../clock/clock.ts';
import type { Pepper } from '../credentials/pepper.ts';
import type { Registry } from '../registry/registry.ts';

/** API Gateway's usage plans, by the names that the deployment gives them. */
export interface UsagePlanDirectory {
  planNames(): Promise<readonly string[]>;
  /** Creates the tenant's API Gateway key, enabled and in no plan yet. `value`: 20 to 128 characters. */
  createTenantKey(input: {
    readonly tenant: string;
    readonly value: string;
  }): Promise<{ readonly apiGatewayKeyId: string }>;
  /** Puts a key into a plan. */
  attach(input: { readonly apiGatewayKeyId: string; readonly plan: string }): Promise<void>;
  /** Deletes a key, out of its plan too. */
  remove(input: { readonly apiGatewayKeyId: string }): Promise<void>;
}

export interface PepperReader {
  read(): Promise<Pepper>;
}

export interface AdminPorts {
  readonly registry: Registry;
  readonly usagePlans: UsagePlanDirectory;
  readonly peppers: PepperReader;
  readonly clock: Clock;
}
