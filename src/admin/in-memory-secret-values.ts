import type { SecretValues } from './ports.ts';

/** Secrets in a map from name to value; a name without one has the value that the deployment began with. */
export class InMemorySecretValues implements SecretValues {
  readonly values = new Map<string, string>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  async write(name: string, value: string): Promise<void> {
    this.values.set(name, value);
  }

  async status(name: string) {
    return this.values.has(name)
      ? { isSet: true, changedAt: new Date(this.#now()).toISOString() }
      : { isSet: false };
  }
}
