import { AdminError, type AdminErrorCode } from '../../src/admin/admin-error.ts';
import type { Actor } from '../../src/admin/operator.ts';
import { GatewayError, gatewayErrors } from '../../src/errors/gateway-error.ts';
import { adminErrorStatus } from './error-status.ts';

export interface ErrorAnswer {
  readonly status: number;
  readonly code: string;
  readonly message: string;
  readonly headers: Readonly<Record<string, string>>;
}

const broken = 'A part of the deployment could not do this: tell an operator the request id';

/** Of errors whose messages name parts of the deployment in AWS: what a tenant's admin, or nobody, is told instead. */
const outside: Readonly<Partial<Record<AdminErrorCode, string>>> = {
  DEPLOYMENT_INVALID: broken,
  UPSTREAM_NOT_FOUND: broken,
  UPSTREAM_DENIED: broken,
  UPSTREAM_UNREACHABLE: broken,
  UPSTREAM_FAILED: broken,
  AUDIT_FAILED: broken,
  DRIFT: broken,
  INCOMPLETE: 'It was done in part: look at it, and send the request again to go on',
  ROLLBACK_FAILED:
    'It was not done, and not all of it could be undone: tell an operator the request id',
};

const messageOf = ({ code, message }: AdminError, actor: Actor | undefined): string =>
  actor?.kind === 'operator' ? message : (outside[code] ?? message);

/** How an error is answered. Whatever is not known is INTERNAL, with a fixed text. */
export const errorAnswerOf = (error: unknown, actor: Actor | undefined): ErrorAnswer => {
  if (error instanceof AdminError) {
    const { code } = error;
    return { status: adminErrorStatus[code], code, message: messageOf(error, actor), headers: {} };
  }
  if (error instanceof GatewayError) {
    const { code, message, headers } = error;
    return { status: gatewayErrors[code].httpStatus, code, message, headers };
  }
  return { status: 500, code: 'INTERNAL', message: 'Internal error', headers: {} };
};
