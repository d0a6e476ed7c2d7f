import type { Grant, RecordedCall } from './recording.ts';

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/gu, '\\$&'))
      .join('.*')}$`,
    'u',
  );

const matches = (pattern: string, text: string): boolean =>
  pattern.includes('*') ? patternOf(pattern).test(text) : pattern === text;

/** Whether a call needed this grant. */
export const isUsedBy =
  ({ roleArn, action, resource }: Grant) =>
  (call: RecordedCall): boolean =>
    call.kind === 'allowed' &&
    call.roleArn === roleArn &&
    matches(action, call.action) &&
    matches(resource, call.resource);
