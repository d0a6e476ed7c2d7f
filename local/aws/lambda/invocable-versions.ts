import { qualifiedArns } from '../../lambda/qualified-arns.ts';
import type { Deployment } from '../../template/deployment.ts';

/** By ARN, which version runs: of functions, and of their versions and aliases. */
export const invocableVersions = (deployment: Deployment): ReadonlyMap<string, string> =>
  new Map([
    ...deployment.ofType('AWS::Lambda::Function').map(({ arn }) => [arn, '$LATEST'] as const),
    ...[...qualifiedArns(deployment).values()].flatMap((qualified) => Object.entries(qualified)),
  ]);
