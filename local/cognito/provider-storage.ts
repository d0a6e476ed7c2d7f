import { join } from 'node:path';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import * as z from 'zod';
import { JsonFile } from '../state/json-file.ts';

const entry = z.object({ payload: z.record(z.string(), z.unknown()), expiresAt: z.number() });
const grantsFile = z.record(z.string(), entry);
interface Entry {
  payload: AdapterPayload;
  /** Unix milliseconds. */
  readonly expiresAt: number;
}

/** What a refresh after a restart needs. Codes, sign-in sessions and login pages end with the process. */
const KEPT: readonly string[] = ['RefreshToken', 'Grant'];
/** The pool's tokens are JWTs of its own: nobody ever sees or looks up the library's. */
const UNUSED: readonly string[] = ['AccessToken', 'ClientCredentials'];
const MAX_ENTRIES = 10_000;

/** Everything that the OAuth library stores, by `<model>:<id>`; refresh tokens in `<stateDir>/cognito-grants.json`. */
export class ProviderStorage {
  readonly #entries = new Map<string, Entry>();
  readonly #file: JsonFile<typeof grantsFile>;

  constructor(stateDir: string) {
    this.#file = new JsonFile(join(stateDir, 'cognito-grants.json'), grantsFile, {});
    for (const [key, kept] of Object.entries(this.#file.value)) this.#entries.set(key, kept);
  }

  adapter(model: string): Adapter {
    const keyOf = (id: string): string => `${model}:${id}`;
    const stored = async (id: string): Promise<AdapterPayload | undefined> => this.#find(keyOf(id));
    return {
      upsert: async (id, payload, expiresIn = 0) => {
        if (!UNUSED.includes(model)) this.#set(keyOf(id), payload, expiresIn);
      },
      find: stored,
      findByUid: async (uid) =>
        this.#live().find(
          ([key, { payload }]) => key.startsWith(keyOf('')) && payload.uid === uid,
        )?.[1].payload,
      findByUserCode: async () => undefined,
      consume: async (id) => {
        const found = this.#entries.get(keyOf(id));
        if (found === undefined) return;
        found.payload = { ...found.payload, consumed: Math.floor(Date.now() / 1000) };
        this.#keep(model);
      },
      destroy: async (id) => {
        if (this.#entries.delete(keyOf(id))) this.#keep(model);
      },
      revokeByGrantId: async (grantId) => {
        for (const [key, { payload }] of this.#entries) {
          if (payload.grantId === grantId) this.#entries.delete(key);
        }
        this.#keep('RefreshToken');
      },
    };
  }

  #find(key: string): AdapterPayload | undefined {
    const found = this.#entries.get(key);
    return found !== undefined && found.expiresAt > Date.now() ? found.payload : undefined;
  }

  #set(key: string, payload: AdapterPayload, expiresInSeconds: number): void {
    this.#entries.delete(key);
    if (this.#entries.size >= MAX_ENTRIES) this.#makeRoom();
    this.#entries.set(key, { payload, expiresAt: Date.now() + expiresInSeconds * 1000 });
    this.#keep(key.slice(0, key.indexOf(':')));
  }

  #live(): readonly (readonly [string, Entry])[] {
    const now = Date.now();
    return [...this.#entries].filter(([, { expiresAt }]) => expiresAt > now);
  }

  #makeRoom(): void {
    const live = this.#live().slice(-MAX_ENTRIES / 2);
    this.#entries.clear();
    for (const [key, kept] of live) this.#entries.set(key, kept);
  }

  #keep(model: string): void {
    if (!KEPT.includes(model)) return;
    const kept = this.#live().filter(([key]) => KEPT.includes(key.slice(0, key.indexOf(':'))));
    this.#file.save(Object.fromEntries(kept));
  }
}
