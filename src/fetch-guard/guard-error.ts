/** Why a guarded request was not made, or gave nothing. Stable: callers and logs key on these. */
export type GuardRefusal =
  | 'url'
  | 'address'
  | 'unresolvable'
  | 'unreachable'
  | 'timeout'
  | 'too-large'
  | 'encoding'
  | 'redirect';

/** `message` is fixed text and names no address, so it tells a caller nothing about the network behind the guard. */
export class GuardError extends Error {
  override readonly name = 'GuardError';
  readonly code: GuardRefusal;
  /** Whether the host may have got the request. False: it surely did not, and it may be sent again. */
  readonly sent: boolean;

  constructor(
    code: GuardRefusal,
    message: string,
    options: ErrorOptions & { readonly sent?: boolean } = {},
  ) {
    super(message, options);
    this.code = code;
    this.sent = options.sent ?? false;
  }
}
