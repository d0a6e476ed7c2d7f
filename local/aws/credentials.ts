import { randomBytes } from 'node:crypto';

export interface NamedPolicy {
  readonly name: string;
  /** An IAM policy document, every intrinsic function resolved. */
  readonly policy: unknown;
}

/** Who makes a call. An operator stands for an administrator's own credentials and has no synthesized policy. */
export type Principal = {
  /** What AWS error messages and audit records name: an assumed-role or user ARN. */
  readonly principalArn: string;
  /** How messages name it to a person: the function's `aws:cdk:path`. */
  readonly displayName: string;
} & (
  | {
      readonly kind: 'role';
      readonly roleArn: string;
      readonly policies: readonly NamedPolicy[];
    }
  | { readonly kind: 'operator' }
);

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Absent for an operator, whose key is a long-term one. */
  readonly sessionToken?: string;
  readonly principal: Principal;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const keyId = (prefix: 'ASIA' | 'AKIA'): string =>
  prefix + [...randomBytes(16)].map((byte) => BASE32[byte % 32]).join('');

export interface RoleSession {
  readonly roleArn: string;
  /** The function's name, or whatever names the session. */
  readonly sessionName: string;
  readonly displayName: string;
}

/**
 * Access keys that only this twin knows, one per role session. Random at each start and stable while it runs.
 */
export class LocalCredentials {
  readonly #accountId: string;
  readonly #policiesOf: (roleArn: string) => readonly NamedPolicy[];
  readonly #byId = new Map<string, AccessKey>();
  readonly #byPrincipal = new Map<string, AccessKey>();

  constructor(accountId: string, policiesOf: (roleArn: string) => readonly NamedPolicy[]) {
    this.#accountId = accountId;
    this.#policiesOf = policiesOf;
  }

  /** @throws Error when the role's policies hold something that the twin cannot evaluate. */
  forRole({ roleArn, sessionName, displayName }: RoleSession): AccessKey {
    const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
    const principalArn = `arn:aws:sts::${this.#accountId}:assumed-role/${roleName}/${sessionName}`;
    return this.#issue(principalArn, () => ({
      accessKeyId: keyId('ASIA'),
      sessionToken: randomBytes(48).toString('base64'),
      principal: {
        kind: 'role',
        principalArn,
        displayName,
        roleArn,
        policies: this.#policiesOf(roleArn),
      },
    }));
  }

  /** For the CLI: allowed everything that the twin implements. */
  forOperator(name = 'operator'): AccessKey {
    const principalArn = `arn:aws:iam::${this.#accountId}:user/${name}`;
    return this.#issue(principalArn, () => ({
      accessKeyId: keyId('AKIA'),
      principal: { kind: 'operator', principalArn, displayName: name },
    }));
  }

  lookup(accessKeyId: string): AccessKey | undefined {
    return this.#byId.get(accessKeyId);
  }

  #issue(principalArn: string, create: () => Omit<AccessKey, 'secretAccessKey'>): AccessKey {
    const known = this.#byPrincipal.get(principalArn);
    if (known !== undefined) return known;
    const key = { ...create(), secretAccessKey: randomBytes(30).toString('base64') };
    this.#byPrincipal.set(principalArn, key);
    this.#byId.set(key.accessKeyId, key);
    return key;
  }
}

/** The variables that an AWS SDK reads its credentials from. */
export const credentialEnvironment = (key: AccessKey): Record<string, string> => ({
  AWS_ACCESS_KEY_ID: key.accessKeyId,
  AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
  ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
});
