import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/admin/keys.ts';
import { setPolicies, showPolicies } from '../../src/admin/policies.ts';
import { bearer, callOf, post, runTwin, type RunningTwin } from './support/running-twin.ts';

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
});
afterAll(() => running[Symbol.asyncDispose]());

const keyIdOf = (key: string): string => key.split('_')[2]?.slice(0, 8) ?? '';

const list = async (key: string) => {
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const { json, headers } = await post(running.mcpUrl, body, bearer(key));
  const tools = (json?.result?.['tools'] ?? []) as readonly { name: string }[];
  return { names: tools.map(({ name }) => name), headers, json };
};

const call = (key: string, name: string, args: object) =>
  post(running.mcpUrl, callOf(name, args), bearer(key));

const set = (tenant: string, text: string) =>
  setPolicies(running.admin, { tenant, text, by: 'test' });

/** The second key may not fetch at all, and nobody may ask for more than 5 documents at once. */
const rules = (keyId: string) => `
@id("no-fetch")
forbid (principal == Drawbridge::Caller::"ruled/key:${keyId}", action, resource)
when { resource.name == "fetch" };

@id("few-at-once")
@message("Ask for at most 5 at once.")
forbid (principal, action, resource == Drawbridge::Tool::"search")
when { context.args has limit && context.args.limit > 5 };
`;

describe('two callers of one tenant', () => {
  let free: string;
  let bound: string;
  beforeAll(async () => {
    free = await running.keyOn('premium', 'ruled');
    bound = (await createKey(running.admin, { tenant: 'ruled', name: 'bound' })).key;
    await set('ruled', rules(keyIdOf(bound)));
  });

  it('see different lists, each for itself', async () => {
    // The authorizer's answers of before may be cached for five seconds; these keys were never used.
    expect((await list(free)).names).toEqual(['fetch', 'search']);
    expect((await list(bound)).names).toEqual(['search']);
    const client = new Client(
      { name: 't', version: '1' },
      { versionNegotiation: { mode: 'auto' } },
    );
    await client.connect(
      new StreamableHTTPClientTransport(new URL(running.mcpUrl), {
        authProvider: { token: async () => bound },
      }),
    );
    const listed = await client.listTools();
    expect(listed.tools.map(({ name }) => name)).toEqual(['search']);
    expect(JSON.stringify(listed)).not.toContain('"public"');
    await client.close();
  });

  it('have a tool that is denied answer like one that is not there', async () => {
    const denied = await call(bound, 'fetch', { id: 'pins.md' });
    const unknown = await call(bound, 'nothing-like-it', { id: 'pins.md' });
    expect(denied.status).toBe(unknown.status);
    expect(denied.text).toBe(unknown.text);
    expect((await call(free, 'fetch', { id: 'pins.md' })).json?.result?.isError).toBeUndefined();
  });

  it('are held to rules about arguments, and told why', async () => {
    expect((await call(free, 'search', { query: 'plan', limit: 5 })).json?.result?.isError).toBe(
      undefined,
    );
    const { json } = await call(free, 'search', { query: 'plan', limit: 6 });
    expect(json?.result).toMatchObject({ isError: true });
    expect(JSON.stringify(json?.result)).toContain('Ask for at most 5 at once.');
  });

  it('are decided by what is set now, although the authorizer’s answer is cached', async () => {
    const key = await running.keyOn('premium', 'quick');
    expect((await call(key, 'fetch', { id: 'pins.md' })).json?.error).toBeUndefined();
    await set('quick', '@id("nothing") forbid (principal, action, resource);');
    expect((await call(key, 'fetch', { id: 'pins.md' })).json?.error?.message).toBe('Unknown tool');
  });
});

describe('another tenant', () => {
  it('is not concerned', async () => {
    const key = await running.keyOn('premium', 'unruled');
    expect((await list(key)).names).toEqual(['fetch', 'search']);
    expect((await call(key, 'search', { query: 'plan', limit: 9 })).json?.error).toBeUndefined();
  });
});

describe('a policy with a mistake', () => {
  it('is refused with line and reason, and the one before stays in force', async () => {
    const key = await running.keyOn('premium', 'typo');
    await set(
      'typo',
      '@id("no-fetch") forbid (principal, action, resource == Drawbridge::Tool::"fetch");',
    );
    const wrong =
      'permit (principal, action, resource);\nforbid (principal, action, resource)\nwhen { resource.nmae == "search" };';
    await expect(set('typo', wrong)).rejects.toThrow(/line [23].*nmae/su);
    expect((await showPolicies(running.admin, 'typo')).version).toBe(1);
    expect((await list(key)).names).toEqual(['search']);
  });
});
