import { randomBytes } from 'node:crypto';
import * as z from 'zod';
import { JsonFile } from '../state/json-file.ts';
import { ApiKeyError, type ApiKey, type ApiKeyService, type UsagePlan } from './api-key-service.ts';
import { dayNumber, parseDay, quotaWindow } from './quota-period.ts';
import type { UsageLedger } from './usage-ledger.ts';

const apiKeyRecord = z.object({
  id: z.string(),
  name: z.string(),
  value: z.string(),
  enabled: z.boolean(),
  description: z.string().optional(),
  createdDate: z.number(),
  lastUpdatedDate: z.number(),
  tags: z.record(z.string(), z.string()),
});

const keyState = z.object({
  keys: z.array(apiKeyRecord),
  memberships: z.array(z.object({ planId: z.string(), keyId: z.string() })),
});
type KeyState = z.infer<typeof keyState>;

/** "Create and use usage plans with API keys": a value has 20 to 128 characters; a key is in at most 10 plans. */
const MIN_VALUE = 20;
const MAX_VALUE = 128;
const MAX_PLANS_PER_KEY = 10;
const MAX_PAGE = 500;
const DEFAULT_PAGE = 25;
const ALPHANUMERIC = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

const randomText = (length: number, alphabet: string): string =>
  Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');

const toApiKey = ({ description, ...key }: z.infer<typeof apiKeyRecord>): ApiKey => ({
  ...key,
  ...(description !== undefined && { description }),
});

const notFound = (what: string): ApiKeyError =>
  new ApiKeyError('NotFoundException', `Invalid ${what} identifier specified`);

export interface ApiKeysOptions {
  readonly path: string;
  readonly plans: readonly UsagePlan[];
  readonly ledger: UsageLedger;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/** API keys and their plans, on disk before each call returns, with lookups by value for the data plane. */
export class ApiKeys implements ApiKeyService {
  readonly #file: JsonFile<typeof keyState>;
  readonly #plans: ReadonlyMap<string, UsagePlan>;
  readonly #ledger: UsageLedger;
  readonly #now: () => number;
  readonly #byId = new Map<string, ApiKey>();
  readonly #byValue = new Map<string, ApiKey>();
  readonly #planIds = new Map<string, Set<string>>();

  constructor(options: ApiKeysOptions) {
    this.#file = new JsonFile(options.path, keyState, { keys: [], memberships: [] });
    this.#plans = new Map(options.plans.map((plan) => [plan.id, plan]));
    this.#ledger = options.ledger;
    this.#now = options.now;
    this.#index(this.#file.value);
  }

  createApiKey(input: Parameters<ApiKeyService['createApiKey']>[0]): ApiKey {
    const value = input.value ?? randomText(40, ALPHANUMERIC);
    if (value.length < MIN_VALUE || value.length > MAX_VALUE) {
      throw new ApiKeyError(
        'BadRequestException',
        `API Key value should be at least ${MIN_VALUE} characters and at most ${MAX_VALUE}`,
      );
    }
    if (this.#byValue.has(value)) {
      throw new ApiKeyError('ConflictException', 'API Key already exists');
    }
    const now = Math.floor(this.#now() / 1000);
    const key: ApiKey = {
      id: randomText(10, 'abcdefghijklmnopqrstuvwxyz0123456789'),
      name: input.name,
      value,
      enabled: input.enabled,
      createdDate: now,
      lastUpdatedDate: now,
      tags: { ...input.tags },
      ...(input.description !== undefined && { description: input.description }),
    };
    this.#save((state) => ({ ...state, keys: [...state.keys, { ...key, tags: { ...key.tags } }] }));
    return key;
  }

  getApiKey(id: string): ApiKey {
    const key = this.#byId.get(id);
    if (!key) throw notFound('API Key');
    return key;
  }

  getApiKeys(query: Parameters<ApiKeyService['getApiKeys']>[0]): {
    readonly items: readonly ApiKey[];
    readonly position?: string;
  } {
    const limit = query.limit ?? DEFAULT_PAGE;
    if (!Number.isInteger(limit) || limit < 1 || limit > MAX_PAGE) {
      throw new ApiKeyError('BadRequestException', `limit must be between 1 and ${MAX_PAGE}`);
    }
    const named = [...this.#byId.values()]
      .filter((key) => query.nameQuery === undefined || key.name.startsWith(query.nameQuery))
      .sort((a, b) => (a.id < b.id ? -1 : 1));
    const after = query.position;
    const rest = after === undefined ? named : named.filter((key) => key.id > after);
    const items = rest.slice(0, limit);
    const last = items.at(-1);
    return { items, ...(last && rest.length > limit && { position: last.id }) };
  }

  updateApiKey(id: string, changes: Parameters<ApiKeyService['updateApiKey']>[1]): ApiKey {
    const changed: ApiKey = {
      ...this.getApiKey(id),
      ...changes,
      lastUpdatedDate: Math.floor(this.#now() / 1000),
    };
    this.#save((state) => ({
      ...state,
      keys: state.keys.map((key) => (key.id === id ? { ...changed, tags: key.tags } : key)),
    }));
    return changed;
  }

  deleteApiKey(id: string): void {
    this.getApiKey(id);
    this.#save((state) => ({
      keys: state.keys.filter((key) => key.id !== id),
      memberships: state.memberships.filter((membership) => membership.keyId !== id),
    }));
    this.#ledger.drop(id);
  }

  getUsagePlans(): readonly UsagePlan[] {
    return [...this.#plans.values()];
  }

  getUsagePlan(id: string): UsagePlan {
    const plan = this.#plans.get(id);
    if (!plan) throw notFound('Usage Plan');
    return plan;
  }

  createUsagePlanKey(planId: string, keyId: string): ApiKey {
    const plan = this.getUsagePlan(planId);
    const key = this.getApiKey(keyId);
    const planIds = this.#planIds.get(keyId) ?? new Set();
    for (const other of planIds) {
      const taken = plan.apiStages.find((stage) => this.#covers(other, stage));
      if (other === planId || taken) {
        throw new ApiKeyError(
          'ConflictException',
          `Usage Plan ${planId} cannot be added because API Key ${keyId} already has usage plan ${other}${taken ? ` for stage ${taken.apiId}:${taken.stage}` : ''}`,
        );
      }
    }
    if (planIds.size >= MAX_PLANS_PER_KEY) {
      throw new ApiKeyError(
        'BadRequestException',
        `An API key is in at most ${MAX_PLANS_PER_KEY} usage plans`,
      );
    }
    this.#save((state) => ({ ...state, memberships: [...state.memberships, { planId, keyId }] }));
    return key;
  }

  deleteUsagePlanKey(planId: string, keyId: string): void {
    this.getUsagePlan(planId);
    if (!this.#planIds.get(keyId)?.has(planId)) throw notFound('Usage Plan Key');
    this.#save((state) => ({
      ...state,
      memberships: state.memberships.filter(
        (membership) => membership.planId !== planId || membership.keyId !== keyId,
      ),
    }));
    this.#ledger.drop(keyId, planId);
  }

  getUsagePlanKeys(planId: string): readonly ApiKey[] {
    this.getUsagePlan(planId);
    return [...this.#byId.values()].filter((key) => this.#planIds.get(key.id)?.has(planId));
  }

  /** `remaining` is what was left of the quota at the end of that day; 0 for a plan without a quota. */
  getUsage(
    planId: string,
    startDate: string,
    endDate: string,
    keyId?: string,
  ): Readonly<Record<string, readonly (readonly [number, number])[]>> {
    const plan = this.getUsagePlan(planId);
    const first = parseDay(startDate);
    const last = parseDay(endDate);
    if (first === undefined || last === undefined || last < first) {
      throw new ApiKeyError('BadRequestException', 'Usage start and end date must be YYYY-MM-DD');
    }
    const days = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    return Object.fromEntries(
      this.getUsagePlanKeys(planId)
        .filter((key) => keyId === undefined || key.id === keyId)
        .map((key) => [key.id, days.map((day) => this.#usageOn(plan, key.id, day))]),
    );
  }

  /** The key with this value and its plan for this API stage, for the data plane. */
  resolve(
    value: string,
    api: { readonly apiId: string; readonly stage: string },
  ): { readonly key: ApiKey; readonly plan: UsagePlan } | undefined {
    const key = this.#byValue.get(value);
    if (!key) return undefined;
    for (const planId of this.#planIds.get(key.id) ?? []) {
      const plan = this.#plans.get(planId);
      if (plan && this.#covers(planId, api)) return { key, plan };
    }
    return undefined;
  }

  #covers(planId: string, api: { readonly apiId: string; readonly stage: string }): boolean {
    const stages = this.#plans.get(planId)?.apiStages ?? [];
    return stages.some((stage) => stage.apiId === api.apiId && stage.stage === api.stage);
  }

  #usageOn(plan: UsagePlan, keyId: string, day: number): readonly [number, number] {
    const account = this.#ledger.account(plan.id, keyId);
    const used = account.sum(day, day);
    if (!plan.quota || day > dayNumber(this.#now())) return [used, plan.quota?.limit ?? 0];
    const { first } = quotaWindow(plan.quota.period, plan.quota.offset, day);
    return [used, Math.max(0, plan.quota.limit - account.sum(first, day))];
  }

  #save(change: (state: KeyState) => KeyState): void {
    const state = change(this.#file.value);
    this.#file.save(state);
    this.#index(state);
  }

  #index(state: KeyState): void {
    this.#byId.clear();
    this.#byValue.clear();
    this.#planIds.clear();
    for (const record of state.keys) {
      const key = toApiKey(record);
      this.#byId.set(key.id, key);
      this.#byValue.set(key.value, key);
    }
    for (const { planId, keyId } of state.memberships) {
      const planIds = this.#planIds.get(keyId) ?? new Set();
      this.#planIds.set(keyId, planIds.add(planId));
    }
  }
}
