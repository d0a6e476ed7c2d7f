import { Argument, Option, type Command } from 'commander';
import { roles, type Role } from '../../src/principals/principal.ts';
import * as principals from '../commands/principals.ts';
import * as texts from '../texts.ts';
import type { VerbContext } from './context.ts';

export const addPrincipalVerbs = (
  program: Command,
  { terminal, operate, print }: VerbContext,
): void => {
  const command = program
    .command('principals')
    .description('say which IAM roles and users call as which tenant');
  command
    .command('add')
    .description('let an IAM role or user call as a tenant')
    .requiredOption('--arn <arn>', 'the role or user, as in arn:aws:iam::123456789012:role/ci')
    .requiredOption('--tenant <id>', 'tenant that it calls as')
    .addOption(new Option('--role <role>', 'what it may do').choices(roles).default('user'))
    .option('--idempotency-key <key>', 'when it is recorded so already, that is no error')
    .action((options: principals.PrincipalsAddOptions) =>
      operate(['principals.add', options.arn, { tenant: options.tenant }], async (ports) =>
        print(await principals.principalsAdd(ports, options), texts.principalAddedText),
      ),
    );
  command
    .command('list')
    .description('list principals, by tenant and ARN')
    .option('--tenant <id>', 'only of this tenant')
    .action(({ tenant }: { tenant?: string }) =>
      operate(
        ['principals.list', tenant ?? null, tenant === undefined ? {} : { tenant }],
        async (ports) =>
          print(await principals.principalsList(ports, tenant), texts.principalListText),
      ),
    );
  command
    .command('show <arn>')
    .description('show a principal')
    .action((arn: string) =>
      operate(['principals.show', arn], async (ports) =>
        print(await principals.principalsShow(ports, arn), texts.principalText),
      ),
    );
  command
    .command('set-role <arn>')
    .description('give a principal another role; it holds within 30 seconds')
    .addArgument(new Argument('<role>', 'what it may do').choices(roles))
    .action((arn: string, role: Role) =>
      operate(['principals.set-role', arn], async (ports) =>
        print(await principals.principalsSetRole(ports, arn, role), texts.principalRoleText),
      ),
    );
  command
    .command('remove <arn>')
    .description('take a principal away; its next call is refused')
    .option('--yes', 'do not ask')
    .action((arn: string, { yes = false }: { yes?: boolean }) =>
      operate(['principals.remove', arn], async (ports) => {
        const confirm = yes ? undefined : terminal.confirm;
        const removed = await principals.principalsRemove(ports, arn, confirm);
        print(removed, texts.principalRemovedText);
      }),
    );
};
