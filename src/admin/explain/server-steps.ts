import type { DeploymentFacts } from '../ports.ts';
import { notKnown, pass, refuse, type Verdict } from './explanation.ts';
import type { FoundTool } from './find-tool.ts';

const newTool = (newTools: DeploymentFacts['newTools']): Verdict => {
  if (newTools === 'hide') {
    return refuse('nobody approved it, and such tools are hidden: `pins approve`', 'pin:new');
  }
  return newTools === 'allow'
    ? pass('nobody approved it, and such tools are shown (upstreams.newTools)')
    : notKnown('nobody approved it, and the deployment does not say what becomes of such tools');
};

/** Whether the tool is as it was approved. */
export const pinStep = (
  { newTools }: Pick<DeploymentFacts, 'newTools'>,
  found: FoundTool,
): Verdict => {
  if (found.kind === 'own') return pass('the deployment’s own tools need no approval');
  const { pin, probed, own, server } = found;
  if (own === undefined) return notKnown('the tool is not known');
  switch (pin) {
    case 'approved':
      return pass(
        'its definition is approved',
        probed.kind === 'answered'
          ? []
          : ['whether the server lists it so now was not asked: --probe does'],
      );
    case 'changed':
      return refuse(
        `its definition is not the approved one: \`pins diff ${server.name}\` shows what differs`,
        'pin:changed',
      );
    case 'new':
      return newTool(newTools);
    case 'not-known':
      return refuse('its definition cannot be approved: it is listed twice, or nested too deeply');
  }
};

/** Whether what runs the tool answers. */
export const upstreamStep = (found: FoundTool): Verdict => {
  if (found.kind === 'own') return pass('it runs in the deployment’s function');
  const { probed, server } = found;
  switch (probed.kind) {
    case 'answered':
      return pass(`server "${server.name}" answered with ${probed.tools} tools`);
    case 'unable':
      return notKnown(probed.why);
    case 'failed':
      return refuse(`server "${server.name}" did not answer from here: ${probed.why}`);
    case 'not-asked':
      return notKnown('--probe asks the server');
  }
};
