/** Prices hold in this region. */
export const priceRegion = 'us-east-1';

/** The day on which the table was last gone through. */
export const pricesDate = '2026-11-28';

export interface Price {
  /** What one of which is. */
  readonly unit: string;
  /**
   * USD for each unit, by how many there are in a month. The last tier has no end.
   * AWS counts an account’s usage together; here each line stands alone, so a cheaper tier is reached later.
   */
  readonly tiers: readonly { readonly usd: number; readonly upTo?: number }[];
  /** Where the provider publishes it. */
  readonly source: string;
  /** When it was compared with a published figure. */
  readonly date: string;
  /** False where no published copy of the figure was at hand: it is from memory. */
  readonly verified: boolean;
  readonly note?: string;
}

const page = (service: string): string => `https://aws.amazon.com/${service}/pricing/`;

type Details = Partial<Pick<Price, 'verified' | 'note'>>;

const tiered = (
  unit: string,
  service: string,
  tiers: Price['tiers'],
  details: Details = {},
): Price => ({ unit, tiers, source: page(service), date: pricesDate, verified: true, ...details });

const flat = (usd: number, unit: string, service: string, details: Details = {}): Price =>
  tiered(unit, service, [{ usd }], details);

/** `usd` is for a million. */
const perMillion = (usd: number, unit: string, service: string, details: Details = {}): Price =>
  flat(usd / 1e6, unit, service, details);

const fromMemory = { verified: false, note: 'From memory: no published copy was at hand.' };

/** AWS list prices, without free tiers: an account has them once, and a second environment would get none. */
export const prices = {
  apiGatewayRequest: tiered('request', 'api-gateway', [
    { usd: 3.5 / 1e6, upTo: 333e6 },
    { usd: 2.8 / 1e6, upTo: 1_000e6 },
    { usd: 2.38 / 1e6, upTo: 20_000e6 },
    { usd: 1.51 / 1e6 },
  ]),

  wafAcl: flat(5, 'web ACL', 'waf'),
  wafRule: flat(1, 'rule', 'waf'),
  wafRequest: perMillion(0.6, 'request', 'waf', {
    note: 'A web ACL of more than 1,500 capacity units costs 0.20 more per million for each 500.',
  }),
  wafBodyInspection: perMillion(0.3, '16 KB inspected beyond the first', 'waf', fromMemory),

  lambdaRequest: perMillion(0.2, 'request', 'lambda'),
  lambdaArm: tiered('GB-second', 'lambda', [
    { usd: 0.0000133334, upTo: 7.5e9 },
    { usd: 0.0000120001, upTo: 18.75e9 },
    { usd: 0.0000106667 },
  ]),
  lambdaX86: tiered('GB-second', 'lambda', [
    { usd: 0.0000166667, upTo: 6e9 },
    { usd: 0.000015, upTo: 15e9 },
    { usd: 0.0000133334 },
  ]),
  lambdaProvisionedArm: flat(0.0000033334, 'GB-second', 'lambda'),
  lambdaProvisionedX86: flat(0.0000041667, 'GB-second', 'lambda', fromMemory),
  lambdaOnProvisionedArm: flat(0.0000077778, 'GB-second', 'lambda'),
  lambdaOnProvisionedX86: flat(0.0000097222, 'GB-second', 'lambda', fromMemory),
  lambdaEphemeral: flat(0.0000000309, 'GB-second', 'lambda'),
  lambdaStreamed: flat(0.008, 'GB beyond 6 MB', 'lambda', fromMemory),

  dynamoDbRead: perMillion(0.125, 'read unit', 'dynamodb'),
  dynamoDbWrite: perMillion(0.625, 'write unit', 'dynamodb'),
  dynamoDbStorage: flat(0.25, 'GB', 'dynamodb'),
  dynamoDbRecovery: flat(0.2, 'GB', 'dynamodb'),

  logsIngested: flat(0.5, 'GB', 'cloudwatch'),
  logsIngestedInfrequent: flat(0.25, 'GB', 'cloudwatch'),
  logsStored: flat(0.03, 'GB, compressed', 'cloudwatch'),
  logsMasked: flat(0.12, 'GB searched', 'cloudwatch'),
  customMetric: tiered('metric', 'cloudwatch', [
    { usd: 0.3, upTo: 10_000 },
    { usd: 0.1, upTo: 250_000 },
    { usd: 0.05, upTo: 1_000_000 },
    { usd: 0.02 },
  ]),
  alarm: flat(0.1, 'alarm metric', 'cloudwatch'),
  fastAlarm: flat(0.3, 'alarm metric of less than a minute', 'cloudwatch'),
  compositeAlarm: flat(0.5, 'composite alarm', 'cloudwatch', fromMemory),
  dashboard: flat(3, 'dashboard', 'cloudwatch'),
  contributorRule: flat(0.5, 'rule', 'cloudwatch', fromMemory),
  trace: perMillion(5, 'trace', 'xray'),

  secret: flat(0.4, 'secret', 'secrets-manager'),
  secretRead: flat(0.05 / 1e4, 'read', 'secrets-manager'),
  kmsKey: flat(1, 'key', 'kms', {
    note: 'The first and the second yearly rotation add 1 USD a month each.',
  }),
  advancedParameter: flat(0.05, 'parameter', 'systems-manager', fromMemory),

  dataOut: tiered('GB', 'ec2/on-demand', [
    { usd: 0.09, upTo: 10_240 },
    { usd: 0.085, upTo: 51_200 },
    { usd: 0.07, upTo: 153_600 },
    { usd: 0.05 },
  ]),
  endpointHour: flat(0.01, 'hour', 'privatelink'),
  endpointData: flat(0.01, 'GB', 'privatelink'),
  hostedZone: flat(0.5, 'hosted zone', 'route53'),
  healthCheck: flat(0.5, 'health check', 'route53', fromMemory),

  cloudFrontRequest: flat(0.01 / 1e4, 'request', 'cloudfront'),
  cloudFrontFunction: perMillion(0.1, 'run', 'cloudfront'),
  cloudFrontOut: flat(0.085, 'GB', 'cloudfront', {
    note: 'First tier, to North America and Europe.',
  }),
  cloudFrontToOrigin: flat(0.02, 'GB', 'cloudfront'),

  cognitoUserLite: flat(0.0055, 'user of the month', 'cognito', fromMemory),
  cognitoUserEssentials: flat(0.015, 'user of the month', 'cognito', fromMemory),
  cognitoUserPlus: flat(0.02, 'user of the month', 'cognito', fromMemory),
  cognitoMachineClient: flat(6, 'machine client', 'cognito'),
  cognitoMachineToken: flat(2.25 / 1e3, 'token', 'cognito'),

  firehose: flat(0.029, 'GB', 'firehose', fromMemory),
  s3Storage: flat(0.023, 'GB', 's3'),
  backupStorage: flat(0.1, 'GB', 'backup', fromMemory),
} as const satisfies Readonly<Record<string, Price>>;

export type PriceName = keyof typeof prices;

/** What so many units cost in a month, tier by tier. */
export const priceOf = (name: PriceName, quantity: number): number => {
  const { tiers }: Price = prices[name];
  let from = 0;
  let usd = 0;
  for (const tier of tiers) {
    const to = Math.min(quantity, tier.upTo ?? Infinity);
    if (to > from) usd += (to - from) * tier.usd;
    from = tier.upTo ?? Infinity;
  }
  return usd;
};
