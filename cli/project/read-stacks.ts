import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod';
import { stackShape, type StackTemplate } from '../../src/cost/templates.ts';
import type { ReadStacks } from '../commands/cost.ts';
import { CliError } from '../errors.ts';

const run = promisify(execFile);

const manifest = z.object({
  artifacts: z.record(
    z.string(),
    z.looseObject({
      type: z.string(),
      environment: z.string().optional(),
      displayName: z.string().optional(),
      properties: z.looseObject({ templateFile: z.string().optional() }).optional(),
    }),
  ),
});

const stackType = 'aws:cloudformation:stack';

/**
 * The stacks of a cloud assembly.
 * @throws CliError SYNTHESIS_FAILED when it is none.
 */
export const readAssembly = async (directory: string): Promise<readonly StackTemplate[]> => {
  const json = async (file: string): Promise<unknown> => {
    try {
      return JSON.parse(await readFile(path.join(directory, file), 'utf8'));
    } catch (cause) {
      throw new CliError(
        'SYNTHESIS_FAILED',
        `${path.join(directory, file)} cannot be read: is it what \`cdk synth\` wrote?`,
        { cause },
      );
    }
  };
  const { artifacts } = manifest.parse(await json('manifest.json'));
  const stacks = Object.entries(artifacts).filter(([, { type }]) => type === stackType);
  return Promise.all(
    stacks.map(async ([name, { environment = '', displayName, properties }]) =>
      stackShape.parse({
        name: displayName ?? name,
        region: environment.split('/').at(-1),
        template: await json(properties?.templateFile ?? `${name}.template.json`),
      }),
    ),
  );
};

/** What `scripts/synthesize-environment.ts` prints. */
const printed = z.union([
  z.strictObject({ directory: z.string() }),
  z.strictObject({ problem: z.string() }),
]);

/** The stacks belong to the CDK app, which the CLI starts as a program (docs/architecture.md, "Arrows"). */
export const readStacks =
  (projectDirectory: string): ReadStacks =>
  async (source) => {
    if ('cdkOut' in source) return readAssembly(path.resolve(source.cdkOut));
    const script = path.join(projectDirectory, 'scripts', 'synthesize-environment.ts');
    const { stdout } = await run(process.execPath, [script, source.config], {
      maxBuffer: 1_000_000,
      timeout: 300_000,
    });
    const answer = printed.parse(JSON.parse(stdout));
    if ('problem' in answer) throw new CliError('SYNTHESIS_FAILED', answer.problem);
    try {
      return await readAssembly(answer.directory);
    } finally {
      await rm(answer.directory, { recursive: true, force: true });
    }
  };
