import { CommanderError } from 'commander';
import { AdminError, type AdminErrorCode } from '../src/admin/admin-error.ts';

export type CliErrorCode =
  | 'USAGE'
  | 'DECLINED'
  | 'TWIN_NOT_RUNNING'
  /** A server was connected to and did not answer as it should. */
  | 'CHECK_FAILED'
  /** `explain`: something refuses the call, or cannot be known. */
  | 'CALL_REFUSED'
  | 'CALL_NOT_KNOWN'
  /** The CDK app could not be synthesized, or what it wrote cannot be read. */
  | 'SYNTHESIS_FAILED'
  /** A template has something that `cost` has no price for. */
  | 'PRICE_UNKNOWN';

/** What the CLI itself refuses, before or without asking the deployment. */
export class CliError extends Error {
  override readonly name = 'CliError';
  readonly code: CliErrorCode;
  constructor(code: CliErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export interface ErrorReport {
  readonly code: CliErrorCode | AdminErrorCode | 'INTERNAL';
  readonly message: string;
  /** 2 when the command was wrong as typed, 1 when it could not be done. */
  readonly exitCode: 1 | 2;
}

const wrongAsTyped: ReadonlySet<ErrorReport['code']> = new Set(['USAGE', 'INVALID_INPUT']);

const codeOf = (error: unknown): ErrorReport['code'] => {
  if (error instanceof CommanderError) return 'USAGE';
  if (error instanceof AdminError || error instanceof CliError) return error.code;
  return 'INTERNAL';
};

/** Keys that were pasted where an id belongs must not come back out. */
const withoutKeys = (text: string): string =>
  text.replace(/(smcp_[a-z0-9-]*_[0-9A-Za-z]{8})[0-9A-Za-z]+/g, '$1…');

const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error instanceof CommanderError ? error.message.replace(/^error: /, '') : error.message;
};

export const describeError = (error: unknown): ErrorReport => {
  const code = codeOf(error);
  return {
    code,
    message: withoutKeys(messageOf(error)),
    exitCode: wrongAsTyped.has(code) ? 2 : 1,
  };
};
