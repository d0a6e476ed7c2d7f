import type { UsagePlanDirectory } from './ports.ts';

export interface TenantKey {
  readonly tenant: string;
  readonly value: string;
  readonly plan?: string;
}

/** Usage plans in a map from API Gateway key id to key. */
export class InMemoryUsagePlans implements UsagePlanDirectory {
  readonly keys = new Map<string, TenantKey>();
  readonly #plans: readonly string[];
  #created = 0;

  constructor(plans: readonly string[]) {
    this.#plans = plans;
  }

  async planNames(): Promise<readonly string[]> {
    return this.#plans;
  }

  async createTenantKey({ tenant, value }: { readonly tenant: string; readonly value: string }) {
    this.#created += 1;
    const apiGatewayKeyId = `gateway-key-${this.#created}`;
    this.keys.set(apiGatewayKeyId, { tenant, value });
    return { apiGatewayKeyId };
  }

  async attach({
    apiGatewayKeyId,
    plan,
  }: {
    readonly apiGatewayKeyId: string;
    readonly plan: string;
  }) {
    const key = this.keys.get(apiGatewayKeyId);
    if (key === undefined) throw new Error(`there is no API Gateway key ${apiGatewayKeyId}`);
    if (!this.#plans.includes(plan)) throw new Error(`there is no plan "${plan}"`);
    this.keys.set(apiGatewayKeyId, { ...key, plan });
  }

  async remove({ apiGatewayKeyId }: { readonly apiGatewayKeyId: string }) {
    this.keys.delete(apiGatewayKeyId);
  }
}
