import { explain } from '../../../src/admin/explain/explain.ts';
import {
  callerName,
  explainInput,
  questionOf,
  type Question,
} from '../../../src/admin/explain/explain-input.ts';
import { showKey } from '../../../src/admin/keys.ts';
import type { Actor } from '../../../src/admin/operator.ts';
import type { AdminPorts } from '../../../src/admin/ports.ts';
import { showPrincipal } from '../../../src/admin/principals.ts';
import { route } from '../route.ts';

/** Of another tenant's caller an admin must not hear that it is unknown: it is not there to be asked about. */
const assertOwn = async (ports: AdminPorts, actor: Actor, { caller }: Question): Promise<void> => {
  if (actor.kind === 'operator') return;
  if (caller.kind === 'key') await showKey(ports, caller.keyId);
  if (caller.kind === 'principal') await showPrincipal(ports, caller.arn);
};

export const explainRoutes = [
  route({
    method: 'POST',
    path: '/admin/explain',
    operation: 'calls.explain',
    access: 'tenant',
    summary: 'says what would become of a call, and which part of the deployment decides',
    body: explainInput,
    run: async ({ ports, actor, body, about }) => {
      const question = questionOf(body);
      const target = callerName(question.caller);
      if (target !== null) about({ target });
      await assertOwn(ports, actor, question);
      const explanation = await explain({ ports }, body);
      const { tenant } = explanation;
      if (tenant !== undefined) about({ tenant });
      return { body: explanation };
    },
  }),
] as const;
