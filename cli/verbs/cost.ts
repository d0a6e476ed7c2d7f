import { Option, type Command } from 'commander';
import { trafficProfileNames } from '../../src/cost/traffic.ts';
import { cost, type CostOptions, type ReadStacks } from '../commands/cost.ts';
import { addAssumptionOptions, parseRequests } from '../cost-options.ts';
import { costText } from '../cost-texts.ts';
import type { VerbContext } from './context.ts';

const examples = `
Examples:
  npx drawbridge cost
  npx drawbridge cost --config dev --requests 50000 --traffic small
  npx drawbridge cost --upstream-ms 1500 --upstream-share 1
  npx drawbridge cost --cdk-out cdk.out --json

--profile is an AWS profile for other commands. This one asks no AWS: here it is another name of --traffic.`;

export interface CostVerbContext extends Pick<VerbContext, 'print'> {
  readonly readStacks: ReadStacks;
}

const defaultRequests = 1_000_000;

export const addCostVerb = (program: Command, { print, readStacks }: CostVerbContext): void => {
  const command = program
    .command('cost')
    .description('say what an environment costs in a month, by its templates and list prices')
    .addHelpText('after', examples)
    .option('--config <name>', 'environment of config/ (default: that of --env, or prod)')
    .option('--cdk-out <directory>', 'what cdk synth wrote, instead of synthesizing')
    .addOption(
      new Option('--requests <number>', 'requests to /mcp in a month')
        .argParser(parseRequests)
        .default(defaultRequests),
    )
    .addOption(
      new Option('--traffic <kind>', 'what requests are like (default: typical)').choices(
        trafficProfileNames,
      ),
    );
  addAssumptionOptions(command);
  command.action(async () =>
    print(await cost(readStacks, command.optsWithGlobals<CostOptions>()), costText),
  );
};
