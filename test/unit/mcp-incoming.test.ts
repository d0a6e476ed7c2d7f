import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nestsDeeperThan } from '../../lambdas/mcp/incoming.ts';
import { aMcpServer } from './support/mcp-server.ts';

const depthOf = (value: unknown): number =>
  typeof value === 'object' && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0;

const bracketed = fc.oneof(fc.string(), fc.stringMatching(/^[[\]{}"\\]{0,12}$/));
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 7, withCrossShrink: true },
    bracketed,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(bracketed, tie('value'), { maxKeys: 3 }),
    fc.constantFrom(null, true, 0),
  ),
})).value;

describe('nestsDeeperThan', () => {
  it('agrees with the depth of the parsed value, whatever stands in its strings', () => {
    fc.assert(
      fc.property(json, fc.nat(8), (value, limit) => {
        expect(nestsDeeperThan(JSON.stringify(value), limit)).toBe(depthOf(value) > limit);
      }),
    );
  });

  it('takes broken JSON too', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]{}"\\a]{0,30}$/), (text) => {
        expect(typeof nestsDeeperThan(text, 3)).toBe('boolean');
      }),
    );
    expect(nestsDeeperThan('"', 0)).toBe(false);
    expect(nestsDeeperThan(']]]]', 0)).toBe(false);
    expect(nestsDeeperThan('[', 0)).toBe(true);
  });
});

describe('any body', () => {
  const message = fc.record(
    {
      jsonrpc: fc.constantFrom('2.0', '1.0', 2),
      id: fc.oneof(fc.string(), fc.integer(), fc.constant(null)),
      method: fc.oneof(
        fc.constantFrom('tools/call', 'tools/list', 'ping', 'initialize', 'server/discover'),
        fc.string(),
      ),
      params: json,
    },
    { requiredKeys: [] },
  );

  it('is answered below 500, with one record at least and nothing in the log', async () => {
    const server = aMcpServer();
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(message, fc.array(message, { maxLength: 4 }), json),
        async (body) => {
          const before = server.auditLines.length;
          const answer = await server.post(body);
          expect(answer.status).toBeLessThan(500);
          expect(server.auditLines.length).toBeGreaterThan(before);
          expect(server.logLines).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });
});
