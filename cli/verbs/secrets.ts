import type { Command } from 'commander';
import * as secrets from '../commands/secrets.ts';
import type { VerbContext } from './context.ts';

const setExamples = `
Examples:
  npx drawbridge secrets set weather-token
  npx drawbridge --env prod secrets set weather-token < token.txt`;

export const addSecretVerbs = (
  program: Command,
  { terminal, operate, print }: VerbContext,
): void => {
  const command = program
    .command('secrets')
    .description('set the secrets that ${secret:NAME} of servers stands for');
  command
    .command('set <name>')
    .description('set a secret: asks for the value, or reads it from standard input')
    .addHelpText('after', setExamples)
    .action((name: string) =>
      operate(['secrets.set', name], async (ports) =>
        print(await secrets.secretsSet(ports, name, terminal), secrets.secretSetText),
      ),
    );
  command
    .command('list')
    .description('list the secrets, and whether they are set; never their values')
    .action(() =>
      operate(['secrets.list', null], async (ports) =>
        print(await secrets.secretsList(ports), secrets.secretListText),
      ),
    );
};
