import type { Command } from 'commander';
import * as secrets from '../commands/secrets.ts';
import type { VerbContext } from './context.ts';

const setExamples = `
Examples:
  npx drawbridge secrets set weather-token
  npx drawbridge --env prod secrets set weather-token < token.txt`;

export const addSecretVerbs = (program: Command, { terminal, ports, print }: VerbContext): void => {
  const command = program
    .command('secrets')
    .description('set the secrets that ${secret:NAME} of servers stands for');
  command
    .command('set <name>')
    .description('set a secret: asks for the value, or reads it from standard input')
    .addHelpText('after', setExamples)
    .action(async (name: string) =>
      print(await secrets.secretsSet(await ports(), name, terminal), secrets.secretSetText),
    );
  command
    .command('list')
    .description('list the secrets, and whether they are set; never their values')
    .action(async () => print(await secrets.secretsList(await ports()), secrets.secretListText));
};
