import * as z from 'zod';
import { AwsError, notImplemented } from '../aws-error.ts';
import {
  jsonReply,
  parseDocument,
  parseInput,
  targetOperation,
  type AwsCall,
  type AwsReply,
  type AwsService,
} from '../aws-service.ts';
import type { HookExecutions } from './hook-executions.ts';

const action = 'codedeploy:PutLifecycleEventHookExecutionStatus';

/** The other statuses of the API are CodeDeploy's own: a hook may tell these. */
const statuses = ['Succeeded', 'Failed'] as const;

const putStatus = z.strictObject({
  deploymentId: z.string().min(1),
  lifecycleEventHookExecutionId: z.string().min(1),
  status: z.string(),
});

/** CodeDeploy, as far as a Lambda hook calls it. */
export class CodeDeployService implements AwsService {
  readonly signingName = 'codedeploy';
  readonly #hooks: HookExecutions;

  constructor(hooks: HookExecutions) {
    this.#hooks = hooks;
  }

  async handle(call: AwsCall): Promise<AwsReply> {
    const operation = targetOperation(call, 'CodeDeploy_20141006', 'codedeploy');
    if (operation !== 'PutLifecycleEventHookExecutionStatus') {
      throw notImplemented(`codedeploy:${operation}`);
    }
    const input = parseInput(putStatus, parseDocument(call.body), action);
    const { deploymentId, lifecycleEventHookExecutionId: hookExecutionId } = input;
    const execution = this.#hooks.find(deploymentId);
    // Whose right it is depends on the group, and so on the deployment.
    if (execution === undefined) {
      throw new AwsError('DeploymentDoesNotExistException', `No deployment ${deploymentId}.`);
    }
    await call.authorize(action, execution.groupArn);
    const status = statuses.find((known) => known === input.status);
    if (status === undefined) {
      throw new AwsError(
        'InvalidLifecycleEventHookExecutionStatusException',
        `A hook tells one of ${statuses.join(', ')}, not ${input.status}.`,
      );
    }
    if (!this.#hooks.tell(deploymentId, hookExecutionId, status)) {
      throw new AwsError(
        'InvalidLifecycleEventHookExecutionIdException',
        `No hook ${hookExecutionId} of ${deploymentId} runs.`,
      );
    }
    return jsonReply({ lifecycleEventHookExecutionId: hookExecutionId }, '1.1');
  }
}
