import { randomBytes, randomInt, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import * as z from 'zod';
import { JsonFile } from '../state/json-file.ts';
import type { CognitoSettings } from './cognito-settings.ts';
import { hashPassword, verifyPassword } from './password-hash.ts';
import { generateSigningKey, signingKey, type SigningKey } from './signing-keys.ts';

const user = z.object({
  sub: z.string(),
  username: z.string(),
  passwordHash: z.string(),
  /** Pool attributes without `sub`, e.g. `email` or `custom:tenant`. */
  attributes: z.record(z.string(), z.string()),
  groups: z.array(z.string()),
});

const stateFile = z.object({
  /** The newest first: it signs. */
  signingKeys: z.array(signingKey).min(1),
  clientSecrets: z.record(z.string(), z.string()),
  users: z.array(user),
  /** In clear, so that the twin can print it at every start. The file is its owner's only. */
  demoUser: z.object({ username: z.string(), password: z.string() }).optional(),
});

export type User = Readonly<z.infer<typeof user>>;

export interface UserSeed {
  readonly username: string;
  readonly password: string;
  readonly groups?: readonly string[];
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** 20 characters with one of each kind that a pool's password policy can ask for. */
const generatePassword = (): string => {
  const characters = [...randomBytes(12).toString('base64url').replace(/[-_]/gu, 'x'), ...'aB3!'];
  for (let i = characters.length - 1; i > 0; i--) {
    const j = randomInt(i + 1);
    [characters[i], characters[j]] = [characters[j] ?? '', characters[i] ?? ''];
  }
  return characters.join('');
};

/** Compared with when nobody has the name, so that the answer takes as long as a wrong password's. */
const nobody = hashPassword(randomUUID());

/** What a pool keeps: users, client secrets and signing keys, in `<stateDir>/cognito.json`, mode 0600. */
export class CognitoState {
  readonly #file: JsonFile<typeof stateFile>;
  readonly #emailSignsIn: boolean;

  private constructor(file: JsonFile<typeof stateFile>, settings: CognitoSettings) {
    this.#file = file;
    this.#emailSignsIn = settings.emailSignsIn;
  }

  /** Every client of the template that has a secret has one afterwards. */
  static open(stateDir: string, settings: CognitoSettings): CognitoState {
    const path = join(stateDir, 'cognito.json');
    const file = new JsonFile(path, stateFile, {
      signingKeys: [generateSigningKey()],
      clientSecrets: {},
      users: [],
    });
    const clientSecrets = { ...file.value.clientSecrets };
    for (const { clientId, hasSecret } of settings.clients) {
      if (hasSecret) {
        clientSecrets[clientId] ??= BigInt(`0x${randomBytes(48).toString('hex')}`)
          .toString(36)
          .slice(0, 51);
      }
    }
    file.save({ ...file.value, clientSecrets });
    return new CognitoState(file, settings);
  }

  get signingKeys(): readonly SigningKey[] {
    return this.#file.value.signingKeys;
  }

  get signingKey(): SigningKey {
    const [key] = this.signingKeys;
    if (key === undefined) throw new Error('The pool has no signing key.');
    return key;
  }

  clientSecret(clientId: string): string | undefined {
    return this.#file.value.clientSecrets[clientId];
  }

  /** The new key signs from now on; tokens of the older ones stay verifiable. */
  rotateSigningKey(): SigningKey {
    const key = generateSigningKey();
    this.#file.save({ ...this.#file.value, signingKeys: [key, ...this.signingKeys] });
    return key;
  }

  bySub(sub: string): User | undefined {
    return this.#file.value.users.find((one) => one.sub === sub);
  }

  byLogin(login: string): User | undefined {
    return this.#file.value.users.find(
      ({ username, attributes }) =>
        username === login || (this.#emailSignsIn && attributes['email'] === login),
    );
  }

  async authenticate({ username, password }: Credentials): Promise<User | undefined> {
    const found = this.byLogin(username);
    const matches = await verifyPassword(password, found?.passwordHash ?? (await nobody));
    return matches ? found : undefined;
  }

  /** Creates the user, or sets password, groups and attributes of the one there is; `sub` stays. */
  async putUser({ username, password, groups = [], attributes = {} }: UserSeed): Promise<User> {
    const known = this.byLogin(username);
    const saved: User = {
      sub: known?.sub ?? randomUUID(),
      username,
      passwordHash: await hashPassword(password),
      attributes: { ...attributes },
      groups: [...groups],
    };
    const others = this.#file.value.users.filter(({ sub }) => sub !== saved.sub);
    this.#file.save({ ...this.#file.value, users: [...others, saved] });
    return saved;
  }

  removeUser(username: string): void {
    const users = this.#file.value.users.filter((one) => one.username !== username);
    this.#file.save({ ...this.#file.value, users });
  }

  /** The user that a person tries the twin with. The password is made at the first start and stays. */
  async ensureDemoUser(seed: Omit<UserSeed, 'password'>): Promise<Credentials> {
    const known = this.#file.value.demoUser;
    const password = known?.username === seed.username ? known.password : generatePassword();
    await this.putUser({ ...seed, password });
    const demoUser = { username: seed.username, password };
    this.#file.save({ ...this.#file.value, demoUser });
    return demoUser;
  }
}
