/** What the doctor finds: parts of a deployment that do not say the same. */
export type Drift = {
  /** The tenant that it is about, whether it is there or not. */
  readonly tenant: string;
} & (
  | { readonly kind: 'gateway-key-missing'; readonly apiGatewayKeyId: string }
  | { readonly kind: 'gateway-key-off'; readonly apiGatewayKeyId: string }
  /** Its value is not the one that the tenant's record has. */
  | { readonly kind: 'gateway-key-value'; readonly apiGatewayKeyId: string }
  | {
      readonly kind: 'gateway-key-plan';
      readonly apiGatewayKeyId: string;
      readonly plans: readonly string[];
      readonly wanted: string;
    }
  /** The record names a plan that the deployment does not have. */
  | { readonly kind: 'plan-unknown'; readonly plan: string }
  /** An API Gateway key that no tenant's record names. */
  | {
      readonly kind: 'gateway-key-orphan';
      readonly apiGatewayKeyId: string;
      readonly createdAt: number;
    }
  | { readonly kind: 'key-differs'; readonly keyId: string; readonly fields: readonly string[] }
  /** The version in force is not recorded: every call of the tenant fails. */
  | { readonly kind: 'policy-missing'; readonly version: number }
  | { readonly kind: 'standing-status' }
  | { readonly kind: 'standing-policies'; readonly found: number | null; readonly wanted: number }
  /** An IAM principal of a tenant that is not there. */
  | { readonly kind: 'principal-orphan'; readonly arn: string }
);

export type DriftKind = Drift['kind'];
export type DriftOf<K extends DriftKind> = Extract<Drift, { kind: K }>;

const texts: { readonly [K in DriftKind]: (drift: DriftOf<K>) => string } = {
  'gateway-key-missing': ({ apiGatewayKeyId }) =>
    `its API Gateway key ${apiGatewayKeyId} is not there`,
  'gateway-key-off': ({ apiGatewayKeyId }) => `its API Gateway key ${apiGatewayKeyId} is off`,
  'gateway-key-value': ({ apiGatewayKeyId }) =>
    `its API Gateway key ${apiGatewayKeyId} has another value than its record`,
  'gateway-key-plan': ({ apiGatewayKeyId, plans, wanted }) =>
    `its API Gateway key ${apiGatewayKeyId} is in ${plans.length === 0 ? 'no plan' : `plan ${plans.join(', ')}`}, not in ${wanted}`,
  'plan-unknown': ({ plan }) => `its plan "${plan}" is none of this deployment`,
  'gateway-key-orphan': ({ apiGatewayKeyId }) =>
    `API Gateway key ${apiGatewayKeyId} has its name, and no tenant’s record names that key`,
  'key-differs': ({ keyId, fields }) =>
    `key ${keyId} does not repeat the tenant’s ${fields.join(', ')}`,
  'policy-missing': ({ version }) =>
    `version ${version} of its policies is in force and is not recorded: its calls fail`,
  'standing-status': () => 'its counters and its record do not agree whether it is suspended',
  'standing-policies': ({ found, wanted }) =>
    `its counters have version ${found ?? 'none'} of its policies, its record ${wanted === 0 ? 'none' : wanted}`,
  'principal-orphan': ({ arn }) => `${arn} is a principal of this tenant, which is not there`,
};

/** The drift in words, without the tenant's name. */
export const driftText = <K extends DriftKind>(drift: DriftOf<K>): string =>
  texts[drift.kind](drift);
