import {
  parseEntry,
  UpstreamConfigError,
  type ConfigProblem,
  type McpServerEntry,
} from '../../src/upstreams/mcp-servers.ts';
import {
  brokenReference,
  fillReferences,
  hasSecret,
  looksSecret,
} from '../../src/upstreams/references.ts';
import { configFile } from './problems.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

type Fill = (text: string, field: string, isSecretPlace: boolean) => string;

const filledValues = (
  values: Readonly<Record<string, string>>,
  field: string,
  fill: Fill,
): Record<string, string> =>
  Object.fromEntries(
    Object.entries(values).map(([name, text]) => [
      name,
      fill(text, `${field}.${name}`, looksSecret(name)),
    ]),
  );

const filledEntry = (entry: McpServerEntry, fill: Fill): McpServerEntry => {
  switch (entry.kind) {
    case 'stdio':
      return {
        ...entry,
        args: entry.args.map((arg, index) => fill(arg, `args.${index}`, false)),
        env: filledValues(entry.env, 'env', fill),
      };
    case 'remote':
      return {
        ...entry,
        url: fill(entry.url, 'url', false),
        headers: filledValues(entry.headers, 'headers', fill),
      };
    case 'openapi':
      return {
        ...entry,
        baseUrl: fill(entry.baseUrl, 'baseUrl', false),
        headers: filledValues(entry.headers, 'headers', fill),
      };
  }
};

/** `--api-key=…`, or what comes after `--api-key`. Numbers are no secrets: `--max-tokens 4096`. */
const isPlainSecret = (arg: string, before: string): boolean => {
  const [, flag = '', value] = /^--?([\w-]+)=(.*)$/u.exec(arg) ?? [];
  const [, flagBefore = ''] = /^--?([\w-]+)$/u.exec(before) ?? [];
  const isValue = value === undefined && !arg.startsWith('-');
  return (
    !/^(?:\d*|true|false)$/u.test(value ?? arg) &&
    ((value !== undefined && looksSecret(flag)) || (isValue && looksSecret(flagBefore)))
  );
};

/** Arguments are written into the function's code: whoever may read that reads them. */
const argumentProblems = (name: string, args: readonly string[]): readonly ConfigProblem[] =>
  args.flatMap((arg, index) => {
    const path = `mcpServers.${name}.args.${index}`;
    const broken = brokenReference(arg);
    if (hasSecret(arg)) {
      return [{ path, message: 'takes no ${secret:…}: give it to the server in env' }];
    }
    if (broken !== undefined) {
      return [{ path, message: `${broken} is no reference: there is \${env:NAME}` }];
    }
    return isPlainSecret(arg, args[index - 1] ?? '')
      ? [{ path, message: 'looks like a secret: give it in env, as "${secret:NAME}"' }]
      : [];
  });

/**
 * The entry with its `${env:NAME}` filled in, and checked again: what a variable holds may be no URL.
 * @throws UpstreamConfigError
 */
export const fillEnvironment = (
  name: string,
  entry: McpServerEntry,
  environment: Environment,
): McpServerEntry => {
  const problems: ConfigProblem[] =
    entry.kind === 'stdio' ? [...argumentProblems(name, entry.args)] : [];
  const fill: Fill = (text, field, isSecretPlace) =>
    fillReferences(text, (reference) => {
      if (reference.source === 'secret') return reference.text;
      const refuse = (message: string): string => {
        problems.push({ path: `mcpServers.${name}.${field}`, message });
        return '';
      };
      if (isSecretPlace || looksSecret(reference.name)) {
        return refuse(
          `${reference.text} would stand in the deployment for all to read: write "\${secret:NAME}" in its place`,
        );
      }
      if (reference.field !== undefined) {
        return refuse(`${reference.text} has no fields: write \${env:${reference.name}}`);
      }
      const value = environment[reference.name];
      if (value?.includes('${') === true) {
        return refuse(`${reference.text} holds "\${", which would be read as a reference`);
      }
      if (value !== undefined) return value;
      return refuse(
        `${reference.text} is not set: the variable ${reference.name} must be in the environment of the synthesis`,
      );
    });
  const filled = filledEntry(entry, fill);
  if (problems.length > 0) throw new UpstreamConfigError(configFile, problems);
  const { kind: _, ...raw } = filled;
  return parseEntry(name, raw, configFile);
};
