/** Where the API runs: what ARNs, events and log lines say of it. */
export interface ApiIdentity {
  readonly accountId: string;
  readonly region: string;
  readonly apiId: string;
  readonly stage: string;
}

export interface Authorizer {
  readonly id: string;
  readonly displayName: string;
  readonly functionArn: string;
  /** 0 turns the cache off. */
  readonly resultTtlSeconds: number;
  readonly identitySources: readonly IdentitySource[];
}

/** `method.request.header.X`, `method.request.querystring.X`, `stageVariables.X` or `context.x`. */
export type IdentitySource =
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'querystring'; readonly name: string }
  | { readonly kind: 'stageVariable'; readonly name: string }
  | { readonly kind: 'context'; readonly name: string };

export interface LambdaIntegration {
  readonly kind: 'lambda';
  readonly functionArn: string;
  readonly transferMode: 'BUFFERED' | 'STREAM';
  readonly timeoutMs: number;
  /** Where the tenant of a function with tenant isolation is found; undefined where none is told. */
  readonly tenantFrom?: TenantSource;
}

/** A context variable that the template maps to `X-Amz-Tenant-Id` (AWS: "Invoking functions with tenant isolation"). */
export type TenantSource =
  { readonly kind: 'authorizer'; readonly key: string } | { readonly kind: 'userArn' };

export interface MockIntegration {
  readonly kind: 'mock';
  readonly passthrough: 'WHEN_NO_MATCH' | 'WHEN_NO_TEMPLATES' | 'NEVER';
  /** Status that each request template yields, by content type. */
  readonly statusByContentType: ReadonlyMap<string, number>;
  readonly responses: readonly MockResponse[];
}

export interface MockResponse {
  readonly statusCode: number;
  /** Matches the whole status that the request template gave; absent on the default response. */
  readonly selects?: RegExp;
  /** Header name to mapping expression. */
  readonly headers: Readonly<Record<string, string>>;
  readonly templates: Readonly<Record<string, string>>;
}

export type Authorization =
  | { readonly kind: 'none' }
  | { readonly kind: 'iam' }
  | { readonly kind: 'custom'; readonly authorizer: Authorizer };

/** One method of one resource of the API. */
export interface Method {
  readonly displayName: string;
  readonly httpMethod: string;
  readonly resourceId: string;
  /** As in the template: `/tools/{name}`. */
  readonly resourcePath: string;
  readonly authorization: Authorization;
  readonly apiKeyRequired: boolean;
  readonly integration: LambdaIntegration | MockIntegration;
  /** The stage's method throttle: requests per second, and at once. */
  readonly throttle: { readonly rate: number; readonly burst: number } | undefined;
}
