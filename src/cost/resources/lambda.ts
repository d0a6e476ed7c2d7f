import * as z from 'zod';
import {
  hoursPerMonth,
  kbPerGb,
  secondsPerMonth,
  unpriced,
  type Charge,
  type Environment,
  type Pricer,
  type Pricers,
} from '../charge.ts';
import type { PriceName } from '../prices.ts';
import { authorizerRuns, functionsIn } from '../road.ts';
import type { Resource } from '../templates.ts';

const service = 'Lambda';

const functionShape = z.looseObject({
  MemorySize: z.coerce.number().default(128),
  Architectures: z.array(z.string()).default(['x86_64']),
  EphemeralStorage: z.looseObject({ Size: z.coerce.number() }).optional(),
  SnapStart: z.looseObject({ ApplyOn: z.string() }).optional(),
});

/** What a function does for the requests of a month. */
interface Work {
  readonly name: string;
  readonly runs: number;
  /** Of one run. */
  readonly seconds: number;
  /** It sends the answers to the clients. */
  readonly streams: boolean;
}

const workOf = (resource: Resource, { road, traffic, requests }: Environment): Work | undefined => {
  const upstreamCalls = traffic.toolCallShare * traffic.upstreamShare;
  if (resource === road.mcp) {
    const ms = traffic.ownMs + upstreamCalls * traffic.upstreamMs;
    return { name: 'MCP function', runs: requests, seconds: ms / 1000, streams: true };
  }
  if (resource === road.authorizer) {
    return {
      name: 'authorizer',
      runs: authorizerRuns(road, requests, traffic.authorizerHitRate),
      seconds: traffic.authorizerMs / 1000,
      streams: false,
    };
  }
  if (road.sandboxes.includes(resource)) {
    const calls = (requests * upstreamCalls * traffic.sandboxShare) / road.sandboxes.length;
    return {
      name: 'stdio sandboxes',
      runs: calls,
      seconds: traffic.upstreamMs / 1000,
      streams: false,
    };
  }
  // Sign-in, administration, deployments: no request runs it.
  return undefined;
};

const provisionedConfig = z.looseObject({
  ProvisionedConcurrencyConfig: z.looseObject({
    ProvisionedConcurrentExecutions: z.coerce.number(),
  }),
});

const provisionedOf = ({ properties }: Resource): number =>
  provisionedConfig.safeParse(properties).data?.ProvisionedConcurrencyConfig
    .ProvisionedConcurrentExecutions ?? 0;

const pointerTypes = ['AWS::Lambda::Alias', 'AWS::Lambda::Version'];

/** Environments that are kept warm for a function, by its aliases and versions. */
const provisionedFor = (resource: Resource, { templates }: Environment): number =>
  templates
    .ofType(...pointerTypes)
    .filter(({ stack, properties }) =>
      functionsIn(templates, stack, properties['FunctionName']).includes(resource),
    )
    .reduce((sum, pointer) => sum + provisionedOf(pointer), 0);

const durationPrice = (isArm: boolean, isProvisioned: boolean): PriceName => {
  if (isProvisioned) return isArm ? 'lambdaOnProvisionedArm' : 'lambdaOnProvisionedX86';
  return isArm ? 'lambdaArm' : 'lambdaX86';
};

/** Lambda streams so much of an answer without a fee. */
const freeStreamKb = 6_144;
const freeEphemeralMb = 512;

const lambdaFunction: Pricer = (resource, environment) => {
  const { MemorySize, Architectures, EphemeralStorage, SnapStart } = functionShape.parse(
    resource.properties,
  );
  if (SnapStart !== undefined && SnapStart.ApplyOn !== 'None') unpriced(resource, 'SnapStart');
  const work = workOf(resource, environment);
  if (work === undefined) return [];
  const isArm = Architectures.includes('arm64');
  const line = (what: string, quantity: number, price: PriceName): Charge => ({
    service,
    what: `${work.name}, ${what}`,
    basis: 'requests',
    quantity,
    price,
  });
  const seconds = work.runs * work.seconds;
  const charges = [
    line('requests', work.runs, 'lambdaRequest'),
    line(
      `time in ${MemorySize} MB`,
      (seconds * MemorySize) / 1024,
      durationPrice(isArm, provisionedFor(resource, environment) > 0),
    ),
  ];
  const extraMb = (EphemeralStorage?.Size ?? freeEphemeralMb) - freeEphemeralMb;
  if (extraMb > 0) {
    charges.push(line('/tmp beyond 512 MB', (seconds * extraMb) / 1024, 'lambdaEphemeral'));
  }
  const streamedKb = environment.traffic.responseKb - freeStreamKb;
  if (work.streams && streamedKb > 0) {
    charges.push(line('answers beyond 6 MB', (work.runs * streamedKb) / kbPerGb, 'lambdaStreamed'));
  }
  return charges;
};

/** Charged by the hour, whether or not it is used. */
const provisioned: Pricer = (resource, { templates }) => {
  const count = provisionedOf(resource);
  if (count === 0) return [];
  const [target] = functionsIn(templates, resource.stack, resource.properties['FunctionName']);
  if (target === undefined) return unpriced(resource, 'a function of another place');
  const { MemorySize, Architectures } = functionShape.parse(target.properties);
  return [
    {
      service,
      what: `provisioned concurrency, ${count} of ${MemorySize} MB, ${hoursPerMonth} hours`,
      basis: 'idle',
      quantity: (count * secondsPerMonth * MemorySize) / 1024,
      price: Architectures.includes('arm64') ? 'lambdaProvisionedArm' : 'lambdaProvisionedX86',
    },
  ];
};

export const lambdaPricers: Pricers = {
  'AWS::Lambda::Function': lambdaFunction,
  'AWS::Lambda::Alias': provisioned,
  'AWS::Lambda::Version': provisioned,
};
