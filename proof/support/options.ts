import { parseArgs, type ParseArgsConfig } from 'node:util';
import * as z from 'zod';

/** What a suite's command takes. */
export interface SuiteCommand<S extends z.ZodType> {
  /** Shown by --help, and below each complaint. */
  readonly usage: string;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Of the values as they were given. */
  readonly schema: S;
}

export class UsageError extends Error {}

/** A whole number in text, from `least` on. */
export const wholeNumber = (least: number) =>
  z
    .string()
    .regex(/^\d{1,10}$/u, 'give a whole number')
    .transform(Number)
    .refine((value) => value >= least, `give at least ${least}`);

/** @throws UsageError that names the option. */
export const parseSuiteOptions = <S extends z.ZodType>(
  { options, schema }: SuiteCommand<S>,
  args: readonly string[],
): z.infer<S> | 'help' => {
  let values: Readonly<Record<string, string | boolean | undefined | (string | boolean)[]>>;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: { ...options, help: { type: 'boolean', short: 'h', default: false } },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n', 1)[0], { cause: error });
  }
  const { help, ...given } = values;
  if (help === true) return 'help';
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const name = String(issue?.path[0] ?? '');
  throw new UsageError(`--${name} ${String(given[name] ?? '')}: ${issue?.message ?? ''}`);
};

/** The options of this process; it ends with the usage when they are not right (2), or were asked for (0). */
export const suiteOptions = <S extends z.ZodType>(command: SuiteCommand<S>): z.infer<S> => {
  try {
    const options = parseSuiteOptions(command, process.argv.slice(2));
    if (options !== 'help') return options;
    process.stdout.write(command.usage);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\n\n${command.usage}`);
    process.exit(2);
  }
};
