import type { AdminPorts } from '../../src/admin/ports.ts';
import { listSecrets, setSecret, type SecretStatus } from '../../src/admin/secrets.ts';
import { CliError } from '../errors.ts';
import { renderTable, type Terminal } from '../io.ts';

/** The value comes from a prompt that does not show it, or from standard input: an argument would stay in the shell's history. */
export const secretsSet = async (
  ports: AdminPorts,
  name: string,
  { askHidden, readInput }: Terminal,
): Promise<SecretStatus> => {
  const ask = askHidden === undefined ? readInput : () => askHidden(`Value of ${name}`);
  if (ask === undefined) throw new CliError('USAGE', 'give the value on standard input');
  return setSecret(ports, name, await ask());
};

export const secretsList = (ports: AdminPorts): Promise<readonly SecretStatus[]> =>
  listSecrets(ports);

export const secretSetText = ({ name }: SecretStatus): string =>
  `Secret ${name} is set. Running functions use it within 5 minutes, and at once where the old value is refused.`;

export const secretListText = (secrets: readonly SecretStatus[]): string =>
  secrets.length === 0
    ? 'This deployment has no secrets: name some in "secrets" of config/<env>.json, and deploy.'
    : renderTable(
        ['NAME', 'SET', 'CHANGED'],
        secrets.map(({ name, isSet, changedAt }) => [name, isSet ? 'yes' : 'no', changedAt ?? '-']),
      );
