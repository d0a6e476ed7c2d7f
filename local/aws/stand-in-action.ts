import type { NamedPolicy } from './credentials.ts';

/**
 * Actions that AWS checks on a resource although its list of actions names none for them, each with another action of that
 * resource. SAM's and the CDK's own hooks are allowed the first on deployment groups, and run (AWS SAM: "Deploying
 * serverless applications gradually").
 */
const standIns: Readonly<Record<string, string>> = {
  'codedeploy:PutLifecycleEventHookExecutionStatus': 'codedeploy:DeleteDeploymentGroup',
};

export interface Simulated {
  readonly action: string;
  readonly policies: readonly NamedPolicy[];
}

/** Names that change places in a text: neither is taken for the other. */
const exchanged = (text: string, one: string, other: string): string =>
  text.replaceAll(new RegExp(`"(?:${one}|${other})"`, 'giu'), (found) =>
    found.toLowerCase() === `"${one.toLowerCase()}"` ? `"${other}"` : `"${one}"`,
  );

/**
 * What to simulate for an action: the simulator knows AWS's list, and refuses a resource that the list has not. A pattern
 * as `codedeploy:Put*` does not match the stand-in: then more is refused here than at AWS.
 */
export const simulatedOf = (action: string, policies: readonly NamedPolicy[]): Simulated => {
  const standIn = standIns[action];
  if (standIn === undefined) return { action, policies };
  return {
    action: standIn,
    policies: JSON.parse(exchanged(JSON.stringify(policies), action, standIn)) as NamedPolicy[],
  };
};
