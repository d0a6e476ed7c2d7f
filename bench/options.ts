import { parseArgs } from 'node:util';
import * as z from 'zod';

export const usage = `Usage: npm run bench -- [--quick] [--only PART] [--variant-dir DIR]

  --quick            short rounds, in about a minute: to see that it works
  --only PART        throughput, reads, lanes, function, policies, upstreams, growth, cold or size
  --variant-dir DIR  start the bundles in DIR/authorizer and DIR/mcp beside the synthesized ones

A run without options takes about fifteen minutes, installs what it compares with once, and writes bench/results/latest.json and latest.md.
`;

const part = z.enum([
  'throughput',
  'reads',
  'lanes',
  'function',
  'policies',
  'upstreams',
  'growth',
  'cold',
  'size',
]);
export type Part = z.infer<typeof part>;

export interface BenchOptions {
  readonly parts: ReadonlySet<Part>;
  readonly quick: boolean;
  /** Holds other builds of the functions, in a folder each. */
  readonly variantDirectory: string | undefined;
  readonly help: boolean;
}

/** @throws Error when the arguments are not right. */
export const readOptions = (): BenchOptions => {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      'variant-dir': { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const only = part.optional().safeParse(values.only);
  if (!only.success) throw new Error(`--only takes one of: ${part.options.join(', ')}.`);
  return {
    parts: new Set(only.data === undefined ? part.options : [only.data]),
    quick: values.quick,
    variantDirectory: values['variant-dir'],
    help: values.help,
  };
};

/** Only a run of this kind may stand in `results/`. */
export const isWhole = ({ parts, quick, variantDirectory }: BenchOptions): boolean =>
  parts.size === part.options.length && !quick && variantDirectory === undefined;
