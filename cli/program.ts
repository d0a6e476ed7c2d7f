import { Command, CommanderError } from 'commander';
import type { ProjectPorts } from '../src/admin/ports.ts';
import type { ReadStacks } from './commands/cost.ts';
import { CliError, describeError } from './errors.ts';
import { printError, printResult, type Terminal } from './io.ts';
import { operations, type Connection } from './operate.ts';
import type { TargetOptions } from './target.ts';
import type { VerbContext } from './verbs/context.ts';
import { addAuditVerbs } from './verbs/audit.ts';
import { addCostVerb } from './verbs/cost.ts';
import { addDoctorVerb } from './verbs/doctor.ts';
import { addExplainVerb } from './verbs/explain.ts';
import { addKeyVerbs } from './verbs/keys.ts';
import { addPinVerbs } from './verbs/pins.ts';
import { addPolicyVerbs } from './verbs/policies.ts';
import { addPrincipalVerbs } from './verbs/principals.ts';
import { addSecretVerbs } from './verbs/secrets.ts';
import { addSmokeVerb } from './verbs/smoke.ts';
import { addTenantVerbs } from './verbs/tenants.ts';
import { addUpstreamVerbs } from './verbs/upstreams.ts';
import { addUsageVerb } from './verbs/usage.ts';

export interface CliDeps {
  readonly terminal: Terminal;
  readonly connect: (options: TargetOptions) => Promise<Connection>;
  /** Absent where there are no files to write. */
  readonly openProject?: (configDirectory?: string) => ProjectPorts;
  /** Absent where nothing can be synthesized. */
  readonly readStacks?: ReadStacks;
  /** The twin's, where the options mean the twin. @default there is none */
  readonly demoKey?: (options: TargetOptions) => Promise<string | undefined>;
  /** @default nothing is set */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

const noStacks: ReadStacks = () =>
  Promise.reject(new CliError('USAGE', 'there are no templates of a project here'));

interface GlobalOptions extends TargetOptions {
  readonly json?: boolean;
}

const examples = `
Examples:
  npx drawbridge tenants create acme --plan free
  npx drawbridge keys create --tenant acme --name ci --expires 90d --cidr 203.0.113.0/24
  npx drawbridge keys rotate aB3dE5gH --grace 24h
  npx drawbridge --env prod keys list --tenant acme --json

Without --env, the commands go to the twin that \`npm start\` runs.`;

const buildProgram = (deps: CliDeps, json: boolean): Command => {
  const { terminal, connect, openProject, readStacks = noStacks, environment = {} } = deps;
  const { demoKey = async () => undefined } = deps;
  const program = new Command('drawbridge')
    .description(
      'Operate the tenants, keys, principals, policies and servers of a Drawbridge deployment.',
    )
    .option('--env <name>', 'deployment to operate (default: the local twin)')
    .option('--json', 'print data as JSON on stdout, errors as JSON on stderr')
    .option('--region <region>', 'AWS region of the deployment (with --env)')
    .option('--profile <profile>', 'AWS profile to use (with --env)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => {
        if (!json) terminal.err(text);
      },
      outputError: () => undefined,
    })
    .exitOverride()
    .addHelpText('after', examples);

  const project: VerbContext['project'] = (configDirectory) => {
    if (openProject !== undefined) return openProject(configDirectory);
    throw new CliError('USAGE', 'there are no files of a project here');
  };
  const context: VerbContext = {
    terminal,
    project,
    print: (data, text) => printResult(terminal, json, data, text),
    ...operations(() => connect(program.opts<GlobalOptions>())),
  };
  addTenantVerbs(program, context);
  addKeyVerbs(program, context);
  addPrincipalVerbs(program, context);
  addPolicyVerbs(program, context);
  addUsageVerb(program, context);
  addDoctorVerb(program, context);
  addExplainVerb(program, { ...context, environment });
  addUpstreamVerbs(program, context);
  addPinVerbs(program, context);
  addSecretVerbs(program, context);
  addAuditVerbs(program, context);
  addSmokeVerb(program, {
    ...context,
    environment,
    demoKey: async () => demoKey(program.opts<GlobalOptions>()),
  });
  addCostVerb(program, { ...context, readStacks });
  return program;
};

/** Runs one command line (without node and script). Answers the exit code: 0 only if it happened. */
export const runCli = async (argv: readonly string[], deps: CliDeps): Promise<number> => {
  const json = argv.includes('--json');
  try {
    await buildProgram(deps, json).parseAsync([...argv], { from: 'user' });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const report = describeError(error);
    const helpWasShown = error instanceof CommanderError && error.code === 'commander.help';
    if (!helpWasShown) printError(deps.terminal, json, report);
    else if (json) printError(deps.terminal, json, { ...report, message: 'which command?' });
    return report.exitCode;
  }
};
