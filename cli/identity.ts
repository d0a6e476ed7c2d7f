import { GetCallerIdentityCommand, STSClient, type STSClientConfig } from '@aws-sdk/client-sts';
import type { Actor } from '../src/admin/operator.ts';
import { reporting } from '../src/admin/upstream-failure.ts';
import { callerArnOf, callerId } from '../src/principals/caller-arn.ts';

/** As the admin API names them; root and federated users by their ARN. */
const subjectOf = (arn: string): string => {
  const caller = callerArnOf(arn);
  return caller === undefined ? arn.slice(0, 256) : `iam:${callerId(caller)}`;
};

/** Asks AWS, once, whose credentials these are: what it says needs no permission and cannot be made up. */
export const createIdentify = (config: STSClientConfig): (() => Promise<Actor>) => {
  const ask = () =>
    reporting('ask AWS whose credentials these are', async () => {
      const { Arn = '' } = await new STSClient(config).send(new GetCallerIdentityCommand({}));
      return { kind: 'operator', subject: subjectOf(Arn) } as const;
    });
  let asked: Promise<Actor> | undefined;
  return () => (asked ??= ask());
};
