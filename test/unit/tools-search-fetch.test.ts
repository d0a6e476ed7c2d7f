import { describe, expect, it } from 'vitest';
import { createTool as createFetch } from '../../lambdas/mcp/tools/fetch.ts';
import { createTool as createSearch } from '../../lambdas/mcp/tools/search.ts';
import { buildIndexFile, DocumentIndex } from '../../src/content/document-index.ts';
import { Gateway } from '../../src/gateway/gateway.ts';
import { createLog } from '../../src/log/log.ts';
import type { JsonObject } from '../../src/upstreams/upstream.ts';
import { anAdmission } from './support/admission.ts';
import { aCaller } from './support/caller.ts';

const caller = { who: { role: 'readonly' } } as const;

const documents = Array.from({ length: 25 }, (_, at) => ({
  id: `guides/${String(at).padStart(2, '0')}.md`,
  title: `Guide ${at}`,
  url: `https://docs.example.com/guides/${at}`,
  text: `Everything about bridges, part ${at}. ${'More. '.repeat(100)}`,
  metadata: { path: `guides/${at}.md`, type: 'md' },
}));

/** The two tools behind the gateway, as a deployment has them. */
const aLibrary = () => {
  let loads = 0;
  const documentsOf = async () => {
    loads++;
    return new DocumentIndex(JSON.parse(JSON.stringify(buildIndexFile(documents, new Map()))));
  };
  const lines: string[] = [];
  const progress: JsonObject[] = [];
  const gateway = new Gateway({
    admission: anAdmission().admission,
    tools: [createSearch({ documents: documentsOf }), createFetch({ documents: documentsOf })],
    toolTimeoutMs: 30_000,
    maxResultBytes: 1_000_000,
    log: createLog((line) => void lines.push(line)),
  });
  const call = (name: string, args: unknown) =>
    gateway.callTool(
      aCaller({ ...caller, name, args, onProgress: (step) => void progress.push(step) }),
    );
  return { gateway, call, lines, progress, loads: () => loads };
};

/** The JSON of the one text item that ChatGPT reads. */
const textOf = async (outcome: ReturnType<ReturnType<typeof aLibrary>['call']>) => {
  const answer = await outcome;
  if (answer.kind !== 'own-result') throw new Error(`a ${answer.kind}`);
  expect(JSON.parse(answer.text)).toEqual(answer.structured);
  return JSON.parse(answer.text) as {
    results: { id: string; title: string; url: string; snippet: string }[];
    total: number;
    nextCursor?: string;
  };
};

describe('search (the contract of ChatGPT connectors)', () => {
  it('answers results with id, title and url', async () => {
    const { call } = aLibrary();
    const { results, total } = await textOf(call('search', { query: 'Guide 7' }));
    expect(results[0]).toEqual({
      id: 'guides/07.md',
      title: 'Guide 7',
      url: 'https://docs.example.com/guides/7',
      snippet: expect.stringContaining('Everything about bridges, part 7.') as string,
    });
    expect(total).toBeGreaterThan(0);
  });

  it('takes a query alone, and then gives ten', async () => {
    const { call } = aLibrary();
    const page = await textOf(call('search', { query: 'bridges' }));
    expect(page.results).toHaveLength(10);
    expect(page.total).toBe(25);
    expect(page.nextCursor).toMatch(/^[\w-]+$/);
  });

  it('pages neither repeat nor skip, and the last one has no cursor', async () => {
    const { call } = aLibrary();
    const ids: string[] = [];
    const sizes: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await textOf(call('search', { query: 'bridges', limit: 7, cursor }));
      ids.push(...page.results.map(({ id }) => id));
      sizes.push(page.results.length);
      cursor = page.nextCursor;
      expect('nextCursor' in page).toBe(cursor !== undefined);
    } while (cursor !== undefined && sizes.length < 10);
    expect(sizes).toEqual([7, 7, 7, 4]);
    expect([...ids].sort()).toEqual(documents.map(({ id }) => id));
  });

  it('a page that is exactly full is the last one', async () => {
    const { call } = aLibrary();
    const page = await textOf(call('search', { query: 'bridges', limit: 25 }));
    expect(page.results).toHaveLength(25);
    expect(page).not.toHaveProperty('nextCursor');
  });

  it('nothing found is an empty list', async () => {
    const { call } = aLibrary();
    expect(await textOf(call('search', { query: 'zeppelin' }))).toEqual({ results: [], total: 0 });
  });

  it('a cursor of another query is refused with what to do', async () => {
    const { call } = aLibrary();
    const { nextCursor } = await textOf(call('search', { query: 'bridges' }));
    expect(await call('search', { query: 'everything', cursor: nextCursor })).toEqual({
      kind: 'tool-error',
      text: 'This cursor does not belong to this search. Send the query again without a cursor.',
    });
  });

  it.each([
    {},
    { query: '' },
    { query: '  ' },
    { query: 5 },
    { query: 'x'.repeat(1_001) },
    { query: 'x', limit: 0 },
    { query: 'x', limit: 51 },
    { query: 'x', limit: 1.5 },
    { query: 'x', cursor: 'x'.repeat(201) },
    { query: 'x', canary: 1 },
  ])('refuses the arguments %j before the documents are loaded', async (args) => {
    const { call, loads } = aLibrary();
    const outcome = await call('search', args);
    expect(outcome.kind).toBe('invalid-arguments');
    expect(JSON.stringify(outcome)).not.toContain('canary');
    expect(loads()).toBe(0);
  });

  it('tells how far it is, without the query', async () => {
    const { call, progress } = aLibrary();
    await call('search', { query: 'bridges' });
    expect(progress).toEqual([
      { progress: 1, total: 2, message: 'Searching 25 documents' },
      { progress: 2, total: 2, message: 'Found 25' },
    ]);
  });
});

describe('fetch (the contract of ChatGPT connectors)', () => {
  it('answers id, title, text, url and metadata of what search found', async () => {
    const { call } = aLibrary();
    const { results } = await textOf(call('search', { query: 'Guide 7' }));
    expect(await textOf(call('fetch', { id: results[0]?.id }))).toEqual({
      id: 'guides/07.md',
      title: 'Guide 7',
      text: documents[7]?.text,
      url: 'https://docs.example.com/guides/7',
      metadata: { path: 'guides/7.md', type: 'md' },
    });
  });

  it.each(['guides', '../config/prod.json', '/etc/passwd', 'guides/00.md ', '__proto__', 'canary'])(
    'the id "%s" is nothing that it has, and is not repeated',
    async (id) => {
      const { call, lines } = aLibrary();
      expect(await call('fetch', { id })).toEqual({
        kind: 'tool-error',
        text: 'There is no document with this id. Take ids from the search tool.',
      });
      expect(lines).toEqual([]);
    },
  );

  it('needs an id', async () => {
    const { call } = aLibrary();
    for (const args of [{}, { id: '' }, { id: 7 }, { id: 'a', url: 'b' }]) {
      expect((await call('fetch', args)).kind).toBe('invalid-arguments');
    }
  });
});

describe('both', () => {
  it('are listed in the order of their names, as read-only, closed-world and idempotent', async () => {
    const { items: tools } = await aLibrary().gateway.listTools(aCaller(caller));
    expect(tools.map(({ name, annotations }) => [name, annotations])).toEqual([
      ['fetch', { readOnlyHint: true, idempotentHint: true, openWorldHint: false }],
      ['search', { readOnlyHint: true, idempotentHint: true, openWorldHint: false }],
    ]);
    expect(tools[1]?.['inputSchema']).toMatchObject({
      type: 'object',
      required: ['query'],
      additionalProperties: false,
    });
  });

  it('documents that cannot be loaded are a failure without details', async () => {
    const lines: string[] = [];
    const gateway = new Gateway({
      admission: anAdmission().admission,
      tools: [createSearch({ documents: () => Promise.reject(new Error('canary ENOENT')) })],
      toolTimeoutMs: 30_000,
      maxResultBytes: 1_000_000,
      log: createLog((line) => void lines.push(line)),
    });
    const outcome = await gateway.callTool(
      aCaller({ ...caller, name: 'search', args: { query: 'x' } }),
    );
    expect(outcome).toEqual({ kind: 'tool-error', text: 'search failed. Request req-1.' });
    expect(lines).toHaveLength(1);
    expect(lines.join()).not.toContain('canary');
  });
});
