import type { Command } from 'commander';
import * as pins from '../commands/pins.ts';
import * as texts from '../pin-texts.ts';
import type { VerbContext } from './context.ts';

const approveExamples = `
Examples:
  npx drawbridge pins diff weather
  npx drawbridge pins approve weather --tool get_forecast
  npx drawbridge pins approve everything --all --file`;

const ofTenants = '--tenant <id...>';
const configDirectory = [
  '--config-dir <directory>',
  'where mcp.json is (default: config/)',
] as const;

interface PinOptions {
  readonly tenant?: readonly string[];
  readonly configDir?: string;
}

export const addPinVerbs = (program: Command, context: VerbContext): void => {
  const { terminal, operate, project, print } = context;
  const command = program
    .command('pins')
    .description('compare the tools of servers with what was approved, and approve changes');
  command
    .command('diff [server]')
    .description('connect to a server, or to all, and show what differs from what was approved')
    .option(ofTenants, 'only of these tenants')
    .option(...configDirectory)
    .action((server: string | undefined, { tenant, configDir }: PinOptions) =>
      operate(['pins.diff', server ?? null], async (ports) => {
        const diffs = await pins.pinsDiff(ports, project(configDir), server, tenant);
        print(diffs, texts.pinDiffText);
      }),
    );
  command
    .command('approve <server>')
    .description('approve tools as the server lists them now')
    .addHelpText('after', approveExamples)
    .option('--tool <name...>', 'these tools, by the server’s own names')
    .option('--all', 'all that differ')
    .option('--file', 'write config/mcp.lock.json as well, for an entry of config/mcp.json')
    .option(ofTenants, 'only of these tenants')
    .option('--yes', 'do not show and ask')
    .option(...configDirectory)
    .action(
      (
        server: string,
        options: pins.PinsApproveOptions & PinOptions & { readonly yes?: boolean },
      ) =>
        operate(['pins.approve', server], async (ports) => {
          const asked = options.yes === true ? { ...terminal, confirm: undefined } : terminal;
          const opened = project(options.configDir);
          const approved = await pins.pinsApprove(ports, opened, server, options, asked);
          print(approved, texts.approvalText);
        }),
    );
};
