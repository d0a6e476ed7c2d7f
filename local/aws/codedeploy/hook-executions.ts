import { randomBytes } from 'node:crypto';

/** What a hook may tell (AWS CodeDeploy API, "PutLifecycleEventHookExecutionStatus"). */
export type HookStatus = 'Succeeded' | 'Failed';

export interface HookExecution {
  readonly deploymentId: string;
  readonly hookExecutionId: string;
  /** That of the deployment group: who may tell is asked of it. */
  readonly groupArn: string;
  readonly status: Promise<HookStatus>;
}

interface Open extends HookExecution {
  readonly tell: (status: HookStatus) => void;
}

const deploymentIdOf = (): string =>
  `d-${randomBytes(5).toString('hex').toUpperCase().slice(0, 9)}`;

/** The hooks that run: CodeDeploy starts one and waits until the hook itself says how it went. */
export class HookExecutions {
  readonly #open = new Map<string, Open>();

  begin(groupArn: string): HookExecution {
    const { promise, resolve } = Promise.withResolvers<HookStatus>();
    const open: Open = {
      deploymentId: deploymentIdOf(),
      hookExecutionId: randomBytes(24).toString('base64url'),
      groupArn,
      status: promise,
      tell: resolve,
    };
    this.#open.set(open.hookExecutionId, open);
    return open;
  }

  find(deploymentId: string): HookExecution | undefined {
    return [...this.#open.values()].find((open) => open.deploymentId === deploymentId);
  }

  /** @returns whether there was such a hook to hear of. A hook tells once. */
  tell(deploymentId: string, hookExecutionId: string, status: HookStatus): boolean {
    const open = this.#open.get(hookExecutionId);
    if (open === undefined || open.deploymentId !== deploymentId) return false;
    this.end(hookExecutionId);
    open.tell(status);
    return true;
  }

  /** Nobody waits for it any more. */
  end(hookExecutionId: string): void {
    this.#open.delete(hookExecutionId);
  }
}
