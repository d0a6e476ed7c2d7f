import { RemovalPolicy, Stack, type Environment } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import type { Construct } from 'constructs';
import { EncryptionKey } from '../constructs/encryption-key.ts';
import { RegistryTable } from '../constructs/registry-table.ts';
import { UsageTable } from '../constructs/usage-table.ts';
import type { DrawbridgeConfig } from '../config.ts';
import { acknowledge } from '../security-checks.ts';

export interface DataStackProps {
  readonly env: Environment;
  readonly envName: string;
  readonly config: DrawbridgeConfig;
}

const withKey = (encryptionKey: IKey | undefined) =>
  encryptionKey === undefined ? {} : { encryptionKey };

/** What cannot be made anew: tenants and keys, what was used, the secrets that keys are hashed with, and those of upstreams. */
export class DataStack extends Stack {
  /** Set where the environment has a key of its own. */
  readonly encryption: EncryptionKey | undefined;
  readonly registry: RegistryTable;
  readonly usage: UsageTable;
  /** `{"current":"1","1":"…"}`; see src/credentials/pepper.ts. */
  readonly pepper: Secret;
  /** The HMAC key of argument digests in the audit. */
  readonly auditDigestKey: Secret;
  /** What `${secret:NAME}` of upstreams names, by name. */
  readonly upstreamSecrets: ReadonlyMap<string, Secret>;

  constructor(scope: Construct, id: string, { env, envName, config }: DataStackProps) {
    super(scope, id, {
      env,
      description: `Drawbridge ${envName}: tenants, keys, usage and secrets`,
      terminationProtection: config.protectData,
    });
    const removalPolicy = config.protectData ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY;
    this.encryption =
      config.encryption === 'cmk'
        ? new EncryptionKey(this, 'Encryption', removalPolicy)
        : undefined;
    const encryptionKey = this.encryption?.key;
    const { protectData } = config;
    this.registry = new RegistryTable(this, 'Registry', { protectData, encryptionKey });
    this.usage = new UsageTable(this, 'Usage', { protectData, encryptionKey });
    this.pepper = new Secret(this, 'Pepper', {
      description: 'Drawbridge: pepper that API keys are hashed with',
      generateSecretString: {
        secretStringTemplate: JSON.stringify({ current: '1' }),
        generateStringKey: '1',
        passwordLength: 64,
        excludePunctuation: true,
      },
      removalPolicy,
      ...withKey(encryptionKey),
    });
    this.auditDigestKey = new Secret(this, 'AuditDigestKey', {
      description: 'Drawbridge: key of the argument digests in the audit',
      generateSecretString: { passwordLength: 64, excludePunctuation: true },
      removalPolicy,
      ...withKey(encryptionKey),
    });
    this.upstreamSecrets = new Map(
      config.secrets.map((name) => [name, this.#upstreamSecret(name, removalPolicy)]),
    );
    acknowledge(
      this.pepper,
      'AwsSolutions-SMG4',
      'Rotating the pepper makes keys hashed with the version before last unusable, so an operator does it, with two versions live.',
    );
    acknowledge(
      this.auditDigestKey,
      'AwsSolutions-SMG4',
      'Digests can be compared only under one key: rotating it on a schedule would break the audit apart.',
    );
  }

  /** Random until an operator sets it: nobody can guess what stands for a credential that is not there yet. */
  #upstreamSecret(name: string, removalPolicy: RemovalPolicy): Secret {
    const secret = new Secret(this, `UpstreamSecret-${name}`, {
      description: `Drawbridge: ${name}, for upstreams`,
      generateSecretString: { passwordLength: 40, excludePunctuation: true },
      removalPolicy,
      ...withKey(this.encryption?.key),
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'It is a credential at another service: an operator changes it there and here.',
    );
    return secret;
  }
}
