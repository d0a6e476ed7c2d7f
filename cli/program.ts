import { Command, CommanderError, Option } from 'commander';
import type { AdminPorts, ProjectPorts } from '../src/admin/ports.ts';
import { roles, type Role } from '../src/principals/principal.ts';
import * as keys from './commands/keys.ts';
import * as principals from './commands/principals.ts';
import * as tenants from './commands/tenants.ts';
import { parseExpiry, parseGrace, type Expiry } from './durations.ts';
import { CliError, describeError } from './errors.ts';
import { printError, printResult, type Terminal } from './io.ts';
import type { TargetOptions } from './target.ts';
import * as texts from './texts.ts';
import type { VerbContext } from './verbs/context.ts';
import { addPinVerbs } from './verbs/pins.ts';
import { addSecretVerbs } from './verbs/secrets.ts';
import { addUpstreamVerbs } from './verbs/upstreams.ts';

export interface CliDeps {
  readonly terminal: Terminal;
  readonly connect: (options: TargetOptions) => Promise<AdminPorts>;
  /** Absent where there are no files to write. */
  readonly openProject?: (configDirectory?: string) => ProjectPorts;
}

interface GlobalOptions extends TargetOptions {
  readonly json?: boolean;
}

const defaultGrace = '24h';

const examples = `
Examples:
  npx drawbridge tenants create acme --plan free
  npx drawbridge keys create --tenant acme --name ci --expires 90d --cidr 203.0.113.0/24
  npx drawbridge keys rotate aB3dE5gH --grace 24h
  npx drawbridge --env prod keys list --tenant acme --json

Without --env, the commands go to the twin that \`npm start\` runs.`;

const keysCreateExamples = `
Examples:
  npx drawbridge keys create acme
  npx drawbridge keys create --tenant acme --name ci --role readonly --expires 90d
  npx drawbridge keys create --tenant acme --cidr 203.0.113.0/24 2001:db8::/32`;

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

const buildProgram = ({ terminal, connect, openProject }: CliDeps, json: boolean): Command => {
  const program = new Command('drawbridge')
    .description('Operate the tenants, keys, principals and servers of a Drawbridge deployment.')
    .option('--env <name>', 'deployment to operate (default: the local twin)')
    .option('--json', 'print data as JSON on stdout, errors as JSON on stderr')
    .option('--region <region>', 'AWS region of the deployment (with --env)')
    .option('--profile <profile>', 'AWS profile to use (with --env)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => {
        if (!json) terminal.err(text);
      },
      outputError: () => undefined,
    })
    .exitOverride()
    .addHelpText('after', examples);

  const ports = (): Promise<AdminPorts> => connect(program.opts<GlobalOptions>());
  const print = <T>(data: T, text: (data: T) => string): void =>
    printResult(terminal, json, data, text);

  const tenantsCommand = program.command('tenants').description('create and look at tenants');
  tenantsCommand
    .command('create <id>')
    .description('create a tenant, with its place in a usage plan')
    .requiredOption('--plan <plan>', 'usage plan of the deployment')
    .option('--name <name>', 'name for people (default: the id)')
    .action(async (id: string, options: { plan: string; name?: string }) => {
      print(await tenants.tenantsCreate(await ports(), id, options), texts.tenantCreatedText);
    });
  tenantsCommand
    .command('list')
    .description('list all tenants')
    .action(async () => print(await tenants.tenantsList(await ports()), texts.tenantListText));
  tenantsCommand
    .command('show <id>')
    .description('show a tenant and how many keys it has')
    .action(async (id: string) =>
      print(await tenants.tenantsShow(await ports(), id), texts.tenantText),
    );

  const keysCommand = program.command('keys').description('create, rotate and revoke API keys');
  keysCommand
    .command('create [tenant]')
    .description('create a key; it is shown once')
    .addHelpText('after', keysCreateExamples)
    .option('--tenant <id>', 'tenant that the key belongs to')
    .option('--name <name>', 'name for people', 'unnamed')
    .addOption(new Option('--role <role>', 'what the key may do').choices(roles).default('user'))
    .option(
      '--expires <when>',
      'duration (12h, 90d) or time (ISO 8601); never when left out',
      parseExpiry,
    )
    .option('--cidr <network...>', 'networks that may use the key; any when left out')
    .action(
      async (
        argument: string | undefined,
        options: { tenant?: string; name: string; role: Role; expires?: Expiry; cidr?: string[] },
      ) => {
        const tenant = theTenant(argument, options.tenant);
        print(await keys.keysCreate(await ports(), tenant, options), texts.keyCreatedText);
      },
    );
  keysCommand
    .command('list [tenant]')
    .description('list the keys of a tenant, oldest first')
    .option('--tenant <id>', 'tenant whose keys to list')
    .action(async (argument: string | undefined, options: { tenant?: string }) => {
      const tenant = theTenant(argument, options.tenant);
      print(await keys.keysList(await ports(), tenant), texts.keyListText(tenant));
    });
  keysCommand
    .command('show <keyId>')
    .description('show a key; never the key itself, which is not stored')
    .action(async (keyId: string) =>
      print(await keys.keysShow(await ports(), keyId), texts.keyText),
    );
  keysCommand
    .command('rotate <keyId>')
    .description('replace a key by a new one, shown once; the old one works for a grace period')
    .addOption(
      new Option('--grace <duration>', 'how long the old key still works; 0 revokes it now')
        .argParser(parseGrace)
        .default(parseGrace(defaultGrace), defaultGrace),
    )
    .action(async (keyId: string, { grace }: { grace: number }) => {
      const data = await keys.keysRotate(await ports(), keyId, { graceSeconds: grace });
      print(data, texts.keyRotatedText);
    });
  keysCommand
    .command('revoke <keyId>')
    .description('revoke a key, for good')
    .option('--yes', 'do not ask')
    .action(async (keyId: string, { yes = false }: { yes?: boolean }) => {
      const confirm = yes ? undefined : terminal.confirm;
      print(await keys.keysRevoke(await ports(), keyId, confirm), texts.keyRevokedText);
    });

  const principalsCommand = program
    .command('principals')
    .description('say which IAM roles and users call as which tenant');
  principalsCommand
    .command('add')
    .description('let an IAM role or user call as a tenant')
    .requiredOption('--arn <arn>', 'the role or user, as in arn:aws:iam::123456789012:role/ci')
    .requiredOption('--tenant <id>', 'tenant that it calls as')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).default('user'))
    .action(async (options: principals.PrincipalsAddOptions) => {
      print(await principals.principalsAdd(await ports(), options), texts.principalAddedText);
    });
  principalsCommand
    .command('list')
    .description('list principals, by tenant and ARN')
    .option('--tenant <id>', 'only of this tenant')
    .action(async ({ tenant }: { tenant?: string }) => {
      print(await principals.principalsList(await ports(), tenant), texts.principalListText);
    });
  principalsCommand
    .command('show <arn>')
    .description('show a principal')
    .action(async (arn: string) =>
      print(await principals.principalsShow(await ports(), arn), texts.principalText),
    );
  principalsCommand
    .command('remove <arn>')
    .description('take a principal away; it holds within 30 seconds')
    .option('--yes', 'do not ask')
    .action(async (arn: string, { yes = false }: { yes?: boolean }) => {
      const confirm = yes ? undefined : terminal.confirm;
      const removed = await principals.principalsRemove(await ports(), arn, confirm);
      print(removed, texts.principalRemovedText);
    });

  const project: VerbContext['project'] = (configDirectory) => {
    if (openProject !== undefined) return openProject(configDirectory);
    throw new CliError('USAGE', 'there are no files of a project here');
  };
  const context: VerbContext = { terminal, ports, project, print };
  addUpstreamVerbs(program, context);
  addPinVerbs(program, context);
  addSecretVerbs(program, context);
  return program;
};

/** Runs one command line (without node and script). Answers the exit code: 0 only if it happened. */
export const runCli = async (argv: readonly string[], deps: CliDeps): Promise<number> => {
  const json = argv.includes('--json');
  try {
    await buildProgram(deps, json).parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const report = describeError(error);
    const helpWasShown = error instanceof CommanderError && error.code === 'commander.help';
    if (!helpWasShown) printError(deps.terminal, json, report);
    else if (json) printError(deps.terminal, json, { ...report, message: 'which command?' });
    return report.exitCode;
  }
};
