import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BasePolicies } from '../src/policy/base-policies.ts';
import { loadCedar } from '../src/policy/cedar.ts';
import {
  compilePolicies,
  describeProblem,
  type PolicyProblem,
} from '../src/policy/compile-policies.ts';
import { defaultPolicies } from '../src/policy/default-policies.ts';

interface PolicyFile {
  readonly name: string;
  readonly text: string;
}

const filesIn = (directory: string): readonly PolicyFile[] =>
  existsSync(directory)
    ? readdirSync(directory)
        .filter((name) => name.endsWith('.cedar'))
        .sort()
        .map((name) => ({ name, text: readFileSync(join(directory, name), 'utf8') }))
    : [];

const linesOf = ({ text }: PolicyFile): number => text.split('\n').length;

/** Where a line of all files together stands. */
const placed = (files: readonly PolicyFile[], problem: PolicyProblem): string => {
  let { line } = problem;
  for (const file of files) {
    if (line <= linesOf(file)) {
      return `config/policies/${file.name}:${describeProblem({ ...problem, line })}`;
    }
    line -= linesOf(file);
  }
  return describeProblem(problem);
};

/**
 * The deployment's policies: all files of `config/policies` in the order of their names, or the shipped ones where there is no
 * such folder.
 * @throws Error that names file, line, column and reason of everything that is wrong.
 */
export const readBasePolicies = async (configDirectory: string): Promise<BasePolicies> => {
  const directory = join(configDirectory, 'policies');
  const files = filesIn(directory);
  if (files.length === 0) {
    if (!existsSync(directory)) return { base: 'default' };
    throw new Error('config/policies has no .cedar files: nobody could call anything.');
  }
  const text = files.map((file) => file.text).join('\n');
  if (text === defaultPolicies) return { base: 'default' };
  const cedar = await loadCedar();
  const check = (of: readonly PolicyFile[]): readonly string[] => {
    const whole = of.map((file) => file.text).join('\n');
    const result = compilePolicies(cedar, { text: whole, origin: 'base' });
    return result.ok ? [] : result.problems.map((problem) => placed(of, problem));
  };
  // Each by itself first: a file that does not end would blame the next one.
  const each = files.flatMap((file) => check([file]));
  const problems = each.length > 0 ? each : check(files);
  if (problems.length > 0) {
    throw new Error(`The policies are not fit to deploy:\n  ${problems.join('\n  ')}`);
  }
  return { base: 'text', text };
};
