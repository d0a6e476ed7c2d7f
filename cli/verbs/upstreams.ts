import { Option, type Command } from 'commander';
import * as upstreams from '../commands/upstreams.ts';
import type { UpstreamsAddOptions } from '../commands/upstreams.ts';
import * as texts from '../upstream-texts.ts';
import type { VerbContext } from './context.ts';

const addExamples = `
Examples:
  npx drawbridge upstreams add weather --url https://weather.example.com/mcp --header 'Authorization=Bearer \${secret:weather-token}'
  npx drawbridge upstreams add legacy --url https://old.example.com/sse --transport sse --tenant acme
  npx drawbridge upstreams add items --openapi examples/items-api/openapi.json --base-url https://items.example.com
  npx drawbridge upstreams add '{"mcpServers": {"memory": {"command": "npx", "args": ["-y", "@modelcontextprotocol/server-memory"]}}}'
  npx drawbridge upstreams add --file servers.json`;

interface TenantOption {
  readonly tenant?: readonly string[];
}
interface ProjectOption {
  readonly configDir?: string;
}

const ofTenants = '--tenant <id...>';
const configDirectory = [
  '--config-dir <directory>',
  'where mcp.json is (default: config/)',
] as const;

export const addUpstreamVerbs = (program: Command, context: VerbContext): void => {
  const { terminal, operate, operateMaybe, project, print } = context;
  const command = program
    .command('upstreams')
    .description('add and look after the MCP servers and APIs behind the gateway');
  command
    .command('add [name] [entry]')
    .description('add a server: its entry, - for standard input, --file, or --url')
    .addHelpText('after', addExamples)
    .option('--file <file>', 'read the entry, or a document with "mcpServers", from a file')
    .option('--url <url>', 'an HTTP server')
    .option('--header <name=value...>', 'header to send; ${secret:NAME} stands for a secret')
    .addOption(
      new Option('--transport <transport>', 'of the HTTP server').choices([
        'streamable-http',
        'sse',
      ]),
    )
    .option('--openapi <file>', 'an API, by its OpenAPI document')
    .option('--base-url <url>', 'where that API is')
    .option('--prefix <prefix>', 'stands before its tools’ names (default: the name)')
    .option(ofTenants, 'tenants that see it; everybody when left out')
    .option('--replace', 'change the server when there is one of this name')
    .option(...configDirectory)
    .action(
      async (
        name: string | undefined,
        entry: string | undefined,
        options: UpstreamsAddOptions & ProjectOption,
      ) => {
        const words = [name, entry].filter((word) => word !== undefined);
        const given = await upstreams.givenServers(words, options, terminal);
        const names = given.servers.map((server) => server.name).join(',');
        await operateMaybe(['upstreams.add', names], async (connect) => {
          const opened = () => project(options.configDir);
          print(await upstreams.upstreamsAdd(connect, opened, given, options), texts.addedText);
        });
      },
    );
  command
    .command('list')
    .description('list servers, deployed and live')
    .action(() =>
      operate(['upstreams.list', null], async (ports) =>
        print(await upstreams.upstreamsList(ports), texts.serverListText),
      ),
    );
  command
    .command('show <name>')
    .description('show a server; never the value of a secret')
    .option(ofTenants, 'only of these tenants')
    .action((name: string, { tenant }: TenantOption) =>
      operate(['upstreams.show', name], async (ports) =>
        print(await upstreams.upstreamsShow(ports, name, tenant), texts.serverText),
      ),
    );
  command
    .command('check <name>')
    .description('connect to a server now, and compare its tools with what was approved')
    .option(ofTenants, 'only of these tenants')
    .option(...configDirectory)
    .action((name: string, { tenant, configDir }: TenantOption & ProjectOption) =>
      operate(['upstreams.check', name], async (ports) => {
        const views = await upstreams.upstreamsCheck(ports, project(configDir), name, tenant);
        print(views, texts.checkedText);
        upstreams.assertReached(views);
      }),
    );
  for (const [verb, enabled, description] of [
    ['enable', true, 'switch a server on'],
    ['disable', false, 'switch a server off; it holds within 30 seconds'],
  ] as const) {
    command
      .command(`${verb} <name>`)
      .description(description)
      .option(ofTenants, 'only for these tenants')
      .action((name: string, { tenant }: TenantOption) =>
        operate([`upstreams.${verb}`, name], async (ports) => {
          const switched = await upstreams.upstreamsSwitch(ports, name, enabled, tenant);
          print(switched, texts.switchedText);
        }),
      );
  }
  command
    .command('remove <name>')
    .description('take a server away: its live records, or its entry in config/mcp.json')
    .option(ofTenants, 'only of these tenants')
    .option('--yes', 'do not ask')
    .option(...configDirectory)
    .action(
      (
        name: string,
        { tenant, configDir, yes = false }: TenantOption & ProjectOption & { yes?: boolean },
      ) =>
        operate(['upstreams.remove', name], async (ports) => {
          const confirm = yes ? undefined : terminal.confirm;
          const opened = project(configDir);
          const removed = await upstreams.upstreamsRemove(ports, opened, name, tenant, confirm);
          print(removed, texts.removedText);
        }),
    );
};
