import type {
  FunctionService,
  InvokeOptions,
  StreamedInvokeResult,
} from '../lambda/function-service.ts';
import type { Exchange } from './exchange.ts';
import type { Failure } from './failures.ts';
import type { WholeResponse } from './gateway-responses.ts';
import type { LambdaIntegration } from './model.ts';
import { buildProxyEvent } from './proxy-event.ts';
import { MalformedResponse, parseProxyResponse } from './proxy-response.ts';
import { StreamRelay } from './stream-relay.ts';

/** Lambda's payload limit for an invocation (gettingstarted-limits). */
const MAX_EVENT_BYTES = 6 * 1024 * 1024;

const TIMED_OUT = Symbol('timed out');

/** `work`, or TIMED_OUT after `timeoutMs`; then a result that still comes goes to `late`. */
const within = async <T>(
  work: Promise<T>,
  timeoutMs: number,
  late: (result: T) => void,
): Promise<T | typeof TIMED_OUT> => {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<typeof TIMED_OUT>((resolve) => {
    timer = setTimeout(() => resolve(TIMED_OUT), timeoutMs);
  });
  const first = await Promise.race([work, expiry]).finally(() => clearTimeout(timer));
  if (first === TIMED_OUT) work.then(late, () => undefined);
  return first;
};

/** How an invocation that gave no payload is answered: 502 for the function's own error, 500 for Lambda's refusal. */
const failureOf = (
  result: Extract<StreamedInvokeResult, { kind: 'function-error' | 'throttled' }>,
): Failure =>
  result.kind === 'throttled'
    ? { type: 'INTEGRATION_FAILURE', status: 500, cause: 'Lambda throttled the function' }
    : {
        type: 'INTEGRATION_FAILURE',
        status: 502,
        cause: `Lambda execution failed: ${result.errorType}: ${result.errorMessage}`,
      };

const TIMEOUT: Failure = { type: 'INTEGRATION_TIMEOUT', cause: 'Execution timed out' };

/** `undefined` when the answer has been streamed to the client already. */
export type IntegrationOutcome = WholeResponse | Failure | undefined;

/**
 * Runs a Lambda proxy integration.
 * @returns the whole response, why there is none, or undefined when the response was streamed.
 */
export const runLambda = async (
  exchange: Exchange,
  integration: LambdaIntegration,
  functions: FunctionService,
  body: Buffer,
): Promise<IntegrationOutcome> => {
  const event = buildProxyEvent(exchange, body);
  if (event.length > MAX_EVENT_BYTES) return { type: 'REQUEST_TOO_LARGE' };
  const startedAt = performance.now();
  const isStream = integration.transferMode === 'STREAM';
  exchange.integration.transferMode = isStream ? 'STREAMED' : 'BUFFERED';
  const run = isStream ? runStream : runBuffered;
  try {
    const outcome = await run(exchange, integration, functions, event, startedAt);
    if (outcome && 'type' in outcome) exchange.integration.error ??= outcome.cause ?? outcome.type;
    return outcome;
  } catch (error) {
    const cause = error instanceof Error ? error.message : 'unknown error';
    exchange.integration.error = cause;
    return { type: 'API_CONFIGURATION_ERROR', cause };
  } finally {
    exchange.integration.latencyMs ??= Math.round(performance.now() - startedAt);
  }
};

type Run = (
  exchange: Exchange,
  integration: LambdaIntegration,
  functions: FunctionService,
  event: Buffer,
  startedAt: number,
) => Promise<IntegrationOutcome>;

const invokeOptions = (
  { traceId, grant, iam }: Exchange,
  { tenantFrom }: LambdaIntegration,
): InvokeOptions => {
  if (tenantFrom === undefined) return { traceId };
  const tenantId = tenantFrom.kind === 'userArn' ? iam?.userArn : grant?.context[tenantFrom.key];
  return tenantId === undefined ? { traceId } : { traceId, tenantId };
};

const runBuffered: Run = async (exchange, integration, functions, event) => {
  const { functionArn, timeoutMs } = integration;
  const { traceId } = exchange;
  const result = await within(
    functions.invoke(functionArn, event, invokeOptions(exchange, integration)),
    timeoutMs,
    () => undefined,
  );
  if (result === TIMED_OUT) return TIMEOUT;
  exchange.integration.status = result.kind === 'throttled' ? 429 : 200;
  if (result.kind !== 'payload') return failureOf(result);
  try {
    const response = parseProxyResponse(exchange, result.payload);
    exchange.integration.functionStatus = response.status;
    return { ...response, headers: ['X-Amzn-Trace-Id', traceId, ...response.headers] };
  } catch (error) {
    if (!(error instanceof MalformedResponse)) throw error;
    return { type: 'INTEGRATION_FAILURE', status: 502, cause: error.message };
  }
};

const runStream: Run = async (exchange, integration, functions, event, startedAt) => {
  const { functionArn, timeoutMs } = integration;
  const result = await within(
    functions.invokeWithResponseStream(functionArn, event, invokeOptions(exchange, integration)),
    timeoutMs,
    (late) => {
      if (late.kind === 'stream') late.body.on('error', () => undefined).destroy();
    },
  );
  if (result === TIMED_OUT) return TIMEOUT;
  exchange.integration.status = result.kind === 'throttled' ? 429 : 200;
  if (result.kind !== 'stream') return failureOf(result);
  return new StreamRelay(exchange, result.body, { startedAt, timeoutMs }).run();
};
