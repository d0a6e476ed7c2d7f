import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatJson, removeMember, setMember } from '../../src/admin/json-edit.ts';

const file = `{
  "$schema": "./mcp.schema.json",
  "mcpServers": {
    "one":   { "command": "npx", "args": ["-y", "a@1.0.0"], "env": {"A": "}\\"{,"} },

    "two": {
      "url": "https://two.example.com/mcp" }
  }
}
`;

describe('setMember', () => {
  it('adds behind the last member and leaves every other byte', () => {
    expect(
      setMember(file, 'mcpServers', 'three', { command: 'npx', args: ['-y', 'b@2.0.0'] }),
    ).toBe(
      file.replace(
        '/mcp" }\n',
        '/mcp" },\n    "three": {\n      "command": "npx",\n      "args": ["-y", "b@2.0.0"]\n    }\n',
      ),
    );
  });

  it('puts a member in its old place', () => {
    const text = setMember(file, 'mcpServers', 'one', { url: 'https://one.example.com' });
    expect(text).toBe(
      file.replace(/"one": .*/, '"one": {\n      "url": "https://one.example.com"\n    },'),
    );
  });

  it('adds to an empty object', () => {
    expect(setMember('{\n  "mcpServers": {}\n}\n', 'mcpServers', 'a', { b: 1 })).toBe(
      '{\n  "mcpServers": {\n    "a": {\n      "b": 1\n    }\n  }\n}\n',
    );
  });

  it('refuses a file without the object', () => {
    expect(() => setMember('{"other": {}}', 'mcpServers', 'a', {})).toThrow(
      'the file has no object "mcpServers"',
    );
  });
});

describe('removeMember', () => {
  it('takes the first, a middle, the last and the only one, and their commas', () => {
    const of = (...names: string[]) =>
      `{"mcpServers": {${names.map((name) => `"${name}": [1, {"x": "]"}]`).join(', ')}}, "z": 1}`;
    const three = of('a', 'b', 'c');
    expect(removeMember(three, 'mcpServers', 'a')).toBe(of('b', 'c'));
    expect(removeMember(three, 'mcpServers', 'b')).toBe(of('a', 'c'));
    expect(removeMember(three, 'mcpServers', 'c')).toBe(of('a', 'b'));
    expect(removeMember(of('a'), 'mcpServers', 'a')).toBe('{"mcpServers": {}, "z": 1}');
    expect(removeMember(three, 'mcpServers', 'd')).toBe(three);
  });
});

it('what is set reads back, whatever was in the file; what is removed is gone', () => {
  // Names without escapes: JSON.parse of Node 24.21 confuses some others (proof/fuzz/targets/documents.ts).
  const names = fc
    .string()
    .filter((name) => name !== '__proto__' && JSON.stringify(name) === `"${name}"`);
  const servers = fc.dictionary(names, fc.jsonValue());
  const indent = fc.constantFrom(0, 1, 2, '\t');
  fc.assert(
    fc.property(servers, indent, names, fc.jsonValue(), (given, space, key, value) => {
      const document = JSON.parse(
        JSON.stringify({ before: ['{', 1], mcpServers: given, after: 0 }),
      ) as { readonly mcpServers: Readonly<Record<string, unknown>> };
      const text = JSON.stringify(document, null, space);
      const wire = JSON.parse(JSON.stringify(value)) as unknown;
      const set = setMember(text, 'mcpServers', key, wire);
      expect(JSON.parse(set)).toEqual({
        ...document,
        mcpServers: { ...document.mcpServers, [key]: wire },
      });
      const { [key]: _removed, ...left } = document.mcpServers;
      expect(JSON.parse(removeMember(set, 'mcpServers', key))).toEqual({
        ...document,
        mcpServers: left,
      });
    }),
  );
});

it('formats arrays of plain values in a line of 100 columns, and others over lines', () => {
  expect(formatJson({ a: [], b: {}, c: ['x', 1, null], d: [{ e: 1 }] })).toBe(
    '{\n  "a": [],\n  "b": {},\n  "c": ["x", 1, null],\n  "d": [\n    {\n      "e": 1\n    }\n  ]\n}',
  );
  const fits = ['x'.repeat(85)];
  expect(formatJson({ args: fits }).split('\n')[1]).toHaveLength(99);
  expect(formatJson({ args: ['x'.repeat(86)] })).toBe(
    `{\n  "args": [\n    "${'x'.repeat(86)}"\n  ]\n}`,
  );
});

it('reads names with escapes to their end', () => {
  const text = String.raw`{"of": {"a\"b": 1, "c\\": "\"", "d": 2}}`;
  expect(setMember(text, 'of', 'd', 3)).toBe(String.raw`{"of": {"a\"b": 1, "c\\": "\"", "d": 3}}`);
  expect(removeMember(text, 'of', 'a"b')).toBe(String.raw`{"of": {"c\\": "\"", "d": 2}}`);
  expect(removeMember(text, 'of', 'c\\')).toBe(String.raw`{"of": {"a\"b": 1, "d": 2}}`);
});
