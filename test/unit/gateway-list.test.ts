import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { Gateway, type CallRequest } from '../../src/gateway/gateway.ts';
import { createLog } from '../../src/log/log.ts';
import type { Role } from '../../src/principals/principal.ts';
import { encodeCursor } from '../../src/tools/cursor.ts';
import { defineTool, ToolError } from '../../src/tools/tool.ts';
import { anAdmission } from './support/admission.ts';
import { aCaller } from './support/caller.ts';

const caller = (role: Role) => aCaller({ who: { role } });

/** A gateway with so many tools, every other one read-only, given in no order. */
const aGateway = (count: number) => {
  const names = Array.from({ length: count }, (_, at) => `t${String(at).padStart(3, '0')}`);
  return new Gateway({
    admission: anAdmission().admission,
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

const pagesOf = async (gateway: Gateway, request: CallRequest) => {
  const pages: string[][] = [];
  let cursor: string | undefined;
  do {
    const page = await gateway.listTools(request, cursor);
    pages.push(page.items.map(({ name }) => name as string));
    cursor = page.nextCursor;
  } while (cursor !== undefined && pages.length < 10);
  return pages;
};

describe('the list of tools', () => {
  it('comes by name in pages of a hundred that neither repeat nor skip', async () => {
    const pages = await pagesOf(aGateway(250), caller('user'));
    expect(pages.map((page) => page.length)).toEqual([100, 100, 50]);
    expect(pages.flat()).toEqual(pages.flat().toSorted());
    expect(new Set(pages.flat()).size).toBe(250);
  });

  it('a page that is exactly full is the last one', async () => {
    for (const pages of [
      await pagesOf(aGateway(100), caller('user')),
      await pagesOf(aGateway(200), caller('readonly')),
    ]) {
      expect(pages.map((page) => page.length)).toEqual([100]);
    }
  });

  it('holds for a readonly caller only what it may call', async () => {
    const names = (await pagesOf(aGateway(250), caller('readonly'))).flat();
    expect(names).toHaveLength(125);
    expect(names.every((name) => Number(name.slice(1)) % 2 === 0)).toBe(true);
  });

  it('of no tools is empty', async () => {
    expect(await aGateway(0).listTools(caller('user'))).toEqual({
      items: [],
      missing: [],
      ttlMs: 60_000,
    });
  });

  it('refuses a cursor of something else', async () => {
    const gateway = aGateway(250);
    for (const cursor of ['', 'x', encodeCursor(100, 'another list')]) {
      await expect(gateway.listTools(caller('user'), cursor)).rejects.toThrow(ToolError);
    }
  });
});
