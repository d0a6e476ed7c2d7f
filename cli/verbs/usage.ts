import { Option, type Command } from 'commander';
import { usageDimensions } from '../../src/admin/ports.ts';
import * as usage from '../commands/usage.ts';
import * as texts from '../usage-texts.ts';
import type { VerbContext } from './context.ts';

const examples = `
Examples:
  npx drawbridge usage
  npx drawbridge usage acme
  npx drawbridge usage acme --by tool --from 2026-11-01
  npx drawbridge usage --by day`;

export const addUsageVerb = (program: Command, { operate, print }: VerbContext): void => {
  program
    .command('usage [tenant]')
    .description(
      'tell what was used: of all tenants, of one against its limits, or by key, tool or day',
    )
    .addHelpText('after', examples)
    .option('--key <keyId>', 'with the limits of this key')
    .addOption(new Option('--by <what>', 'from the audit log').choices(usageDimensions))
    .option('--from <time>', 'day or time, ISO 8601 (default: 7 days before the end)')
    .option('--to <time>', 'day or time, ISO 8601, not included (default: now)')
    .action((tenant: string | undefined, options: usage.UsageOptions) => {
      usage.assertUsageOptions(tenant, options);
      const { by, key } = options;
      const about = tenant === undefined ? {} : { tenant };
      return operate(['usage.read', tenant ?? null, about], async (ports) => {
        if (by !== undefined) {
          print(await usage.usageBy(ports, tenant, by, options), texts.breakdownText);
        } else if (tenant !== undefined) {
          print(await usage.usageShow(ports, tenant, key), texts.usageText);
        } else {
          print(await usage.usageList(ports), texts.usageListText);
        }
      });
    });
};
