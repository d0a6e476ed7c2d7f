import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { explain } from '../../src/admin/explain/explain.ts';
import type { Explanation } from '../../src/admin/explain/explanation.ts';
import {
  callerName,
  questionOf,
  type ExplainInput,
} from '../../src/admin/explain/explain-input.ts';
import type { AdminPorts, ProjectPorts } from '../../src/admin/ports.ts';
import { CliError } from '../errors.ts';
import type { Terminal } from '../io.ts';
import type { VerbContext } from '../verbs/context.ts';

export interface ExplainOptions {
  /** `true`: without a value. */
  readonly key?: string | true;
  readonly principal?: string;
  readonly tool: string;
  readonly args?: string;
  readonly ip?: string;
  readonly units?: number;
  readonly probe?: boolean;
}

export interface Asked {
  readonly input: ExplainInput;
  /** For the audit: never a whole key. */
  readonly target: string | null;
}

const argumentsObject = z.record(z.string(), z.unknown());

/** @throws CliError USAGE, which repeats no argument. */
const readArguments = async (given: string): Promise<Record<string, unknown>> => {
  let text = given;
  if (given.startsWith('@')) {
    const file = given.slice(1);
    try {
      text = await readFile(file, 'utf8');
    } catch (error) {
      throw new CliError('USAGE', `the file ${file} of --args cannot be read`, { cause: error });
    }
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new CliError(
      'USAGE',
      '--args is not JSON: write it as in \'{"query":"plan"}\', or @file',
      {
        cause: error,
      },
    );
  }
  const parsed = argumentsObject.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new CliError('USAGE', '--args is no JSON object');
};

/** @throws CliError USAGE */
const readKey = async (
  { key, principal }: ExplainOptions,
  { askHidden }: Terminal,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> => {
  if (typeof key === 'string') return key;
  const { DRAWBRIDGE_KEY: held = '' } = environment;
  if (key === undefined && (principal !== undefined || held === '')) return undefined;
  if (held !== '') return held;
  if (askHidden === undefined) {
    throw new CliError('USAGE', 'nobody is there to ask for the key: set DRAWBRIDGE_KEY');
  }
  return askHidden('API key');
};

/** What is asked, before anything is connected to. @throws CliError USAGE or AdminError INVALID_INPUT. */
export const readQuestion = async (
  options: ExplainOptions,
  terminal: Terminal,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Asked> => {
  const { principal, tool, args, ip, units, probe } = options;
  const key = await readKey(options, terminal, environment);
  if (key === undefined && principal === undefined) {
    throw new CliError('USAGE', 'who calls? Give --key or --principal, or set DRAWBRIDGE_KEY');
  }
  const input: ExplainInput = {
    tool,
    ...(key === undefined ? {} : { key }),
    ...(principal === undefined ? {} : { principal }),
    ...(args === undefined ? {} : { args: await readArguments(args) }),
    ...(ip === undefined ? {} : { ip }),
    ...(units === undefined ? {} : { units }),
    ...(probe === undefined ? {} : { probe }),
  };
  return { input, target: callerName(questionOf(input).caller) };
};

const projectIfAny = (project: VerbContext['project']): ProjectPorts | undefined => {
  try {
    return project();
  } catch (error) {
    if (error instanceof CliError) return undefined;
    throw error;
  }
};

export const explainCall = (
  ports: AdminPorts,
  project: VerbContext['project'],
  input: ExplainInput,
): Promise<Explanation> => explain({ ports, project: projectIfAny(project) }, input);

/** After the explanation was printed. @throws CliError unless the call would be served. */
export const assertServed = ({ outcome, decidedBy, steps }: Explanation): void => {
  if (outcome === 'served') return;
  const reason = steps.find(({ step }) => step === decidedBy)?.reason ?? '';
  throw outcome === 'refused'
    ? new CliError('CALL_REFUSED', `refused at ${decidedBy ?? ''}: ${reason}`)
    : new CliError('CALL_NOT_KNOWN', `not known at ${decidedBy ?? ''}: ${reason}`);
};
