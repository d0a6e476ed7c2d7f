import type { Command } from 'commander';
import * as tenants from '../commands/tenants.ts';
import * as texts from '../texts.ts';
import type { VerbContext } from './context.ts';

export const addTenantVerbs = (
  program: Command,
  { terminal, operate, print }: VerbContext,
): void => {
  const command = program.command('tenants').description('create, change and look at tenants');
  command
    .command('create <id>')
    .description('create a tenant, with its place in a usage plan')
    .requiredOption('--plan <plan>', 'usage plan of the deployment')
    .option('--name <name>', 'name for people (default: the id)')
    .option('--idempotency-key <key>', 'when there is such a tenant already, that is no error')
    .action((id: string, options: tenants.TenantsCreateOptions) =>
      operate(['tenants.create', id, { tenant: id }], async (ports) =>
        print(await tenants.tenantsCreate(ports, id, options), texts.tenantCreatedText),
      ),
    );
  command
    .command('list')
    .description('list all tenants')
    .action(() =>
      operate(['tenants.list', null], async (ports) =>
        print(await tenants.tenantsList(ports), texts.tenantListText),
      ),
    );
  command
    .command('show <id>')
    .description('show a tenant and how many keys it has')
    .action((id: string) =>
      operate(['tenants.show', id, { tenant: id }], async (ports) =>
        print(await tenants.tenantsShow(ports, id), texts.tenantText),
      ),
    );
  command
    .command('suspend <id>')
    .description('refuse all calls of a tenant, from now on')
    .option('--yes', 'do not ask')
    .action((id: string, { yes = false }: { yes?: boolean }) =>
      operate(['tenants.suspend', id, { tenant: id }], async (ports) => {
        const confirm = yes ? undefined : terminal.confirm;
        print(await tenants.tenantsSuspend(ports, id, confirm), texts.tenantSuspendedText);
      }),
    );
  command
    .command('resume <id>')
    .description('let a suspended tenant call again')
    .action((id: string) =>
      operate(['tenants.resume', id, { tenant: id }], async (ports) =>
        print(await tenants.tenantsResume(ports, id), texts.tenantResumedText),
      ),
    );
  command
    .command('move <id>')
    .description('move a tenant to another usage plan')
    .requiredOption('--plan <plan>', 'usage plan of the deployment')
    .action((id: string, { plan }: { plan: string }) =>
      operate(['tenants.move', id, { tenant: id }], async (ports) =>
        print(await tenants.tenantsMove(ports, id, plan), texts.tenantMovedText),
      ),
    );
  command
    .command('rename <id>')
    .description('give a tenant another name for people; its id stays')
    .requiredOption('--name <name>', 'name for people')
    .action((id: string, { name }: { name: string }) =>
      operate(['tenants.rename', id, { tenant: id }], async (ports) =>
        print(await tenants.tenantsRename(ports, id, name), texts.tenantRenamedText),
      ),
    );
};
