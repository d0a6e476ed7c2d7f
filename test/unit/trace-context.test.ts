import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTraceparent, isTracestate, traceContextOf } from '../../src/trace/trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const parent = `00-${traceId}-b7ad6b7169203331-01`;
const own = 'aaaaaaaaaaaaaaaa';

const contextOf = (
  meta: Record<string, unknown> | undefined,
  headers: Readonly<Record<string, string>> = {},
) => traceContextOf({ meta, header: (name) => headers[name], newSpanId: () => own });

describe('the trace that goes to an upstream', () => {
  it('is that of _meta, with this call as the parent', () => {
    expect(contextOf({ traceparent: parent, tracestate: 'v=1' })).toEqual({
      traceparent: `00-${traceId}-${own}-01`,
      tracestate: 'v=1',
    });
  });

  it('is that of the HTTP headers where _meta has none', () => {
    const headers = { traceparent: parent, tracestate: 'v=2' };
    expect(contextOf({}, headers)).toEqual({
      traceparent: `00-${traceId}-${own}-01`,
      tracestate: 'v=2',
    });
    expect(contextOf(undefined, headers)).toEqual(contextOf({}, headers));
  });

  it('is that of _meta where both have one, and its tracestate is not the other’s', () => {
    const other = `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00`;
    expect(contextOf({ traceparent: other }, { traceparent: parent, tracestate: 'v=2' })).toEqual({
      traceparent: `00-${'1'.repeat(32)}-${own}-00`,
    });
  });

  it('is made of X-Ray’s root where the caller has none', () => {
    const header = (sampled: string) => ({
      'x-amzn-trace-id': `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8${sampled}`,
    });
    const id = '5759e988bd862e3fe1be46a994272793';
    expect(contextOf({}, header(';Sampled=1'))).toEqual({ traceparent: `00-${id}-${own}-01` });
    expect(contextOf({}, header(';Sampled=0'))).toEqual({ traceparent: `00-${id}-${own}-00` });
    expect(contextOf({}, header(''))).toEqual({ traceparent: `00-${id}-${own}-00` });
  });

  it('has the caller’s trace rather than X-Ray’s', () => {
    expect(
      contextOf(
        {},
        {
          traceparent: parent,
          'x-amzn-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1',
        },
      )?.traceparent,
    ).toContain(traceId);
  });

  it('is none where there is none', () => {
    expect(contextOf({})).toBeUndefined();
    expect(contextOf({ baggage: 'a=1', tracestate: 'v=1' })).toBeUndefined();
    expect(contextOf({}, { 'x-amzn-trace-id': 'Root=1-x' })).toBeUndefined();
  });

  it('carries baggage of _meta, and none of the headers', () => {
    expect(contextOf({ traceparent: parent, baggage: 'k=v' })).toMatchObject({ baggage: 'k=v' });
    expect(contextOf({ traceparent: parent, baggage: 'ü' })).not.toHaveProperty('baggage');
    expect(contextOf({}, { traceparent: parent, baggage: 'k=v' })).not.toHaveProperty('baggage');
  });

  it('has a span of its own for each call', () => {
    const spans = [1, 2].map(
      () => traceContextOf({ meta: { traceparent: parent }, header: () => undefined })?.traceparent,
    );
    expect(spans[0]).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[\da-f]{16}-01$/);
    expect(spans[0]).not.toBe(spans[1]);
  });

  it('whatever is sent, it is well-formed or there is none', () => {
    const text = fc.oneof(
      fc.string(),
      fc.constant(parent),
      fc.string().map((s) => parent + s),
    );
    fc.assert(
      fc.property(text, text, text, (traceparent, tracestate, xray) => {
        const context = contextOf({ traceparent, tracestate }, { 'x-amzn-trace-id': xray });
        if (context === undefined) return;
        expect(context.traceparent).toMatch(/^00-[\da-f]{32}-a{16}-[\da-f]{2}$/);
        for (const value of Object.values(context)) expect(value).toMatch(/^[\x20-\x7e]{1,512}$/);
      }),
    );
  });
});

describe('a traceparent', () => {
  it.each([
    ['of version 00', parent],
    ['of a later version', `cc-${traceId}-b7ad6b7169203331-01-what-comes-next`],
    ['of a later version with nothing more', `01-${traceId}-b7ad6b7169203331-09`],
  ])('%s is taken', (_, value) => {
    expect(isTraceparent(value)).toBe(true);
  });

  it.each([
    ['of version ff', `ff-${traceId}-b7ad6b7169203331-01`],
    ['of version 00 with more behind it', `${parent}-x`],
    ['with a trace id of zeros', `00-${'0'.repeat(32)}-b7ad6b7169203331-01`],
    ['with a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
    ['in capitals', parent.toUpperCase()],
    ['that is short', parent.slice(1)],
    ['with a line break behind it', `${parent}\n`],
    ['with a header behind it', `${parent}\r\nX-Key: b`],
    ['that is a number', 5],
    ['that is not there', undefined],
  ])('%s is dropped', (_, value) => {
    expect(isTraceparent(value)).toBe(false);
  });
});

describe('a tracestate', () => {
  it.each([
    'a=1',
    'congo=t61rcWkgMzE,rojo=00f067aa0ba902b7',
    'a=1 , b=2',
    'tenant@vendor=x y',
    `a=${'x'.repeat(256)}`,
    Array.from({ length: 32 }, (_, index) => `k${index}=v`).join(),
  ])('%s is taken', (value) => {
    expect(isTracestate(value)).toBe(true);
  });

  it.each([
    '',
    'a',
    'a=',
    '=1',
    'A=1',
    'a=1,,b=2',
    'a=1,a=2',
    'a=1=2',
    'a=ü',
    'a=1\r\nX-Key: b',
    `a=${'x'.repeat(257)}`,
    Array.from({ length: 33 }, (_, index) => `k${index}=v`).join(),
    `a=${'x'.repeat(255)},b=${'x'.repeat(255)}`,
  ])('%j is dropped', (value) => {
    expect(isTracestate(value)).toBe(false);
  });
});
