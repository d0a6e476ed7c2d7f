import { isInNetworks } from '../../credentials/source-networks.ts';
import type { DeploymentFacts } from '../ports.ts';
import { notKnown, pass, refuse, type Verdict } from './explanation.ts';
import type { Question } from './explain-input.ts';

const alwaysUnknown =
  'rates depend on the traffic of the moment, and managed rules on the whole request: the firewall’s log has what they refused';

/** The body of the call, as a client sends it at least. */
const bodyBytes = ({ tool: name, args = {} }: Question): number =>
  Buffer.byteLength(
    JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name, arguments: args },
    }),
  );

const addressProblem = (
  { caller, ip }: Question,
  { deny, ci }: NonNullable<DeploymentFacts['firewall']>,
): string | undefined => {
  if (ip === undefined) return undefined;
  if (deny !== undefined && deny.length > 0 && isInNetworks(ip, deny)) {
    return `${ip} is in a range of waf.ipSets.deny`;
  }
  const isSigned = caller.kind === 'principal';
  if (isSigned && ci !== undefined && ci.length > 0 && !isInNetworks(ip, ci)) {
    return `${ip} is in no range of waf.ipSets.ci, and only those reach /ci/mcp`;
  }
  return undefined;
};

const addressNotes = (
  { caller, ip }: Question,
  { deny, ci }: NonNullable<DeploymentFacts['firewall']>,
): readonly string[] => {
  const sets = caller.kind === 'principal' ? [deny, ci] : [deny];
  if (sets.some((set) => set === undefined)) {
    return ['the address sets are too long for the deployment’s document: they were not looked at'];
  }
  const hasRanges = sets.some((set) => set !== undefined && set.length > 0);
  return hasRanges && ip === undefined ? ['the address sets were not looked at: give --ip'] : [];
};

export const firewallStep = (facts: DeploymentFacts, question: Question): Verdict => {
  const { firewall } = facts;
  if (firewall === undefined) {
    return notKnown(
      'what the firewall refuses is not said to you, or not in the document of this deployment',
    );
  }
  const problem = addressProblem(question, firewall);
  if (problem !== undefined) return refuse(problem);
  const bytes = bodyBytes(question);
  const { maxBodyBytes } = firewall;
  if (bytes > maxBodyBytes) {
    return refuse(`the body has ${bytes} bytes, and more than ${maxBodyBytes} are refused`);
  }
  return pass(`the body has ${bytes} of at most ${maxBodyBytes} bytes`, [
    ...addressNotes(question, firewall),
    alwaysUnknown,
  ]);
};
