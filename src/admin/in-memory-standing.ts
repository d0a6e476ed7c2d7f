import type { StandingWriter } from '../quota/meter.ts';
import type { Standing, StandingReader } from './ports.ts';

/** What operators decided, in maps: one counter for each tenant. */
export class InMemoryStanding implements StandingWriter, StandingReader {
  /** From when a credential is refused, Unix seconds, by `<tenant> <subject>`. */
  readonly revoked = new Map<string, number>();
  readonly #suspended = new Set<string>();
  readonly #policyVersions = new Map<string, number>();

  async revoke(tenant: string, subject: string, at: number): Promise<void> {
    this.revoked.set(`${tenant} ${subject}`, at);
  }

  async readmit(tenant: string, subject: string): Promise<void> {
    this.revoked.delete(`${tenant} ${subject}`);
  }

  async suspend(tenant: string): Promise<void> {
    this.#suspended.add(tenant);
  }

  async resume(tenant: string): Promise<void> {
    this.#suspended.delete(tenant);
  }

  /** Of two at once the newer stays. */
  async setPolicyVersion(tenant: string, version: number): Promise<void> {
    const known = this.#policyVersions.get(tenant) ?? 0;
    this.#policyVersions.set(tenant, Math.max(known, version));
  }

  async standings(tenant: string, subject?: string): Promise<readonly Standing[]> {
    const revokedAt = subject === undefined ? undefined : this.revoked.get(`${tenant} ${subject}`);
    const policyVersion = this.#policyVersions.get(tenant);
    return [
      {
        suspended: this.#suspended.has(tenant),
        ...(policyVersion === undefined ? {} : { policyVersion }),
        ...(revokedAt === undefined ? {} : { revokedAt }),
      },
    ];
  }
}
