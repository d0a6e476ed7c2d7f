/** API keys and usage plans as API Gateway's control plane shows them. Times are Unix seconds. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly value: string;
  readonly enabled: boolean;
  readonly description?: string;
  readonly createdDate: number;
  readonly lastUpdatedDate: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** AWS::ApiGateway::UsagePlan, resolved from the template. `quota.limit` is requests per period. */
export interface UsagePlan {
  readonly id: string;
  readonly name: string;
  readonly throttle?: { readonly rateLimit: number; readonly burstLimit: number };
  readonly quota?: {
    readonly limit: number;
    readonly offset: number;
    readonly period: 'DAY' | 'WEEK' | 'MONTH';
  };
  readonly apiStages: readonly { readonly apiId: string; readonly stage: string }[];
}

/** Errors carry the name that the control plane's wire uses in `x-amzn-ErrorType`. */
export type ApiKeyErrorName = 'NotFoundException' | 'ConflictException' | 'BadRequestException';

export class ApiKeyError extends Error {
  override readonly name: ApiKeyErrorName;
  constructor(name: ApiKeyErrorName, message: string) {
    super(message);
    this.name = name;
  }
}

/** The operations of the API Gateway control plane that Drawbridge uses. State survives a restart of the twin. */
export interface ApiKeyService {
  createApiKey(input: {
    readonly name: string;
    readonly value?: string;
    readonly enabled: boolean;
    readonly description?: string;
    readonly tags?: Readonly<Record<string, string>>;
  }): ApiKey;
  getApiKey(id: string): ApiKey;
  /** `position` is an opaque cursor; `limit` 1 to 500, 25 when not given. */
  getApiKeys(query: {
    readonly nameQuery?: string;
    readonly position?: string;
    readonly limit?: number;
  }): { readonly items: readonly ApiKey[]; readonly position?: string };
  updateApiKey(
    id: string,
    changes: { readonly enabled?: boolean; readonly name?: string; readonly description?: string },
  ): ApiKey;
  deleteApiKey(id: string): void;
  getUsagePlans(): readonly UsagePlan[];
  getUsagePlan(id: string): UsagePlan;
  /** @throws ApiKeyError ConflictException when the key already has a plan for one of the plan's stages. */
  createUsagePlanKey(planId: string, keyId: string): ApiKey;
  deleteUsagePlanKey(planId: string, keyId: string): void;
  getUsagePlanKeys(planId: string): readonly ApiKey[];
  /** Used and remaining per day, as GetUsage answers: `items[keyId] = [[used, remaining], …]`. Dates are YYYY-MM-DD. */
  getUsage(
    planId: string,
    startDate: string,
    endDate: string,
    keyId?: string,
  ): Readonly<Record<string, readonly (readonly [number, number])[]>>;
}

/** What the data plane asks before each request that needs a key. */
export type Admission =
  | { readonly kind: 'admitted'; readonly apiKeyId: string; readonly planId: string }
  | { readonly kind: 'invalid-key' }
  | { readonly kind: 'throttled' }
  | { readonly kind: 'quota-exceeded' };

export interface UsageMeter {
  /** Takes one request of the key with this value, on this API stage, off its plan's bucket and quota. */
  admit(apiKeyValue: string, api: { readonly apiId: string; readonly stage: string }): Admission;
}
