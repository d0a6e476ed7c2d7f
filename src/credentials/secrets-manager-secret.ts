import * as z from 'zod';
import type { AwsCall } from '../aws/aws-client.ts';

const output = z.looseObject({ SecretString: z.string() });

/**
 * Reads the current value of a secret at every call; whoever calls keeps it.
 * @throws Error when it cannot be read or has no string value; never with a part of the value in it.
 */
export const secretReader =
  (secretsManager: AwsCall, secretArn: string): (() => Promise<string>) =>
  async () => {
    const read = output.safeParse(await secretsManager('GetSecretValue', { SecretId: secretArn }));
    if (!read.success) throw new Error('the secret has no string value');
    return read.data.SecretString;
  };
