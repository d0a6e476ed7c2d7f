import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  callerArn,
  callerArnOf,
  callerId,
  principalArnOf,
} from '../../src/principals/caller-arn.ts';

const account = '123456789012';

describe('callerArnOf', () => {
  it.each([
    [
      'a role’s session is the role',
      `arn:aws:sts::${account}:assumed-role/ci/GitHubActions`,
      `arn:aws:iam::${account}:role/ci`,
    ],
    [
      'every character of names',
      `arn:aws:sts::${account}:assumed-role/A_b+c=d,e.f@g-h/i-0123+=,.@-x`,
      `arn:aws:iam::${account}:role/A_b+c=d,e.f@g-h`,
    ],
    [
      'another partition',
      `arn:aws-us-gov:sts::${account}:assumed-role/ci/job`,
      `arn:aws-us-gov:iam::${account}:role/ci`,
    ],
    ['a user', `arn:aws:iam::${account}:user/dev`, `arn:aws:iam::${account}:user/dev`],
    [
      'a user keeps its path, which is part of its ARN',
      `arn:aws:iam::${account}:user/team/a/dev`,
      `arn:aws:iam::${account}:user/team/a/dev`,
    ],
  ])('%s', (_, userArn, arn) => {
    expect(callerArnOf(userArn)).toBe(arn);
  });

  it.each([
    ['root', `arn:aws:iam::${account}:root`],
    ['a federated user', `arn:aws:sts::${account}:federated-user/dev`],
    ['a role, which never signs by itself', `arn:aws:iam::${account}:role/ci`],
    ['a session without a name', `arn:aws:sts::${account}:assumed-role/ci`],
    ['a session with a path', `arn:aws:sts::${account}:assumed-role/team/ci/job`],
    ['a session of another service', `arn:aws:iam::${account}:assumed-role/ci/job`],
    ['an account that is none', 'arn:aws:sts::12345:assumed-role/ci/job'],
    ['a partition that is none', `arn:evil:sts::${account}:assumed-role/ci/job`],
    ['a wildcard', `arn:aws:sts::${account}:assumed-role/*/job`],
    ['a line after it', `arn:aws:sts::${account}:assumed-role/ci/job\n`],
    ['a service', 'lambda.amazonaws.com'],
    ['nothing', ''],
  ])('%s is refused', (_, userArn) => {
    expect(callerArnOf(userArn)).toBeUndefined();
  });

  it('no text makes it throw, and what it gives is a caller’s ARN', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .tuple(fc.constantFrom('assumed-role', 'user', 'role', 'root'), fc.string(), fc.string())
        .map(([kind, a, b]) => `arn:aws:sts::${account}:${kind}/${a}/${b}`),
    );
    fc.assert(
      fc.property(text, (userArn) => {
        const arn = callerArnOf(userArn);
        if (arn !== undefined) expect(callerArn.safeParse(arn).success).toBe(true);
      }),
    );
  });
});

describe('principalArnOf', () => {
  it.each([
    [`arn:aws:iam::${account}:role/ci`, `arn:aws:iam::${account}:role/ci`],
    [`arn:aws:iam::${account}:role/team/a/ci`, `arn:aws:iam::${account}:role/ci`],
    [
      `arn:aws:iam::${account}:role/aws-reserved/sso.amazonaws.com/eu-west-1/AWSReservedSSO_X_0a`,
      `arn:aws:iam::${account}:role/AWSReservedSSO_X_0a`,
    ],
    [`arn:aws:sts::${account}:assumed-role/ci/job`, `arn:aws:iam::${account}:role/ci`],
    [`arn:aws:iam::${account}:user/a/dev`, `arn:aws:iam::${account}:user/a/dev`],
    [`arn:aws:iam::${account}:root`, undefined],
    [`arn:aws:iam::${account}:role/`, undefined],
    [`arn:aws:iam::${account}:role/*`, undefined],
  ])('%s is recorded as %s', (given, arn) => {
    expect(principalArnOf(given)).toBe(arn);
  });

  it('a recorded ARN is the one that the session is looked up by', () => {
    const recorded = principalArnOf(`arn:aws:iam::${account}:role/team/ci`);
    expect(callerArnOf(`arn:aws:sts::${account}:assumed-role/ci/job-1`)).toBe(recorded);
  });
});

describe('callerId', () => {
  it.each([
    [`arn:aws:iam::${account}:role/ci`, `${account}:role/ci`],
    [`arn:aws:iam::${account}:user/dev`, `${account}:user/dev`],
    [`arn:aws:iam::${account}:user/team/dev`, `${account}:user/dev`],
    [`arn:aws:iam::${account}:user/a:role/999999999999:role/dev`, `${account}:user/dev`],
  ])('of %s is %s', (arn, id) => {
    expect(callerId(arn)).toBe(id);
  });

  it.each([`arn:aws:iam::${account}:root`, `arn:aws:sts::${account}:assumed-role/ci/job`, 'ci'])(
    'of %s there is none',
    (arn) => {
      expect(() => callerId(arn)).toThrow('not the ARN of a role or user');
    },
  );
});
