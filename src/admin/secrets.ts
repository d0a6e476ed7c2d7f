import { AdminError } from './admin-error.ts';
import type { AdminPorts } from './ports.ts';

type Ports = Pick<AdminPorts, 'secrets' | 'deployment'>;

export interface SecretStatus {
  readonly name: string;
  readonly isSet: boolean;
  /** ISO 8601, UTC. */
  readonly changedAt?: string;
}

/** Secrets Manager: SecretString. */
const maxBytes = 65_536;

const requireSecret = ({ deployment }: Ports, name: string): void => {
  const { secretNames } = deployment;
  if (secretNames.includes(name)) return;
  const known = secretNames.length === 0 ? 'it has none' : `it has ${secretNames.join(', ')}`;
  throw new AdminError(
    'SECRET_UNKNOWN',
    `this deployment has no secret "${name}" (${known}): add the name to "secrets" of config/<env>.json, and deploy`,
  );
};

/** One line's end is the editor's or the shell's, not the secret's. */
const withoutLineEnd = (text: string): string => text.replace(/\r?\n$/u, '');

/** Sets a secret's value. @throws AdminError SECRET_UNKNOWN, INVALID_INPUT or UPSTREAM_*; never with the value. */
export const setSecret = async (
  ports: Ports,
  name: string,
  given: string,
): Promise<SecretStatus> => {
  requireSecret(ports, name);
  const value = withoutLineEnd(given);
  if (value === '') {
    throw new AdminError('INVALID_INPUT', `no value was given for secret "${name}"`);
  }
  if (Buffer.byteLength(value) > maxBytes) {
    throw new AdminError(
      'INVALID_INPUT',
      `the value for secret "${name}" is too long: it may have ${maxBytes} bytes`,
    );
  }
  await ports.secrets.write(name, value);
  return { name, ...(await ports.secrets.status(name)) };
};

/** The deployment's secrets by name, never their values. */
export const listSecrets = async ({
  secrets,
  deployment,
}: Ports): Promise<readonly SecretStatus[]> => {
  const names = [...deployment.secretNames].sort();
  return Promise.all(names.map(async (name) => ({ name, ...(await secrets.status(name)) })));
};
