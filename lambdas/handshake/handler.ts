import * as z from 'zod';
import type { AwsCall } from '../../src/aws/aws-client.ts';
import { shakeHands } from '../../src/handshake/handshake.ts';
import type { SendMcp } from '../../src/handshake/mcp-requests.ts';
import type { Log } from '../../src/log/log.ts';

export interface HandshakeDeps {
  /** A way to the new version, which ends with the signal. */
  readonly serverFor: (signal: AbortSignal) => SendMcp;
  readonly codeDeploy: AwsCall;
  readonly log: Log;
}

/** AWS CodeDeploy: "AppSpec 'hooks' section", for Lambda. */
const lifecycleEvent = z.object({
  DeploymentId: z.string().min(1),
  LifecycleEventHookExecutionId: z.string().min(1),
});

export interface LambdaContext {
  readonly getRemainingTimeInMillis: () => number;
}

/** Left of the function's time to tell CodeDeploy: three attempts of five seconds, and some. */
const reportingMs = 20_000;

/** Whether the new version does what clients ask first. Never throws, and never lasts longer than it is given. */
const isFit = async ({ serverFor, log }: HandshakeDeps, timeoutMs: number): Promise<boolean> => {
  const signal = AbortSignal.timeout(Math.max(1, timeoutMs));
  try {
    const outcomes = await shakeHands(serverFor(signal));
    for (const { check, problem, detail } of outcomes) {
      if (problem === undefined) log.info('handshake.passed', { check, detail });
      else log.warn('handshake.failed', { check, problem });
    }
    return outcomes.length > 0 && outcomes.every(({ problem }) => problem === undefined);
  } catch (error) {
    log.error('handshake.broke', error);
    return false;
  }
};

/**
 * A hook of CodeDeploy, before traffic is let to a new version: tells it `Succeeded` only when every check passed, and
 * `Failed` in every other case.
 */
export const createHandler =
  (deps: HandshakeDeps) =>
  async (input: unknown, context: LambdaContext): Promise<void> => {
    const { DeploymentId, LifecycleEventHookExecutionId } = lifecycleEvent.parse(input);
    const fit = await isFit(deps, context.getRemainingTimeInMillis() - reportingMs);
    const status = fit ? 'Succeeded' : 'Failed';
    await deps.codeDeploy('PutLifecycleEventHookExecutionStatus', {
      deploymentId: DeploymentId,
      lifecycleEventHookExecutionId: LifecycleEventHookExecutionId,
      status,
    });
    deps.log.info('handshake.told', { status });
  };
