import { InvalidArgumentError, type Command } from 'commander';
import * as explain from '../commands/explain.ts';
import { explanationText } from '../explain-texts.ts';
import type { VerbContext } from './context.ts';

const examples = `
Examples:
  npx drawbridge explain --key aB3dE5gH --tool search
  npx drawbridge explain --key aB3dE5gH --tool search --args '{"query":"plan","limit":9}' --ip 203.0.113.7
  npx drawbridge explain --principal arn:aws:iam::123456789012:role/ci --tool weather_forecast --probe
  DRAWBRIDGE_KEY=smcp_… npx drawbridge explain --tool search

A key's id is enough. The whole key, in DRAWBRIDGE_KEY or asked for by --key without a value, is looked at too.`;

const unitsOf = (text: string): number => {
  if (/^\d{1,7}$/u.test(text)) return Number(text);
  throw new InvalidArgumentError('Write a number of units.');
};

export interface ExplainContext extends VerbContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export const addExplainVerb = (
  program: Command,
  { terminal, operate, print, project, environment }: ExplainContext,
): void => {
  program
    .command('explain')
    .description('say what would become of a call, and which part of the deployment decides')
    .option('--key [key]', 'id of the caller’s key, or the key; without a value it is asked for')
    .option('--principal <arn>', 'the caller: an IAM role or user')
    .requiredOption('--tool <name>', 'the tool, as clients call it')
    .option('--args <json>', 'its arguments: JSON, or @file')
    .option('--ip <address>', 'where the call comes from')
    .option('--units <number>', 'what the call costs, instead of what its tool does', unitsOf)
    .option('--probe', 'connect to the tool’s server')
    .addHelpText('after', examples)
    .action(async (options: explain.ExplainOptions) => {
      const asked = await explain.readQuestion(options, terminal, environment);
      const view = await operate(['calls.explain', asked.target], async (ports) => {
        const explained = await explain.explainCall(ports, project, asked.input);
        print(explained, explanationText);
        return explained;
      });
      explain.assertServed(view);
    });
};
