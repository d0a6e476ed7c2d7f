import type { Stack } from 'aws-cdk-lib';
import { CfnStage } from 'aws-cdk-lib/aws-apigateway';
import { Effect, Policy, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { acknowledge } from '../security-checks.ts';
import { BundledFunction } from './bundled-function.ts';

/** What Lambda itself does with a function's role to hand traces over. Our code calls neither. */
export const tracingActions = ['xray:PutTraceSegments', 'xray:PutTelemetryRecords'] as const;

/** A policy of its own: what is accepted of it is accepted of nothing else. */
const allowTraces = (traced: BundledFunction): void => {
  const { role } = traced.function;
  if (role === undefined) throw new Error('a function that is made here has a role');
  const policy = new Policy(traced, 'Tracing', {
    roles: [role],
    statements: [
      new PolicyStatement({
        effect: Effect.ALLOW,
        actions: [...tracingActions],
        resources: ['*'],
      }),
    ],
  });
  acknowledge(
    policy,
    'AwsSolutions-IAM5[Resource::*]',
    'X-Ray knows no resources for these actions (AWS: "Actions, resources, and condition keys for AWS X-Ray").',
  );
};

/**
 * Traces the requests of a stack: at its stage, and in each function of ours. Sandboxes are left out: somebody else's code gets no
 * action that its own log does not take.
 */
export const traceRequests = (stack: Stack): void => {
  for (const part of stack.node.findAll()) {
    if (part instanceof CfnStage) part.tracingEnabled = true;
    if (!(part instanceof BundledFunction)) continue;
    (part.function.node.defaultChild as CfnFunction).tracingConfig = { mode: 'Active' };
    allowTraces(part);
  }
};
