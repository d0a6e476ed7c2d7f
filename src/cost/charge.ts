import type { PriceName } from './prices.ts';
import type { Road } from './road.ts';
import type { Resource, Templates } from './templates.ts';
import type { Traffic } from './traffic.ts';

/**
 * When a line is charged. `idle`: in every month, also without a request. `inUse`: in a month with requests, however many.
 * `requests`: in proportion to them.
 */
export type Basis = 'idle' | 'inUse' | 'requests';

export const bases: readonly Basis[] = ['idle', 'inUse', 'requests'];

/** What one resource is charged for. */
export interface Charge {
  readonly service: string;
  readonly what: string;
  readonly basis: Basis;
  /** Units of the price, in a month. */
  readonly quantity: number;
  readonly price: PriceName;
}

export interface Environment {
  readonly templates: Templates;
  readonly road: Road;
  readonly traffic: Traffic;
  /** Requests to `/mcp` in a month. */
  readonly requests: number;
}

/** @throws UnpricedError when the resource is set up in a way that is not priced. */
export type Pricer = (resource: Resource, environment: Environment) => readonly Charge[];

export type Pricers = Readonly<Record<string, Pricer>>;

/** Something in the templates that this model has no price for: a sum without it would be wrong. */
export class UnpricedError extends Error {
  override readonly name = 'UnpricedError';
  readonly unpriced: readonly string[];
  constructor(unpriced: readonly string[]) {
    super(unpriced.join('\n'));
    this.unpriced = unpriced;
  }
}

/** @throws UnpricedError */
export const unpriced = ({ stack, id, type }: Resource, setting: string): never => {
  throw new UnpricedError([`no price known for ${type} with ${setting} (${stack}/${id})`]);
};

export const kbPerGb = 1_048_576;
export const bytesPerGb = 1_073_741_824;
export const hoursPerMonth = 730;
export const secondsPerMonth = hoursPerMonth * 3_600;
