import { gatewayErrors } from '../../src/errors/gateway-error.ts';

/** How a call ended for its client. Only the first two may happen. */
export interface Ended {
  readonly kind: 'result' | 'clear error' | 'unclear';
  /** What came, for people. */
  readonly what: string;
  readonly ms: number;
  readonly status?: number;
  /** Of an answer that came whole. */
  readonly requestId?: string;
}

export interface CallOptions {
  readonly send: (signal: AbortSignal) => Promise<Response>;
  /** Of the `result` of the answer, as JSON text. */
  readonly isRight: (result: string) => boolean;
  /** Nothing may take longer. */
  readonly withinMs: number;
  /** The gateway itself goes away: that a connection ends says so to a client. */
  readonly mayLoseConnection?: boolean;
}

interface Rpc {
  readonly code?: unknown;
  readonly result?: { readonly isError?: boolean };
  readonly error?: { readonly code?: unknown; readonly message?: unknown };
}

const ofAnswer = (
  status: number,
  text: string,
  isRight: CallOptions['isRight'],
): Pick<Ended, 'kind' | 'what'> => {
  const what = `${status} ${text.slice(0, 300)}`;
  let json: Rpc;
  try {
    json = JSON.parse(text) as Rpc;
  } catch {
    return { kind: 'unclear', what };
  }
  const { code, result, error } = json;
  if (status !== 200) {
    const isKnown = typeof code === 'string' && Object.hasOwn(gatewayErrors, code);
    return { kind: isKnown ? 'clear error' : 'unclear', what };
  }
  if (error !== undefined) {
    const isWhole = typeof error.code === 'number' && typeof error.message === 'string';
    return { kind: isWhole ? 'clear error' : 'unclear', what };
  }
  if (result?.isError === true) return { kind: 'clear error', what };
  const isResult = result !== undefined && isRight(JSON.stringify(result));
  return { kind: isResult ? 'result' : 'unclear', what };
};

const reasonOf = (error: unknown): string => {
  const { message, cause } = error as Error & { cause?: { code?: string; message?: string } };
  return `${message} ${cause?.code ?? cause?.message ?? ''}`.trim();
};

/** Makes one call, and judges its end. Never throws. */
export const timedCall = async (options: CallOptions): Promise<Ended> => {
  const { send, isRight, withinMs, mayLoseConnection = false } = options;
  const startedAt = performance.now();
  const ms = (): number => Math.round(performance.now() - startedAt);
  const limit = AbortSignal.timeout(withinMs);
  try {
    const response = await send(limit);
    const text = await response.text();
    const requestId = response.headers.get('x-amzn-requestid');
    return {
      ...ofAnswer(response.status, text, isRight),
      ms: ms(),
      status: response.status,
      ...(requestId === null ? {} : { requestId }),
    };
  } catch (error) {
    if (limit.aborted) {
      return { kind: 'unclear', what: `no end within ${withinMs} ms`, ms: ms() };
    }
    const kind = mayLoseConnection ? 'clear error' : 'unclear';
    return { kind, what: `the connection: ${reasonOf(error)}`, ms: ms() };
  }
};
