import { InvalidArgumentError, type Command } from 'commander';
import * as policies from '../commands/policies.ts';
import * as texts from '../policy-texts.ts';
import type { VerbContext } from './context.ts';

const examples = `
Examples:
  npx drawbridge policies validate acme.cedar
  npx drawbridge policies test acme cases.json --file acme.cedar
  npx drawbridge policies set acme acme.cedar
  npx drawbridge policies show acme > acme.cedar`;

/** @param least - 0 stands for no policies. */
const versionFrom = (least: number) => (text: string) => {
  const version = /^\d{1,9}$/u.test(text) ? Number(text) : -1;
  if (version >= least) return version;
  throw new InvalidArgumentError('Write a version’s number.');
};

const addChanges = (command: Command, { terminal, operate, print }: VerbContext): void => {
  command
    .command('set <tenant> <file>')
    .description('put the policies of a file (- for standard input) in force, when they are valid')
    .option(
      '--expect-version <number>',
      'only when this version is in force now; 0 for none',
      versionFrom(0),
    )
    .action((tenant: string, file: string, { expectVersion }: { expectVersion?: number }) =>
      operate(['policies.set', tenant, { tenant }], async (ports, actor) => {
        const text = await policies.textOf(file, terminal);
        const set = await policies.policiesSet(ports, actor, tenant, text, expectVersion);
        print(set, texts.policiesSetText);
      }),
    );
  command
    .command('remove <tenant>')
    .description('leave a tenant only the deployment’s policies')
    .option('--yes', 'do not ask')
    .action((tenant: string, { yes = false }: { yes?: boolean }) =>
      operate(['policies.remove', tenant, { tenant }], async (ports, actor) => {
        const confirm = yes ? undefined : terminal.confirm;
        const removed = await policies.policiesRemove(ports, actor, tenant, confirm);
        print(removed, texts.policiesSetText);
      }),
    );
};

const addTrials = (command: Command, { terminal, operate, print }: VerbContext): void => {
  command
    .command('validate <file>')
    .description('say what is wrong with the policies of a file; changes nothing')
    .option('--tenant <id>', 'whose they are to be')
    .action((file: string, { tenant }: { tenant?: string }) => {
      const about = tenant === undefined ? {} : { tenant };
      return operate(['policies.validate', tenant ?? null, about], async (ports) => {
        const text = await policies.textOf(file, terminal);
        const view = await policies.policiesValidate(ports, text, tenant);
        print(view, texts.validationText);
        policies.assertValid(view);
      });
    });
  command
    .command('test <tenant> <cases>')
    .description('ask the policies the questions of a JSON file; changes nothing')
    .option('--file <file>', 'try these policies instead of those in force')
    .action((tenant: string, cases: string, { file }: { file?: string }) =>
      operate(['policies.test', tenant, { tenant }], async (ports) => {
        const asked = { file: cases, text: await policies.textOf(cases, terminal) };
        const text = file === undefined ? undefined : await policies.textOf(file, terminal);
        const run = await policies.policiesTest(ports, tenant, asked, text);
        print(run, texts.policyTestText);
        policies.assertPassed(run);
      }),
    );
};

export const addPolicyVerbs = (program: Command, context: VerbContext): void => {
  const { operate, print } = context;
  const command = program
    .command('policies')
    .description('say by Cedar policies what a tenant’s callers may do')
    .addHelpText('after', examples);
  command
    .command('show <tenant>')
    .description('show the policies in force')
    .option('--version <number>', 'show this version', versionFrom(1))
    .action((tenant: string, { version }: { version?: number }) =>
      operate(['policies.show', tenant, { tenant }], async (ports) =>
        print(await policies.policiesShow(ports, tenant, version), texts.policiesText),
      ),
    );
  command
    .command('versions <tenant>')
    .description('list all versions, newest first')
    .action((tenant: string) =>
      operate(['policies.versions', tenant, { tenant }], async (ports) =>
        print(await policies.policiesVersions(ports, tenant), texts.policyVersionsText),
      ),
    );
  addTrials(command, context);
  addChanges(command, context);
};
