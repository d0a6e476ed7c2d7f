import { InvalidArgumentError, Option, type Command } from 'commander';
import {
  assumptions,
  isTrafficProfile,
  trafficProfileNames,
  trafficProfiles,
  type AssumptionName,
  type Traffic,
  type TrafficProfileName,
} from '../src/cost/traffic.ts';
import { CliError } from './errors.ts';

const names = Object.keys(assumptions) as readonly AssumptionName[];

/** `requestKb` is `--request-kb`. */
export const flagOf = (name: AssumptionName): string =>
  `--${name.replace(/[A-Z]/gu, (letter) => `-${letter.toLowerCase()}`)}`;

/** A number of 0 or more; where it is a share, of 1 at most. */
const parseNumber =
  (isShare: boolean) =>
  (text: string): number => {
    const value = /^\d+(\.\d+)?$/u.test(text) ? Number(text) : NaN;
    if (Number.isFinite(value) && (!isShare || value <= 1)) return value;
    throw new InvalidArgumentError(
      isShare ? 'It is a share, 0 to 1.' : 'It is a number, 0 or more.',
    );
  };

export const parseRequests = (text: string): number => {
  const value = /^\d{1,15}$/u.test(text.replaceAll('_', ''))
    ? Number(text.replaceAll('_', ''))
    : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It is a whole number of requests a month, as in 1000000.');
};

/** An option for each assumption. */
export const addAssumptionOptions = (command: Command): void => {
  for (const name of names) {
    const { meaning, unit } = assumptions[name];
    command.addOption(
      new Option(`${flagOf(name)} <${unit}>`, `assume: ${meaning}`).argParser(
        parseNumber(unit === 'share'),
      ),
    );
  }
};

export interface TrafficOptions extends Partial<Readonly<Record<AssumptionName, number>>> {
  readonly traffic?: string;
  /** The whole CLI’s `--profile`. This verb asks no AWS, so it has one meaning here. */
  readonly profile?: string;
}

const defaultProfile: TrafficProfileName = 'typical';

/** @throws CliError USAGE for a profile that there is not, and for two. */
export const profileOf = ({ traffic, profile }: TrafficOptions): TrafficProfileName => {
  if (traffic !== undefined && profile !== undefined && traffic !== profile) {
    throw new CliError(
      'USAGE',
      `two kinds of traffic are given, "${traffic}" and "${profile}": here --profile means --traffic`,
    );
  }
  const name = traffic ?? profile ?? defaultProfile;
  if (!isTrafficProfile(name)) {
    throw new CliError(
      'USAGE',
      `"${name}" is no kind of traffic: choose one of ${trafficProfileNames.join(', ')}. \`cost\` uses no AWS profile`,
    );
  }
  return name;
};

/** The profile’s assumptions, with those that were given. */
export const trafficOf = (options: TrafficOptions): Traffic => {
  const traffic: Record<AssumptionName, number> = { ...trafficProfiles[profileOf(options)] };
  for (const name of names) traffic[name] = options[name] ?? traffic[name];
  return traffic;
};

/** The assumptions that were given. */
export const givenAssumptions = (options: TrafficOptions): readonly AssumptionName[] =>
  names.filter((name) => options[name] !== undefined);
