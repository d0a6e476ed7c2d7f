/** An error of an AWS API: `code` as the wire names it, `status` as HTTP has it. The message reaches the caller. */
export class AwsError extends Error {
  override readonly name = 'AwsError';
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status = 400, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

/** What the twin answers to a call that it has no part for. */
export const notImplemented = (what: string): AwsError =>
  new AwsError('UnknownOperationException', `The twin does not implement ${what}`);
