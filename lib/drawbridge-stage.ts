import { Stage, Tags } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DrawbridgeConfig } from './config.ts';
import type { FunctionAssets } from './function-assets.ts';
import { DataStack } from './stacks/data-stack.ts';
import { GatewayStack } from './stacks/gateway-stack.ts';

export interface DrawbridgeStageProps {
  readonly envName: string;
  readonly config: DrawbridgeConfig;
  readonly bundles: FunctionAssets;
}

/** One environment: what must survive in one stack, what can be made anew from sources in another. */
export class DrawbridgeStage extends Stage {
  constructor(scope: Construct, id: string, { envName, config, bundles }: DrawbridgeStageProps) {
    super(scope, id, {
      stageName: `drawbridge-${envName}`,
      env: {
        ...(config.account === undefined ? {} : { account: config.account }),
        ...(config.region === undefined ? {} : { region: config.region }),
      },
    });
    const data = new DataStack(this, 'Data', { envName, config });
    new GatewayStack(this, 'Gateway', { envName, config, bundles, data });
    Tags.of(this).add('drawbridge:env', envName);
  }
}
