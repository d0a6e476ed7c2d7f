import * as z from 'zod';
import { AwsError } from '../aws-error.ts';
import type { LogGroups } from './log-groups.ts';

export const groupName = z.string().regex(/^[.\-_/#A-Za-z0-9]{1,512}$/);
export const streamName = z.string().regex(/^[^:*]{1,512}$/);
export const token = z.string().min(1);
export const millis = z.int().nonnegative();

/** Operations name a group by name or by identifier, and by one of the two. */
export const oneGroup = {
  logGroupName: groupName.optional(),
  logGroupIdentifier: z.string().min(1).max(2048).optional(),
};

export const invalidParameter = (message: string): AwsError =>
  new AwsError('InvalidParameterException', message);

/** @throws AwsError InvalidParameterException */
export const theGroup = (
  groups: LogGroups,
  input: {
    readonly logGroupName?: string | undefined;
    readonly logGroupIdentifier?: string | undefined;
  },
): string => {
  const { logGroupName, logGroupIdentifier } = input;
  const given = [logGroupName, logGroupIdentifier].filter((one) => one !== undefined);
  const [one] = given;
  if (one === undefined || given.length > 1) {
    throw invalidParameter('Give exactly one of logGroupName and logGroupIdentifier');
  }
  return groups.nameOf(one);
};

/** Tokens of the twin say how far their reader is, and of what. */
export const offsetIn = (nextToken: string | undefined, scope: string): number => {
  if (nextToken === undefined) return 0;
  const [, of, offset] = /^(\w+)\.(\d{1,9})$/.exec(nextToken) ?? [];
  if (of !== scope) throw invalidParameter('The specified nextToken is invalid.');
  return Number(offset);
};
