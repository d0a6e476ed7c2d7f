import assert from 'node:assert/strict';
import fc from 'fast-check';
import { mayBelongTo, passesFilter, shownName } from '../../../src/gateway/names.ts';
import { shownTool } from '../../../src/gateway/definitions.ts';
import { fitsTemplate, namedSurface } from '../../../src/gateway/surface.ts';
import { backendRequest } from '../../../src/upstreams/openapi-request.ts';
import { ArgumentError } from '../../../src/upstreams/openapi-serialization.ts';
import type { OpenApiTool } from '../../../src/upstreams/openapi-tool.ts';
import { definitionHash } from '../../../src/upstreams/pins.ts';
import { upstreamAt } from '../../../test/integration/support/upstream-records.ts';
import { target, textOf, type FuzzTarget } from '../target.ts';

const specOf = (name: string, changes: object = {}) => ({
  ...upstreamAt(name, 'https://a.example.com/mcp').spec,
  ...changes,
});
const toolNames = fc
  .oneof(textOf('ab_-./', 90), fc.string({ unit: 'grapheme', minLength: 1, maxLength: 80 }))
  .filter((name) => name !== '');
const ownNames = new Set(['search', 'fetch']);

const surface = target({
  name: 'src/gateway/surface.ts',
  property:
    'names fit every client, no two are one, none is our own, and the order of servers changes nothing',
  arbitrary: fc.record({
    first: fc.uniqueArray(fc.oneof(toolNames, fc.constantFrom('search', 'b_x')), { maxLength: 5 }),
    second: fc.uniqueArray(fc.oneof(toolNames, fc.constantFrom('search', 'x')), { maxLength: 5 }),
  }),
  check: ({ first, second }) => {
    const item = (name: string) => ({ name, inputSchema: { type: 'object' } });
    const listed = [
      { spec: specOf('a', { prefix: '' }), items: first.map(item) },
      { spec: specOf('b', { prefix: 'b' }), items: second.map(item) },
    ];
    const options = { ownNames, filtered: true };
    const shown = namedSurface(listed, options);
    assert.equal(shown.size, first.length + second.length);
    for (const [name, { spec, definition }] of shown) {
      assert.match(name, /^[a-zA-Z0-9_-]{1,64}$/u);
      assert.ok(!ownNames.has(name));
      assert.ok(mayBelongTo(spec, name), `${name} is not looked for at ${spec.name}`);
      assert.equal(definition['name'], name);
    }
    assert.deepEqual([...namedSurface(listed.toReversed(), options).keys()], [...shown.keys()]);
  },
});

const definitions = target({
  name: 'src/gateway/definitions.ts',
  property:
    'whatever a server lists: shown with an object for a schema, or left out; showing it again changes nothing',
  arbitrary: fc.oneof(
    fc.record(
      {
        name: fc.oneof(toolNames, fc.jsonValue()),
        description: fc.jsonValue(),
        inputSchema: fc.oneof(
          fc.record({ type: fc.constantFrom('object', 'array'), properties: fc.jsonValue() }),
          fc.jsonValue(),
        ),
        outputSchema: fc.jsonValue(),
        annotations: fc.jsonValue(),
        _meta: fc.oneof(
          fc.dictionary(
            fc.constantFrom('io.modelcontextprotocol/x', 'mcp.dev/y', 'a.b/c', '__proto__'),
            fc.jsonValue(),
          ),
          fc.jsonValue(),
        ),
      },
      { requiredKeys: [] },
    ),
    fc.jsonValue(),
  ),
  check: (item) => {
    const shown = shownTool(item);
    if (shown === undefined) return;
    assert.equal((shown['inputSchema'] as { type: string }).type, 'object');
    assert.deepEqual(shownTool(shown), shown);
    assert.ok(!JSON.stringify(shown['_meta'] ?? {}).includes('io.modelcontextprotocol/x'));
    assert.match(definitionHash(shown), /^[\w-]{43}$/u);
    assert.equal(
      definitionHash(JSON.parse(JSON.stringify(shown)) as typeof shown),
      definitionHash(shown),
    );
  },
});

/** Globs by recursion: shares nothing with a regular expression. */
const globMatches = (pattern: string, text: string): boolean => {
  if (pattern === '') return text === '';
  if (pattern.startsWith('*')) {
    return (
      globMatches(pattern.slice(1), text) || (text !== '' && globMatches(pattern, text.slice(1)))
    );
  }
  return text !== '' && pattern[0] === text[0] && globMatches(pattern.slice(1), text.slice(1));
};

const filters = target({
  name: 'src/gateway/names.ts',
  property: 'a filter takes what a matcher by recursion takes; a name that is shown looks like one',
  arbitrary: fc.record({
    pattern: fc.string({
      unit: fc.constantFrom('a', 'b', '*', '.', '+', '(', '\\', '$', '[', '\n'),
      maxLength: 6,
    }),
    name: fc.string({
      unit: fc.constantFrom('a', 'b', '.', '+', '(', '\\', '$', '[', '\n'),
      maxLength: 8,
    }),
  }),
  check: ({ pattern, name }) => {
    const expected = globMatches(pattern, name);
    assert.equal(passesFilter(specOf('a', { tools: { include: [pattern] } }), name), expected);
    assert.equal(passesFilter(specOf('a', { tools: { exclude: [pattern] } }), name), !expected);
    assert.match(shownName(specOf('a'), name), /^a_[\w-]*$/u);
  },
});

const templates = target({
  name: 'src/gateway/surface.ts: templates',
  property: 'a URI fits a template exactly when a regular expression of it does',
  arbitrary: fc.record({
    parts: fc.array(fc.constantFrom('a', 'ab', '/', '{x}', '{+y}', 'b/'), { maxLength: 6 }),
    uri: fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 10 }),
  }),
  check: ({ parts, uri }) => {
    const pattern = parts.map((part) => (part.startsWith('{') ? '[^]*' : part)).join('');
    const expected = new RegExp(`^${pattern}$`, 'u').test(uri);
    assert.equal(fitsTemplate(uri, parts.join('')), expected);
  },
});

const openApiTool: OpenApiTool = {
  definition: {
    name: 'tool',
    description: 'A tool',
    inputSchema: { type: 'object', properties: {} },
    annotations: {
      readOnlyHint: true,
      destructiveHint: false,
      idempotentHint: true,
      openWorldHint: true,
    },
  },
  method: 'GET',
  path: '/items/{id}/parts',
  parameters: [
    { argument: 'id', name: 'id', in: 'path', required: true, style: 'simple', explode: false },
    { argument: 'q', name: 'q', in: 'query', required: false, style: 'form', explode: true },
  ],
};

const requests = target({
  name: 'src/upstreams/openapi-request.ts',
  property:
    'whatever the arguments are, the request goes to the operation; its query is read back by URL as it was meant',
  arbitrary: fc.record({
    id: fc.oneof(textOf('./%2ef\\?#;'), fc.jsonValue()),
    q: fc.oneof(textOf('&=+#%2'), fc.array(textOf('&=+')), fc.jsonValue()),
  }),
  check: (args) => {
    try {
      const url = new URL(backendRequest(openApiTool, args, 'https://api.example.com/v1').url);
      assert.equal(url.origin, 'https://api.example.com');
      const [, v1, items, , parts, ...more] = url.pathname.split('/');
      assert.deepEqual([v1, items, parts, more], ['v1', 'items', 'parts', []]);
      assert.equal(url.hash, '');
      const { id, q } = args;
      if (typeof id === 'string')
        assert.equal(decodeURIComponent(url.pathname.split('/')[3] ?? ''), id);
      if (typeof q === 'string') assert.deepEqual(url.searchParams.getAll('q'), [q]);
    } catch (error) {
      assert.ok(error instanceof ArgumentError, String(error));
    }
  },
});

export const gatewayTargets: readonly FuzzTarget[] = [
  surface,
  definitions,
  filters,
  templates,
  requests,
];
