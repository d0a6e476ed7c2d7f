import type { PolicyJson } from '@cedar-policy/cedar-wasm/nodejs';
import type { Cedar } from './cedar.ts';

/** Policies that are evaluated together, under the ids that an answer names them by. */
export type PolicyGroup = Readonly<Record<string, PolicyJson>>;

/** More groups than any tenants' policies that are used at one time make; one of a hundred policies takes 0.2 MB. */
const mostGroups = 512;

/**
 * Cedar keeps parsed policies under names, and forgets none. Here there are as many names as groups may be kept, and a name goes
 * to another group when it was used longest ago: a group that lost its name is parsed again when it is asked for.
 */
export class PreparedSets {
  readonly #cedar: Cedar;
  /** In the order of use, the oldest first. */
  readonly #names = new Map<PolicyGroup, string>();
  readonly #unused: string[] = [];
  readonly #most: number;
  #made = 0;

  constructor(cedar: Cedar, most = mostGroups) {
    this.#cedar = cedar;
    this.#most = most;
  }

  /** The name that Cedar knows the group by. @throws Error when Cedar cannot read it. */
  nameOf(group: PolicyGroup): string {
    const name = this.#names.get(group) ?? this.#prepare(group);
    this.#names.delete(group);
    this.#names.set(group, name);
    return name;
  }

  #prepare(group: PolicyGroup): string {
    const name = this.#freeName();
    const answer = this.#cedar.preparsePolicySet(name, { staticPolicies: { ...group } });
    if (answer.type === 'success') return name;
    this.#unused.push(name);
    throw new Error(`Cedar could not prepare policies: ${answer.errors[0]?.message ?? 'unknown'}`);
  }

  #freeName(): string {
    const unused = this.#unused.pop();
    if (unused !== undefined) return unused;
    const [oldest] = this.#names;
    if (this.#made < this.#most || oldest === undefined) return `group${this.#made++}`;
    this.#names.delete(oldest[0]);
    return oldest[1];
  }
}
