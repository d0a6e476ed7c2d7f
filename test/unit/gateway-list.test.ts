import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Gateway } from '../../src/gateway/gateway.ts';
import { createLog } from '../../src/log/log.ts';
import type { Principal } from '../../src/principals/principal.ts';
import { encodeCursor } from '../../src/tools/cursor.ts';
import { defineTool, ToolError } from '../../src/tools/tool.ts';

const caller = (role: Principal['role']): Principal => ({
  tenant: 'demo',
  subject: 'key:Abcd1234',
  role,
  lane: 'key',
  plan: 'free',
});

/** A gateway with so many tools, every other one read-only, given in no order. */
const aGateway = (count: number) => {
  const names = Array.from({ length: count }, (_, at) => `t${String(at).padStart(3, '0')}`);
  return new Gateway({
    tools: names
      .toSorted((a, b) => (a.split('').reverse().join() < b.split('').reverse().join() ? -1 : 1))
      .map((name) =>
        defineTool({
          name,
          title: name,
          description: name,
          input: z.object({}),
          output: z.object({}),
          annotations: { readOnlyHint: Number(name.slice(1)) % 2 === 0 },
          run: async () => ({}),
        }),
      ),
    toolTimeoutMs: 1_000,
    maxResultBytes: 1_000,
    log: createLog(() => undefined),
  });
};

const pagesOf = (gateway: Gateway, principal: Principal) => {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = gateway.listTools(principal, cursor);
    pages.push(page.tools.map(({ name }) => name));
    cursor = page.nextCursor;
  } while (cursor !== undefined && pages.length < 10);
  return pages;
};

describe('the list of tools', () => {
  it('comes by name in pages of a hundred that neither repeat nor skip', () => {
    const pages = pagesOf(aGateway(250), caller('user'));
    expect(pages.map((page) => page.length)).toEqual([100, 100, 50]);
    expect(pages.flat()).toEqual(pages.flat().toSorted());
    expect(new Set(pages.flat()).size).toBe(250);
  });

  it('a page that is exactly full is the last one', () => {
    expect(pagesOf(aGateway(100), caller('user')).map((page) => page.length)).toEqual([100]);
    expect(pagesOf(aGateway(200), caller('readonly')).map((page) => page.length)).toEqual([100]);
  });

  it('holds for a readonly caller only what it may call', () => {
    const names = pagesOf(aGateway(250), caller('readonly')).flat();
    expect(names).toHaveLength(125);
    expect(names.every((name) => Number(name.slice(1)) % 2 === 0)).toBe(true);
  });

  it('of no tools is empty', () => {
    expect(aGateway(0).listTools(caller('user'))).toEqual({ tools: [] });
  });

  it('refuses a cursor of something else', () => {
    const gateway = aGateway(250);
    for (const cursor of ['', 'x', encodeCursor(100, 'another list')]) {
      expect(() => gateway.listTools(caller('user'), cursor)).toThrow(ToolError);
    }
  });
});
