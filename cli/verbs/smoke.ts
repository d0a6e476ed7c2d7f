import type { Command } from 'commander';
import { httpExchange } from '../../src/smoke/http-exchange.ts';
import { runSmoke, type SmokeOutcome } from '../../src/smoke/smoke.ts';
import * as smoke from '../commands/smoke.ts';
import { printable, renderTable } from '../io.ts';
import type { VerbContext } from './context.ts';

const examples = `
Examples:
  npx drawbridge smoke
  DRAWBRIDGE_KEY=smcp_… npx drawbridge --env prod smoke
  npx drawbridge smoke --url https://mcp.example.com --key

The key is read from DRAWBRIDGE_KEY, or asked for. The twin’s demo key is known.`;

const tableText = (outcomes: readonly SmokeOutcome[]): string =>
  renderTable(
    ['CHECK', 'RESULT', 'DETAIL'],
    outcomes.map(({ check, result, detail }) => [check, result, printable(detail)]),
  );

export type SmokeContext = VerbContext & Pick<smoke.KeySources, 'environment' | 'demoKey'>;

export const addSmokeVerb = (
  program: Command,
  { terminal, operateMaybe, print, environment, demoKey }: SmokeContext,
): void => {
  program
    .command('smoke')
    .description('call a deployment as clients do, and say of each check how it went')
    .option('--url <url>', 'where clients reach the API, instead of where the deployment says')
    .option('--key', 'ask for the API key')
    .addHelpText('after', examples)
    .action(async (options: smoke.SmokeOptions) => {
      const given = options.url === undefined ? undefined : smoke.urlOf(options.url);
      const key = await smoke.readKey(options, {
        terminal,
        environment,
        demoKey: given === undefined ? demoKey : async () => undefined,
      });
      const outcomes = await operateMaybe(['deployment.smoke', null], async (connect) => {
        if (given !== undefined) {
          return runSmoke({ url: given, key, exchange: httpExchange(given) });
        }
        const { deployment } = await connect();
        const url = smoke.publicUrlOf(deployment);
        const closed = smoke.closedHostOf(deployment);
        return runSmoke({ url, key, exchange: httpExchange(url), closed });
      });
      print(outcomes, tableText);
      smoke.assertAllPassed(outcomes);
    });
};
