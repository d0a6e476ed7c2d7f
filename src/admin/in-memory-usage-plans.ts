import type { TenantGatewayKey, UsagePlanDirectory } from './ports.ts';

export interface TenantKey {
  readonly tenant: string;
  readonly value: string;
  readonly plan?: string;
  /** @default true */
  readonly enabled?: boolean;
  /** Milliseconds since the Unix epoch. @default 0 */
  readonly createdAt?: number;
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
    // As API Gateway has it: one plan for each stage, and all of these are of one.
    if (key.plan !== undefined) throw new Error(`${apiGatewayKeyId} is in plan "${key.plan}"`);
    this.keys.set(apiGatewayKeyId, { ...key, plan });
  }

  async detach({
    apiGatewayKeyId,
    plan,
  }: {
    readonly apiGatewayKeyId: string;
    readonly plan: string;
  }) {
    const key = this.keys.get(apiGatewayKeyId);
    if (key?.plan !== plan) return;
    const { plan: _left, ...rest } = key;
    this.keys.set(apiGatewayKeyId, rest);
  }

  async planOf(apiGatewayKeyId: string): Promise<string | undefined> {
    return this.keys.get(apiGatewayKeyId)?.plan;
  }

  async listTenantKeys(): Promise<readonly TenantGatewayKey[]> {
    return [...this.keys].map(([apiGatewayKeyId, key]) => ({
      apiGatewayKeyId,
      tenant: key.tenant,
      value: key.value,
      enabled: key.enabled ?? true,
      plans: key.plan === undefined ? [] : [key.plan],
      createdAt: key.createdAt ?? 0,
    }));
  }

  async enable({ apiGatewayKeyId }: { readonly apiGatewayKeyId: string }) {
    const key = this.keys.get(apiGatewayKeyId);
    if (key === undefined) throw new Error(`there is no API Gateway key ${apiGatewayKeyId}`);
    this.keys.set(apiGatewayKeyId, { ...key, enabled: true });
  }

  async remove({ apiGatewayKeyId }: { readonly apiGatewayKeyId: string }) {
    this.keys.delete(apiGatewayKeyId);
  }
}
