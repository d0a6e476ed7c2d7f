import { CfnSamplingRule } from 'aws-cdk-lib/aws-xray';
import { Construct } from 'constructs';

export interface RequestSamplingProps {
  readonly envName: string;
  /** As X-Ray names the API: name and stage. */
  readonly service: string;
  readonly percent: number;
}

/**
 * Which requests X-Ray keeps: a share of them. There is no reservoir, which would keep the first of each second: while requests
 * are few that is nearly all of them, at 5 USD a million. Functions follow the API.
 */
export class RequestSampling extends Construct {
  constructor(scope: Construct, id: string, { envName, service, percent }: RequestSamplingProps) {
    super(scope, id);
    new CfnSamplingRule(this, 'Rule', {
      samplingRule: {
        ruleName: `drawbridge-${envName}`,
        version: 1,
        priority: 1_000,
        reservoirSize: 0,
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
