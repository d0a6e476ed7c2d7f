import type { HookExecutions, HookStatus } from '../aws/codedeploy/hook-executions.ts';
import type { FunctionService } from '../lambda/function-service.ts';
import type { Deployment } from '../template/deployment.ts';
import { liveDeployments } from './live-deployment.ts';

export interface SimulatedDeployment {
  /** `aws:cdk:path` of the alias. */
  readonly alias: string;
  readonly configName: string;
  /** What the hook told CodeDeploy; `none` when it told nothing in time, which CodeDeploy takes for a failure. */
  readonly hook: HookStatus | 'none' | 'no hook';
  readonly traffic: 'shifted' | 'rolled back';
}

export interface SimulationParts {
  readonly deployment: Deployment;
  readonly functions: FunctionService;
  readonly hooks: HookExecutions;
  /** How long a hook is waited for; CodeDeploy waits for an hour. @default four minutes */
  readonly timeoutMs?: number;
}

const within = async <T>(work: Promise<T>, timeoutMs: number): Promise<T | undefined> => {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), timeoutMs);
  });
  return Promise.race([work, expiry]).finally(() => clearTimeout(timer));
};

/**
 * Does what CodeDeploy does before it lets traffic to a new version: invokes the hook, and waits for what the hook tells
 * CodeDeploy's API. How the hook's invocation ends does not matter, as at AWS. Steps and alarms are not simulated.
 */
export const simulateDeployments = async ({
  deployment,
  functions,
  hooks,
  timeoutMs = 240_000,
}: SimulationParts): Promise<readonly SimulatedDeployment[]> => {
  const outcomes: SimulatedDeployment[] = [];
  for (const { alias, configName, groupArn, hookArn } of liveDeployments(deployment)) {
    const hook =
      hookArn === undefined
        ? 'no hook'
        : await runHook({ functions, hooks, groupArn, hookArn, timeoutMs });
    outcomes.push({
      alias: alias.displayName,
      configName,
      hook,
      traffic: hook === 'Succeeded' || hook === 'no hook' ? 'shifted' : 'rolled back',
    });
  }
  return outcomes;
};

const runHook = async ({
  functions,
  hooks,
  groupArn,
  hookArn,
  timeoutMs,
}: {
  readonly functions: FunctionService;
  readonly hooks: HookExecutions;
  readonly groupArn: string;
  readonly hookArn: string;
  readonly timeoutMs: number;
}): Promise<HookStatus | 'none'> => {
  const { deploymentId, hookExecutionId, status } = hooks.begin(groupArn);
  try {
    const event = { DeploymentId: deploymentId, LifecycleEventHookExecutionId: hookExecutionId };
    const ended = functions
      .invoke(hookArn, Buffer.from(JSON.stringify(event)))
      // Whoever ended without a word will not say one any more.
      .then(() => undefined);
    return (await within(Promise.race([status, ended]), timeoutMs)) ?? 'none';
  } finally {
    hooks.end(hookExecutionId);
  }
};
