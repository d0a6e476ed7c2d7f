import * as z from 'zod';
import {
  hoursPerMonth,
  kbPerGb,
  unpriced,
  type Charge,
  type Pricer,
  type Pricers,
} from '../charge.ts';

const service = 'API Gateway';

const stageShape = z.looseObject({
  CacheClusterEnabled: z.boolean().default(false),
  TracingEnabled: z.boolean().default(false),
  MethodSettings: z
    .array(
      z.looseObject({
        MetricsEnabled: z.boolean().default(false),
        LoggingLevel: z.string().optional(),
        HttpMethod: z.string().optional(),
        ResourcePath: z.string().optional(),
      }),
    )
    .default([]),
});

/** Every 10 MB of a streamed answer count as a request. */
const kbPerRequest = 10_240;
/** Count, Latency, IntegrationLatency, 4XXError, 5XXError. */
const metricsPerMethod = 5;

const stage: Pricer = (resource, environment) => {
  const { requests, traffic, templates, road } = environment;
  const settings = stageShape.parse(resource.properties);
  if (settings.CacheClusterEnabled) return unpriced(resource, 'a cache cluster');
  if (settings.MethodSettings.some(({ LoggingLevel }) => LoggingLevel === 'INFO')) {
    return unpriced(resource, 'execution logs of every request (LoggingLevel INFO)');
  }
  const charges: Charge[] = [
    {
      service,
      what: 'requests',
      basis: 'requests',
      quantity: requests * Math.max(1, Math.ceil(traffic.responseKb / kbPerRequest)),
      price: 'apiGatewayRequest',
    },
  ];
  // Neither what CloudFront fetches nor what goes through an endpoint is data out to the internet.
  if (!road.isPrivate && road.distribution === undefined) {
    charges.push({
      service: 'Data out',
      what: 'answers to the internet',
      basis: 'requests',
      quantity: (requests * traffic.responseKb) / kbPerGb,
      price: 'dataOut',
    });
  }
  const detailed = settings.MethodSettings.filter(({ MetricsEnabled }) => MetricsEnabled);
  const isEveryMethod = detailed.some(
    ({ HttpMethod, ResourcePath }) => HttpMethod === '*' && ResourcePath === '/*',
  );
  const methods = isEveryMethod
    ? templates.ofType('AWS::ApiGateway::Method').length
    : detailed.length;
  if (methods > 0) {
    charges.push({
      service: 'CloudWatch',
      what: 'metrics of API methods that get requests',
      basis: 'inUse',
      quantity: metricsPerMethod * Math.min(methods, traffic.usedMethods),
      price: 'customMetric',
    });
  }
  return charges;
};

const endpointShape = z.looseObject({
  VpcEndpointType: z.string().default('Gateway'),
  SubnetIds: z.array(z.unknown()).default([]),
});

const vpcEndpoint: Pricer = ({ properties }, { requests, traffic }) => {
  const { VpcEndpointType, SubnetIds } = endpointShape.parse(properties);
  if (VpcEndpointType === 'Gateway') return [];
  return [
    {
      service: 'PrivateLink',
      what: 'interface endpoint, in each subnet',
      basis: 'idle',
      quantity: hoursPerMonth * Math.max(1, SubnetIds.length),
      price: 'endpointHour',
    },
    {
      service: 'PrivateLink',
      what: 'requests and answers',
      basis: 'requests',
      quantity: (requests * (traffic.requestKb + traffic.responseKb)) / kbPerGb,
      price: 'endpointData',
    },
  ];
};

export const apiGatewayPricers: Pricers = {
  'AWS::ApiGateway::Stage': stage,
  'AWS::EC2::VPCEndpoint': vpcEndpoint,
};
