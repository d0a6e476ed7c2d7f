import {
  UnpricedError,
  bases,
  type Basis,
  type Charge,
  type Environment,
  type Pricers,
} from './charge.ts';
import { priceOf, priceRegion, prices, pricesDate, type Price, type PriceName } from './prices.ts';
import { apiGatewayPricers } from './resources/api-gateway.ts';
import { dataPricers } from './resources/data.ts';
import { edgePricers } from './resources/edge.ts';
import { freeReason } from './resources/free.ts';
import { identityPricers } from './resources/identity.ts';
import { lambdaPricers } from './resources/lambda.ts';
import { observabilityPricers, traceCharges } from './resources/observability.ts';
import { ownMetricCharges } from './resources/own-metrics.ts';
import { roadOf } from './road.ts';
import { Templates, type StackTemplate } from './templates.ts';
import type { Traffic } from './traffic.ts';

const pricers: Pricers = {
  ...apiGatewayPricers,
  ...dataPricers,
  ...edgePricers,
  ...identityPricers,
  ...lambdaPricers,
  ...observabilityPricers,
};

/** One line of an estimate: equal charges of several resources together. */
export interface CostLine extends Charge {
  readonly usd: number;
  readonly unit: string;
  readonly verified: boolean;
  /** What is charged, as STACK/LOGICAL-ID; empty where no single one is. */
  readonly resources: readonly string[];
}

export interface CostEstimate {
  readonly region: typeof priceRegion;
  readonly date: string;
  readonly stacks: readonly { readonly name: string; readonly region: string }[];
  readonly requests: number;
  readonly traffic: Traffic;
  readonly lines: readonly CostLine[];
  /** USD of a month: without a request; besides, in a month with requests; for the requests; all of it. */
  readonly usd: {
    readonly idle: number;
    readonly inUse: number;
    readonly requests: number;
    readonly total: number;
    readonly perMillionRequests: number;
  };
  /** Types that cost nothing by themselves, and why. */
  readonly free: Readonly<Record<string, string>>;
  /** What is not in the sum, and why. */
  readonly left: readonly string[];
  readonly prices: Readonly<Partial<Record<PriceName, Price>>>;
}

export interface EstimateOptions {
  readonly stacks: readonly StackTemplate[];
  readonly traffic: Traffic;
  /** Requests to `/mcp` in a month. */
  readonly requests: number;
}

interface Source {
  readonly charge: Charge;
  readonly resource: string | undefined;
}

const chargesOf = (environment: Environment): readonly Source[] => {
  const missing: string[] = [];
  const sources = environment.templates.resources.flatMap((resource): readonly Source[] => {
    const pricer = pricers[resource.type];
    const name = `${resource.stack}/${resource.id}`;
    if (pricer === undefined) {
      if (freeReason(resource.type) === undefined) {
        missing.push(`no price known for ${resource.type} (${name})`);
      }
      return [];
    }
    try {
      return pricer(resource, environment).map((charge) => ({ charge, resource: name }));
    } catch (error) {
      if (!(error instanceof UnpricedError)) throw error;
      missing.push(...error.unpriced);
      return [];
    }
  });
  if (missing.length > 0) throw new UnpricedError(missing);
  return sources;
};

/** What no single resource stands for. */
const chargesOfAll = (environment: Environment): readonly Charge[] => [
  ...ownMetricCharges(environment),
  ...traceCharges(environment),
];

const linesOf = (sources: readonly Source[]): readonly CostLine[] => {
  const groups = Map.groupBy(sources, ({ charge }) =>
    JSON.stringify([charge.basis, charge.service, charge.what, charge.price]),
  );
  return [...groups.values()]
    .map((group) => {
      const { charge } = group[0]!;
      const quantity = group.reduce((sum, each) => sum + each.charge.quantity, 0);
      const { unit, verified }: Price = prices[charge.price];
      return {
        ...charge,
        quantity,
        unit,
        usd: priceOf(charge.price, quantity),
        verified,
        resources: group.flatMap(({ resource }) => resource ?? []),
      };
    })
    .filter(({ quantity }) => quantity > 0)
    .toSorted(
      (a, b) =>
        bases.indexOf(a.basis) - bases.indexOf(b.basis) ||
        Math.round((b.usd - a.usd) * 1e9) ||
        a.what.localeCompare(b.what, 'en'),
    );
};

const leftOut = ({ templates, road, requests }: Environment): readonly string[] => [
  'free tiers, taxes and support: they are of the account',
  'people’s looks at logs, traces and dashboards',
  ...(templates.ofType('AWS::KMS::Key').length === 0
    ? []
    : ['uses of the KMS key, 0.03 USD for 10,000: services keep data keys']),
  ...([road.mcp, ...road.sandboxes].every(
    ({ properties }) => properties['TenancyConfig'] === undefined,
  ) || requests === 0
    ? []
    : ['what Lambda charges for each execution environment that tenant isolation makes']),
];

/**
 * What an environment costs in a month, from its synthesized templates.
 * @throws UnpricedError that names every resource without a price.
 */
export const estimateCost = ({ stacks, traffic, requests }: EstimateOptions): CostEstimate => {
  const templates = new Templates(stacks);
  const environment = { templates, road: roadOf(templates), traffic, requests };
  const lines = linesOf([
    ...chargesOf(environment),
    ...chargesOfAll(environment).map((charge) => ({ charge, resource: undefined })),
  ]);
  const sumOf = (basis: Basis): number =>
    lines.filter((line) => line.basis === basis).reduce((sum, { usd }) => sum + usd, 0);
  const idle = sumOf('idle');
  const inUse = requests === 0 ? 0 : sumOf('inUse');
  const forRequests = sumOf('requests');
  const free = new Set(templates.resources.map(({ type }) => type));
  return {
    region: priceRegion,
    date: pricesDate,
    stacks: stacks.map(({ name, region }) => ({ name, region })),
    requests,
    traffic,
    lines: requests === 0 ? lines.filter(({ basis }) => basis === 'idle') : lines,
    usd: {
      idle,
      inUse,
      requests: forRequests,
      total: idle + inUse + forRequests,
      perMillionRequests: requests === 0 ? 0 : (forRequests / requests) * 1e6,
    },
    free: Object.fromEntries(
      [...free].sort().flatMap((type) => {
        const reason = freeReason(type);
        return reason === undefined ? [] : [[type, reason]];
      }),
    ),
    left: leftOut(environment),
    prices: Object.fromEntries(lines.map(({ price }) => [price, prices[price]])),
  };
};
