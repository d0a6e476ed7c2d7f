import { GetSecretValueCommand, type SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { Pepper } from '../credentials/pepper.ts';
import { AdminError } from './admin-error.ts';
import type { PepperReader } from './ports.ts';
import { reporting } from './upstream-failure.ts';

/** Reads the pepper afresh each time: operators mint few keys, and always under the current version. */
export class SecretsManagerPepper implements PepperReader {
  readonly #client: SecretsManagerClient;
  readonly #secretArn: string;

  constructor(options: { readonly client: SecretsManagerClient; readonly secretArn: string }) {
    this.#client = options.client;
    this.#secretArn = options.secretArn;
  }

  /** @throws AdminError UPSTREAM_* or DEPLOYMENT_INVALID; never with the secret's value. */
  async read(): Promise<Pepper> {
    const arn = this.#secretArn;
    const { SecretString } = await reporting(`read the pepper secret ${arn}`, () =>
      this.#client.send(new GetSecretValueCommand({ SecretId: arn })),
    );
    try {
      return Pepper.parse(SecretString ?? '');
    } catch {
      // No cause: JSON.parse quotes what it could not read, and that is the secret.
      throw new AdminError(
        'DEPLOYMENT_INVALID',
        `secret ${arn} holds no pepper: it must be {"current":"1","1":"<at least 32 characters>"}`,
      );
    }
  }
}
