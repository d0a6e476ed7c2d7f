import { UnpricedError } from '../../src/cost/charge.ts';
import { estimateCost, type CostEstimate } from '../../src/cost/estimate.ts';
import type { StackTemplate } from '../../src/cost/templates.ts';
import type { AssumptionName, TrafficProfileName } from '../../src/cost/traffic.ts';
import { givenAssumptions, profileOf, trafficOf, type TrafficOptions } from '../cost-options.ts';
import { CliError } from '../errors.ts';

/** Where the templates come from. */
export type CostSource =
  /** An environment of `config/`: it is synthesized. */
  | { readonly config: string }
  /** A folder that `cdk synth` wrote. */
  | { readonly cdkOut: string };

/** @throws CliError SYNTHESIS_FAILED */
export type ReadStacks = (source: CostSource) => Promise<readonly StackTemplate[]>;

export interface CostOptions extends TrafficOptions {
  readonly config?: string;
  readonly cdkOut?: string;
  /** The whole CLI’s `--env`: names the configuration where `--config` does not. */
  readonly env?: string;
  readonly region?: string;
  readonly requests: number;
}

export interface CostView extends CostEstimate {
  readonly profile: TrafficProfileName;
  /** Assumptions that are not the profile’s. */
  readonly given: readonly AssumptionName[];
}

const defaultConfig = 'prod';

const sourceOf = ({ config, cdkOut, env }: CostOptions): CostSource => {
  if (cdkOut === undefined) return { config: config ?? env ?? defaultConfig };
  if (config === undefined) return { cdkOut };
  throw new CliError('USAGE', '--config and --cdk-out both say which templates: give one');
};

/** @throws CliError USAGE, SYNTHESIS_FAILED, or PRICE_UNKNOWN that names what has none. */
export const cost = async (readStacks: ReadStacks, options: CostOptions): Promise<CostView> => {
  const profile = profileOf(options);
  const stacks = await readStacks(sourceOf(options));
  try {
    const { requests } = options;
    const estimate = estimateCost({ stacks, traffic: trafficOf(options), requests });
    return { profile, given: givenAssumptions(options), ...estimate };
  } catch (error) {
    if (!(error instanceof UnpricedError)) throw error;
    throw new CliError('PRICE_UNKNOWN', error.message, { cause: error });
  }
};
