import {
  DescribeSecretCommand,
  GetSecretValueCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { AdminError } from './admin-error.ts';
import type { SecretValues } from './ports.ts';
import { reporting } from './upstream-failure.ts';

/** The deployment's secrets in Secrets Manager. Failures are `AdminError` UPSTREAM_*, never with a value in them. */
export class SecretsManagerValues implements SecretValues {
  readonly #client: SecretsManagerClient;
  readonly #arns: Readonly<Record<string, string>>;

  constructor(options: {
    readonly client: SecretsManagerClient;
    /** By name. */
    readonly arns: Readonly<Record<string, string>>;
  }) {
    this.#client = options.client;
    this.#arns = options.arns;
  }

  /** By ARN, for whoever connects to a server: no verb shows it. */
  async read(arn: string): Promise<string> {
    const { SecretString } = await reporting(`read secret ${arn}`, () =>
      this.#client.send(new GetSecretValueCommand({ SecretId: arn })),
    );
    if (SecretString !== undefined) return SecretString;
    throw new AdminError('UPSTREAM_FAILED', `secret ${arn} has no text for a value`);
  }

  async write(name: string, value: string): Promise<void> {
    const SecretId = this.#arn(name);
    await reporting(`write secret "${name}"`, () =>
      this.#client.send(new PutSecretValueCommand({ SecretId, SecretString: value })),
    );
  }

  async status(name: string) {
    const SecretId = this.#arn(name);
    const { VersionIdsToStages = {}, LastChangedDate } = await reporting(
      `look at secret "${name}"`,
      () => this.#client.send(new DescribeSecretCommand({ SecretId })),
    );
    // The value that a deployment begins with has nothing before it.
    const isSet = Object.values(VersionIdsToStages).some((stages) =>
      stages.includes('AWSPREVIOUS'),
    );
    return {
      isSet,
      ...(isSet && LastChangedDate !== undefined
        ? { changedAt: LastChangedDate.toISOString() }
        : {}),
    };
  }

  #arn(name: string): string {
    const arn = Object.hasOwn(this.#arns, name) ? this.#arns[name] : undefined;
    if (arn !== undefined) return arn;
    throw new AdminError('SECRET_UNKNOWN', `this deployment has no secret "${name}"`);
  }
}
