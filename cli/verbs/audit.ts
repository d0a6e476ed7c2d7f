import { InvalidArgumentError, Option, type Command } from 'commander';
import { recordLine, recordsText, reportText } from '../audit-texts.ts';
import { parseMoment, type Moment } from '../audit-times.ts';
import * as audit from '../commands/audit.ts';
import type { VerbContext } from './context.ts';

const examples = `
Examples:
  npx drawbridge audit tail --follow --tenant acme
  npx drawbridge audit query --tenant acme --tool search --outcome tool_error --from 7d
  npx drawbridge audit query --key aB3dE5gH --from 2026-11-01 --to 2026-11-08 --json
  npx drawbridge audit verify --from 24h`;

const maxLimit = 10_000;

/** @throws InvalidArgumentError */
const parseLimit = (text: string): number => {
  const limit = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= maxLimit) return limit;
  throw new InvalidArgumentError(`Write a number from 1 to ${maxLimit}.`);
};

const moment = (flags: string, description: string, fallback?: string): Option => {
  const option = new Option(flags, description).argParser(parseMoment);
  return fallback === undefined ? option : option.default(parseMoment(fallback), fallback);
};

const withFilters = (command: Command): Command =>
  command
    .option('--tenant <id>', 'only of this tenant')
    .option('--key <keyId>', 'only of this API key')
    .option('--tool <name>', 'only calls of this tool')
    .addOption(
      new Option('--outcome <outcome>', 'only with this outcome').choices([
        'ok',
        'tool_error',
        'rpc_error',
        'refused',
        'failed',
      ]),
    );

export const addAuditVerbs = (
  program: Command,
  { terminal, operate, print }: VerbContext,
): void => {
  const command = program
    .command('audit')
    .description('read the audit, and check that nobody changed it')
    .addHelpText('after', examples);
  const isJson = (): boolean => program.opts<{ json?: boolean }>().json === true;

  withFilters(command.command('tail'))
    .description('show what has just been recorded, and what comes')
    .addOption(moment('--since <when>', 'how long ago to begin', '10m'))
    .option('--follow', 'go on until Ctrl-C; with --json one record a line')
    .action(
      (options: audit.AuditFilterOptions & { readonly since: Moment; readonly follow?: true }) =>
        operate(['audit.tail', options.tenant ?? null], async (ports) => {
          const { since, follow } = options;
          if (follow !== true) {
            const asked = { ...options, from: since, limit: maxLimit };
            print(await audit.auditQuery(ports, asked), recordsText);
            return;
          }
          const stop = new AbortController();
          const abort = (): void => stop.abort();
          process.once('SIGINT', abort).once('SIGTERM', abort);
          const text = isJson() ? JSON.stringify : recordLine;
          await audit.auditFollow(ports, options, stop.signal, (record) =>
            terminal.out(`${text(record)}\n`),
          );
        }),
    );
  withFilters(command.command('query'))
    .description('show the newest records of a time, oldest first')
    .addOption(moment('--from <when>', 'how long ago, or since when', '24h'))
    .addOption(moment('--to <when>', 'until when (default: now)'))
    .addOption(new Option('--limit <count>', 'how many at most').argParser(parseLimit).default(100))
    .action(
      (options: audit.AuditFilterOptions & audit.AuditRangeOptions & { readonly limit: number }) =>
        operate(['audit.query', options.tenant ?? null], async (ports) =>
          print(await audit.auditQuery(ports, options), recordsText),
        ),
    );
  command
    .command('verify')
    .description(
      'find records that were edited, taken out, added or moved; exit code 1 when there are',
    )
    .addOption(moment('--from <when>', 'how long ago, or since when', '24h'))
    .addOption(moment('--to <when>', 'until when (default: now)'))
    .option('--no-access', 'do not look requests of the access log up')
    .action((options: audit.AuditRangeOptions & { readonly access: boolean }) =>
      operate(['audit.verify', null], async (ports) => {
        const report = await audit.auditVerify(ports, options);
        print(report, reportText);
        audit.assertVerified(report);
      }),
    );
};
