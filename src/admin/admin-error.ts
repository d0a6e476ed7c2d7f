/** Every way in which an operator's request is refused or fails. Stable: scripts key on these. */
export type AdminErrorCode =
  | 'INVALID_INPUT'
  | 'TENANT_EXISTS'
  | 'TENANT_NOT_FOUND'
  | 'TENANT_SUSPENDED'
  | 'PLAN_UNKNOWN'
  | 'KEY_NOT_FOUND'
  | 'KEY_REVOKED'
  | 'KEY_REPLACED'
  | 'PRINCIPAL_EXISTS'
  | 'PRINCIPAL_NOT_FOUND'
  /** There is an MCP server of this name already. */
  | 'SERVER_EXISTS'
  | 'SERVER_NOT_FOUND'
  /** What was to be changed was changed by somebody else at the same time. */
  | 'CONFLICT'
  | 'SECRET_UNKNOWN'
  /** `config/mcp.json` or `config/mcp.lock.json` cannot be used as it is. */
  | 'CONFIG_INVALID'
  /** npm could not find a package or its dependencies. */
  | 'PACKAGE_UNRESOLVED'
  /** The text of policies cannot be put in force; what was in force still is. */
  | 'POLICY_INVALID'
  | 'POLICY_NOT_FOUND'
  /** Only operators of the deployment may do it. */
  | 'FORBIDDEN'
  /** A step failed after others were done: the message says what holds and what is left. Doing it again goes on. */
  | 'INCOMPLETE'
  /** Something differs that `doctor` could not, or must not, mend. */
  | 'DRIFT'
  /** The audit could not be opened, so nothing was done; or not written, after it was. */
  | 'AUDIT_FAILED'
  | 'DEPLOYMENT_INVALID'
  /** AWS has no such table, parameter, secret, plan or key. */
  | 'UPSTREAM_NOT_FOUND'
  /** AWS refused these credentials. */
  | 'UPSTREAM_DENIED'
  /** AWS could not be reached, or answered too late. */
  | 'UPSTREAM_UNREACHABLE'
  | 'UPSTREAM_FAILED'
  /** A step failed and what came before it could not be undone: the message names what is left. */
  | 'ROLLBACK_FAILED';

/** `message` is for the operator: what, the value, the next step. Never a key or a secret. */
export class AdminError extends Error {
  override readonly name = 'AdminError';
  readonly code: AdminErrorCode;
  constructor(code: AdminErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
