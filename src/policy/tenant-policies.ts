import type { PolicyRecord } from '../registry/records.ts';
import type { CreateDecider } from './cedar-decider.ts';
import { DefaultDecider, defaultPolicies } from './default-policies.ts';
import type { CallDecision, PolicyCaller, PolicyDecider, PolicyTool } from './policy-decider.ts';

/** Where tenants' policies are read. A version is never changed. */
export interface PolicyReader {
  /** @throws Error when it cannot be known. */
  getPolicy(tenant: string, version: number): Promise<PolicyRecord | undefined>;
}

export interface TenantPoliciesOptions {
  /** The deployment's policies. */
  readonly base: string;
  readonly reader: PolicyReader;
  /** Called for the first caller that needs it, once unless it fails. */
  readonly loadCedar: () => Promise<CreateDecider>;
  /** Deciders that are kept. @default 50 */
  readonly most?: number;
}

/**
 * Decides by the deployment's policies and by those of the caller's tenant, in the version that the caller's principal
 * names. What cannot be read or does not compile decides nothing: the call fails, and the next one reads again.
 */
export class TenantPolicies implements PolicyDecider {
  readonly #options: TenantPoliciesOptions;
  readonly #most: number;
  /** By tenant and version, in the order of use; of the deployment alone under the empty key. */
  readonly #deciders = new Map<string, Promise<PolicyDecider>>();
  #cedar: Promise<CreateDecider> | undefined;

  constructor(options: TenantPoliciesOptions) {
    this.#options = options;
    this.#most = options.most ?? 50;
  }

  async listable(
    caller: PolicyCaller,
    tools: readonly PolicyTool[],
  ): Promise<ReadonlySet<PolicyTool>> {
    return (await this.#deciderFor(caller)).listable(caller, tools);
  }

  async decide(caller: PolicyCaller, tool: PolicyTool, args: unknown): Promise<CallDecision> {
    return (await this.#deciderFor(caller)).decide(caller, tool, args);
  }

  #deciderFor({ principal: { tenant, policyVersion } }: PolicyCaller): Promise<PolicyDecider> {
    const key = policyVersion === undefined ? '' : `${tenant}#${policyVersion}`;
    const known =
      this.#deciders.get(key) ??
      (policyVersion === undefined ? this.#decider() : this.#tenantDecider(tenant, policyVersion));
    this.#deciders.delete(key);
    this.#deciders.set(key, known);
    known.catch(() => {
      if (this.#deciders.get(key) === known) this.#deciders.delete(key);
    });
    const [oldest] = this.#deciders.keys();
    if (this.#deciders.size > this.#most && oldest !== undefined) this.#deciders.delete(oldest);
    return known;
  }

  async #decider(): Promise<PolicyDecider> {
    const { base } = this.#options;
    return base === defaultPolicies ? new DefaultDecider() : (await this.#loadCedar())(base);
  }

  async #tenantDecider(tenant: string, version: number): Promise<PolicyDecider> {
    // Both take a while, and neither needs the other.
    const [record, createDecider] = await Promise.all([
      this.#options.reader.getPolicy(tenant, version),
      this.#loadCedar(),
    ]);
    if (record === undefined) {
      throw new Error(`version ${version} of the policies of tenant ${tenant} is not there`);
    }
    return createDecider(this.#options.base, { tenant, text: record.text });
  }

  async #loadCedar(): Promise<CreateDecider> {
    const loading = (this.#cedar ??= this.#options.loadCedar());
    try {
      return await loading;
    } catch (error) {
      if (this.#cedar === loading) this.#cedar = undefined;
      throw error;
    }
  }
}
