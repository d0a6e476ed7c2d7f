import { Option, type Command } from 'commander';
import { roles } from '../../src/principals/principal.ts';
import * as keys from '../commands/keys.ts';
import { parseExpiry, parseExpiryOrNever, parseGrace } from '../durations.ts';
import { CliError } from '../errors.ts';
import * as texts from '../texts.ts';
import type { VerbContext } from './context.ts';

const createExamples = `
Examples:
  npx drawbridge keys create acme
  npx drawbridge keys create --tenant acme --name ci --role readonly --expires 90d
  npx drawbridge keys create --tenant acme --cidr 203.0.113.0/24 2001:db8::/32`;

const defaultGrace = '24h';

/** People name the tenant as an option and as an argument; both are right, two different ones are not. */
const theTenant = (argument: string | undefined, option: string | undefined): string => {
  const tenant = argument ?? option;
  if (tenant === undefined) {
    throw new CliError('USAGE', 'which tenant? Give --tenant <id>, before any --cidr');
  }
  if (option !== undefined && option !== tenant) {
    throw new CliError('USAGE', `two tenants are given, "${tenant}" and "${option}": give one`);
  }
  return tenant;
};

/** For the audit: a whole key that was pasted in its place must not get there. */
const idOnly = (text: string): string => (/^[0-9A-Za-z]{8}$/u.test(text) ? text : 'invalid');

interface TenantOption {
  readonly tenant?: string;
}

const addCreate = (command: Command, { operate, print }: VerbContext): void => {
  command
    .command('create [tenant]')
    .description('create a key; it is shown once')
    .addHelpText('after', createExamples)
    .option('--tenant <id>', 'tenant that the key belongs to')
    .option('--name <name>', 'name for people', 'unnamed')
    .addOption(new Option('--role <role>', 'what the key may do').choices(roles).default('user'))
    .option(
      '--expires <when>',
      'duration (12h, 90d) or time (ISO 8601); never when left out',
      parseExpiry,
    )
    .option('--cidr <network...>', 'networks that may use the key; any when left out')
    .option(
      '--idempotency-key <key>',
      'repeating the command with it finds the key that was created',
    )
    .action((argument: string | undefined, options: keys.KeysCreateOptions & TenantOption) => {
      const tenant = theTenant(argument, options.tenant);
      return operate(['keys.create', tenant, { tenant }], async (ports) =>
        print(await keys.keysCreate(ports, tenant, options), texts.keyCreatedText),
      );
    });
};

const addChanges = (command: Command, { terminal, operate, print }: VerbContext): void => {
  command
    .command('update <keyId>')
    .description('change a key’s name or expiry')
    .option('--name <name>', 'name for people')
    .option('--expires <when>', 'duration, time (ISO 8601), or never', parseExpiryOrNever)
    .action((keyId: string, options: keys.KeysUpdateOptions) =>
      operate(['keys.update', idOnly(keyId)], async (ports) =>
        print(await keys.keysUpdate(ports, keyId, options), texts.keyUpdatedText),
      ),
    );
  command
    .command('rotate <keyId>')
    .description('replace a key by a new one, shown once; the old one works for a grace period')
    .addOption(
      new Option('--grace <duration>', 'how long the old key still works; 0 revokes it now')
        .argParser(parseGrace)
        .default(parseGrace(defaultGrace), defaultGrace),
    )
    .action((keyId: string, { grace }: { grace: number }) =>
      operate(['keys.rotate', idOnly(keyId)], async (ports) => {
        const rotation = await keys.keysRotate(ports, keyId, { graceSeconds: grace });
        print(keys.rotationView(rotation, ports.clock()), texts.keyRotatedText);
        // After the new key was shown, since it is shown once.
        if (rotation.unsettled !== undefined) throw rotation.unsettled;
      }),
    );
  command
    .command('revoke <keyId>')
    .description('revoke a key, for good; its next call is refused')
    .option('--yes', 'do not ask')
    .action((keyId: string, { yes = false }: { yes?: boolean }) =>
      operate(['keys.revoke', idOnly(keyId)], async (ports) => {
        const confirm = yes ? undefined : terminal.confirm;
        print(await keys.keysRevoke(ports, keyId, confirm), texts.keyRevokedText);
      }),
    );
};

export const addKeyVerbs = (program: Command, context: VerbContext): void => {
  const { operate, print } = context;
  const command = program.command('keys').description('create, rotate and revoke API keys');
  addCreate(command, context);
  command
    .command('list [tenant]')
    .description('list the keys of a tenant, oldest first')
    .option('--tenant <id>', 'tenant whose keys to list')
    .action((argument: string | undefined, options: TenantOption) => {
      const tenant = theTenant(argument, options.tenant);
      return operate(['keys.list', tenant, { tenant }], async (ports) =>
        print(await keys.keysList(ports, tenant), texts.keyListText(tenant)),
      );
    });
  command
    .command('show <keyId>')
    .description('show a key; never the key itself, which is not stored')
    .action((keyId: string) =>
      operate(['keys.show', idOnly(keyId)], async (ports) =>
        print(await keys.keysShow(ports, keyId), texts.keyText),
      ),
    );
  addChanges(command, context);
};
