import { CfnSamplingRule } from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';

export interface RequestSamplingProps {
  readonly envName: string;
  /** As X-Ray names the API: name and stage. */
  readonly service: string;
  readonly percent: number;
}

/** Which requests X-Ray keeps: the first of each second, and a share of the others. Functions follow the API. */
export class RequestSampling extends Construct {
  constructor(scope: Construct, id: string, { envName, service, percent }: RequestSamplingProps) {
    super(scope, id);
    new CfnSamplingRule(this, 'Rule', {
      samplingRule: {
        ruleName: `drawbridge-${envName}`,
        version: 1,
        priority: 1_000,
        reservoirSize: 1,
        fixedRate: percent / 100,
        serviceName: service,
        serviceType: 'AWS::ApiGateway::Stage',
        host: '*',
        httpMethod: '*',
        urlPath: '*',
        resourceArn: '*',
      },
    });
  }
}
