import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Router } from '../../../local/gateway/router.ts';
import type { Method } from '../../../local/gateway/model.ts';
import { traceContextOf } from '../../../src/trace/trace-context.ts';
import { target, textOf, type FuzzTarget } from '../target.ts';

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const outgoing = /^00-[\da-f]{32}-[\da-f]{16}-[\da-f]{2}$/u;

const trace = target({
  name: 'src/trace/trace-context.ts',
  property: 'what goes out is valid, and of the trace that came in; what is malformed is not sent',
  arbitrary: fc.record({
    traceId: hex(32),
    parent: textOf('0123456789abcdef-', 70),
    state: textOf('abc=,@*/- '),
    baggage: textOf('abc=,; '),
    xray: textOf('Root=1-;Sampled'),
  }),
  check: ({ traceId, parent, state, baggage, xray }) => {
    const sent = `00-${traceId}-00f067aa0ba902b7-01`;
    for (const traceparent of [sent, parent]) {
      const found = traceContextOf({
        meta: { traceparent, tracestate: state, baggage },
        header: (name) => (name === 'x-amzn-trace-id' ? xray : undefined),
      });
      if (found === undefined) continue;
      assert.match(found.traceparent, outgoing);
      for (const text of [found.tracestate ?? '', found.baggage ?? '']) {
        assert.doesNotMatch(text, /[^\x09\x20-\x7e]/u);
      }
      if (traceparent === sent && !/^0+$/u.test(traceId)) {
        assert.equal(found.traceparent.slice(3, 35), traceId);
      }
    }
  },
});

const router = new Router(
  ['/mcp', '/admin/{proxy+}', '/tools', '/tools/{name}', '/ci/mcp'].map((resourcePath) => ({
    method: { resourcePath, httpMethod: 'GET' } as Method,
    target: resourcePath,
  })),
);

const routes = target({
  name: 'local/gateway/router.ts',
  property: 'an encoded segment is one segment, and comes back decoded; dots lead nowhere',
  arbitrary: fc.record({
    segment: fc.string({ minLength: 1, unit: 'grapheme' }),
    path: textOf('/.%2emcpadintols;'),
  }),
  check: ({ segment, path }) => {
    const found = router.match(`/tools/${encodeURIComponent(segment)}`);
    assert.deepEqual(found?.parameters, { name: segment });
    assert.equal(found.methods.get('GET'), '/tools/{name}');
    try {
      const match = router.match(`/${path}`)?.methods.get('GET');
      const first = decodeURIComponent(`/${path}`.split('/')[1] ?? '');
      if (match !== undefined) assert.equal(match.split('/')[1], first);
    } catch (error) {
      assert.ok(error instanceof URIError, String(error));
    }
  },
});

export const routeTargets: readonly FuzzTarget[] = [trace, routes];
