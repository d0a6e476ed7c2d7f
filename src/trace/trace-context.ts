import { randomBytes } from 'node:crypto';

/** W3C Trace Context as it is passed on: the names are those of the headers and of `_meta` (MCP 2026-07-28, basic/index). */
export type TraceContext = Readonly<
  { traceparent: string } & Partial<Record<'tracestate' | 'baggage', string>>
>;

/** What may hold the trace context of a caller. */
export type TraceCarrier = Readonly<Record<string, unknown>>;

interface Parent {
  readonly traceId: string;
  readonly flags: string;
}

const zeros = /^0+$/;

/** W3C Trace Context §3.2.2: a version after 00 may have more behind what is known. */
const parentIn = (value: unknown): Parent | undefined => {
  if (typeof value !== 'string' || value.length > 512) return undefined;
  const [, version, traceId = '', spanId = '', flags = '', more] =
    /^([\da-f]{2})-([\da-f]{32})-([\da-f]{16})-([\da-f]{2})(-[\x21-\x7e]*)?$/.exec(value) ?? [];
  if (version === undefined || version === 'ff' || zeros.test(traceId) || zeros.test(spanId)) {
    return undefined;
  }
  return version === '00' && more !== undefined ? undefined : { traceId, flags };
};

export const isTraceparent = (value: unknown): value is string => parentIn(value) !== undefined;

/** W3C Trace Context §3.3.1.3, one list-member: a key, perhaps of a tenant at a vendor, and a value. */
const member =
  /^(?:[a-z][a-z\d_*/-]{0,255}|[a-z\d][a-z\d_*/-]{0,240}@[a-z][a-z\d_*/-]{0,13})=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const mostMembers = 32;
/** §3.3.1.5: as long as it must be passed on. */
const longestState = 512;

export const isTracestate = (value: unknown): value is string => {
  if (typeof value !== 'string' || value === '' || value.length > longestState) return false;
  const members = value.split(',').map((part) => part.replace(/^[ \t]+|[ \t]+$/g, ''));
  const keys = members.map((part) => part.split('=', 1)[0]);
  return (
    members.length <= mostMembers &&
    members.every((part) => member.test(part)) &&
    new Set(keys).size === keys.length
  );
};

const isBaggage = (value: unknown): value is string =>
  typeof value === 'string' && /^[\x21-\x7e][\x20-\x7e]{0,511}$/.test(value);

/** X-Ray's own header: its root is 8 and 24 hexadecimal digits, which together are a W3C trace id. */
const parentOfXRay = (header: string | undefined): Parent | undefined => {
  const [, epoch, unique] =
    /(?:^|;)Root=1-([\da-f]{8})-([\da-f]{24})(?:;|$)/.exec(header ?? '') ?? [];
  if (epoch === undefined || unique === undefined) return undefined;
  const isSampled = /(?:^|;)Sampled=1(?:;|$)/.test(header ?? '');
  return { traceId: epoch + unique, flags: isSampled ? '01' : '00' };
};

export interface TraceSources {
  /** `_meta` of the message: nearest to what is called, so it wins. */
  readonly meta?: TraceCarrier | undefined;
  /** Of the HTTP request: lower-case names. */
  readonly header: (name: string) => string | undefined;
  /** @default 8 random bytes in hexadecimal */
  readonly newSpanId?: () => string;
}

const randomSpanId = (): string => randomBytes(8).toString('hex');

/**
 * The context that goes to an upstream: the caller's trace, or X-Ray's where the caller has none, with a span of our own
 * as the parent. `tracestate` comes from where the trace came from, `baggage` from `_meta`. What is malformed counts as not
 * sent.
 *
 * @returns undefined where there is no trace at all.
 */
export const traceContextOf = ({
  meta = {},
  header,
  newSpanId = randomSpanId,
}: TraceSources): TraceContext | undefined => {
  const headers: TraceCarrier = {
    traceparent: header('traceparent'),
    tracestate: header('tracestate'),
  };
  const carrier = [meta, headers].find(({ traceparent }) => isTraceparent(traceparent));
  const parent =
    carrier === undefined
      ? parentOfXRay(header('x-amzn-trace-id'))
      : parentIn(carrier['traceparent']);
  if (parent === undefined) return undefined;
  const { tracestate } = carrier ?? {};
  const { baggage } = meta;
  return {
    traceparent: `00-${parent.traceId}-${newSpanId()}-${parent.flags}`,
    ...(isTracestate(tracestate) ? { tracestate } : {}),
    ...(isBaggage(baggage) ? { baggage } : {}),
  };
};
