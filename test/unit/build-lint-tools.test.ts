import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { lintTools, schemaProblems, toolProblems } from '../../build/lint-tools.ts';
import { toolFiles } from '../../build/esbuild-plugins.ts';
import { defineTool, type Tool } from '../../src/tools/tool.ts';
import { failureOf } from './admin-fixtures.ts';
import { tempFolder } from './support/temp-dir.ts';

const zod = import.meta.resolve('zod');

const aTool = (more: object = {}): Tool =>
  defineTool({
    name: 'good_tool-1',
    title: 'Good',
    description: 'Does good.',
    input: z.strictObject({ text: z.string() }),
    output: z.object({ text: z.string() }),
    annotations: { readOnlyHint: true },
    run: async ({ text }) => ({ text }),
    ...more,
  });

/** The source of a tool file; `fields` replace those of a good tool. */
const toolFile = (fields = '') => `
  import * as z from ${JSON.stringify(zod)};
  export const createTool = () => ({
    name: 'good', title: 'Good', description: 'Does good.',
    input: z.object({}), output: z.object({}),
    annotations: { readOnlyHint: true },
    run: async () => ({}),
    ${fields}
  });`;

describe('toolProblems', () => {
  it('a good tool has none', () => {
    expect(toolProblems(aTool())).toEqual([]);
    expect(toolProblems(aTool({ name: 'x'.repeat(64) }))).toEqual([]);
    expect(toolProblems(aTool({ input: z.object({}) }))).toEqual([]);
  });

  it.each(['', 'a.b', 'a b', 'a/b', 'ä', 'x'.repeat(65), 'a\n'])('the name %j', (name) => {
    expect(toolProblems(aTool({ name }))).toEqual([
      `name ${JSON.stringify(name)}: 1 to 64 of a-z, A-Z, 0-9, _ and - (clients refuse others)`,
    ]);
  });

  it.each(['', '  \n'])('the description %j', (description) => {
    expect(toolProblems(aTool({ description }))).toEqual([
      'description: models choose tools by it; write one',
    ]);
  });

  it.each([{}, { destructiveHint: false }, { readOnlyHint: 'yes' }])(
    'the annotations %j',
    (annotations) => {
      expect(toolProblems(aTool({ annotations }))).toEqual([
        'annotations.readOnlyHint: say true or false; clients and the readonly role decide by it',
      ]);
    },
  );

  it.each(['input', 'output'])('a union at the root of %s', (side) => {
    const schema = z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]);
    expect(toolProblems(aTool({ [side]: schema }))).toEqual([
      `${side} $: the root must be of type object (Claude Code drops every tool of the server)`,
      `${side} $: the root must have properties (OpenAI refuses the request)`,
      `${side} $: no anyOf at the root (Claude Code drops every tool of the server)`,
    ]);
  });

  it.each(['anyOf', 'oneOf', 'allOf'])('%s at the root', (key) => {
    expect(schemaProblems({ type: 'object', properties: {}, [key]: [] })).toEqual([
      `$: no ${key} at the root (Claude Code drops every tool of the server)`,
    ]);
  });

  it('a root without properties', () => {
    expect(toolProblems(aTool({ input: z.record(z.string(), z.string()) }))).toEqual([
      'input $: the root must have properties (OpenAI refuses the request)',
    ]);
  });

  it('a root that is no object', () => {
    expect(toolProblems(aTool({ input: z.string() }))).toEqual([
      'input $: the root must be of type object (Claude Code drops every tool of the server)',
      'input $: the root must have properties (OpenAI refuses the request)',
    ]);
  });

  it('says everything that is wrong at once', () => {
    const bad = aTool({ name: 'a.b', description: '', annotations: {}, input: z.string() });
    expect(toolProblems(bad)).toHaveLength(5);
  });
});

describe('schemaProblems', () => {
  const noItems = 'an array must say what its items are (OpenAI refuses the request)';
  const object = (properties: object) => ({ type: 'object', properties });

  it.each([
    ['a property', object({ list: { type: 'array' } }), `$.list: ${noItems}`],
    [
      'a property of a property',
      object({ a: object({ list: { type: 'array' } }) }),
      `$.a.list: ${noItems}`,
    ],
    [
      'the items of an array',
      object({ a: { type: 'array', items: { type: 'array' } } }),
      `$.a[]: ${noItems}`,
    ],
    [
      'one of several',
      object({ a: { anyOf: [{ type: 'string' }, { type: 'array' }] } }),
      `$.a|1: ${noItems}`,
    ],
    [
      'the values of a record',
      object({ a: { type: 'object', additionalProperties: { type: 'array' } } }),
      `$.a[]: ${noItems}`,
    ],
    [
      'a reference to somewhere else',
      object({ a: { $ref: 'https://example.com/schema.json' } }),
      '$.a: a remote $ref is never followed',
    ],
  ])('finds a problem in %s', (_, schema, problem) => {
    expect(schemaProblems(schema)).toEqual([problem]);
  });

  it('has nothing against unions below the root, arrays with items and local references', () => {
    expect(
      schemaProblems(
        object({
          a: { anyOf: [{ type: 'string' }, { type: 'null' }] },
          b: { type: 'array', items: { type: 'string' } },
          c: { $ref: '#/$defs/x' },
          d: { type: 'object', additionalProperties: false },
        }),
      ),
    ).toEqual([]);
  });
});

describe('lintTools', () => {
  it('a folder of good tools passes; tests, declarations and other files are not tools', async () => {
    const folder = tempFolder({
      'good.ts': toolFile(),
      'good.test.ts': 'throw new Error("not a tool")',
      'types.d.ts': 'throw new Error("not a tool")',
      'readme.md': '',
    });
    await lintTools(folder);
    expect(toolFiles(folder)).toEqual([join(folder, 'good.ts')]);
  });

  it('the tools of this project pass', async () => {
    await lintTools(join(import.meta.dirname, '..', '..', 'lambdas', 'mcp', 'tools'));
  });

  it('an empty folder has nothing wrong', async () => {
    await lintTools(tempFolder({ '.gitkeep': '' }));
  });

  it('lists every problem of every file, by file', async () => {
    const folder = tempFolder({
      'a.ts': toolFile(`name: 'a.b',`),
      'b.ts': toolFile(`description: '', input: z.object({ list: z.array(z.string()) }),`),
      'c.ts': 'export const createTools = () => [];',
      'd.ts': 'export const createTool = {};',
    });
    expect((await failureOf(lintTools(folder))).message).toBe(
      [
        'Tools that clients would refuse:',
        `  ${join(folder, 'a.ts')}: name "a.b": 1 to 64 of a-z, A-Z, 0-9, _ and - (clients refuse others)`,
        `  ${join(folder, 'b.ts')}: description: models choose tools by it; write one`,
        `  ${join(folder, 'c.ts')}: exports no createTool function`,
        `  ${join(folder, 'd.ts')}: exports no createTool function`,
      ].join('\n'),
    );
  });

  it('two tools of one name are both named', async () => {
    const folder = tempFolder({ 'one.ts': toolFile(), 'two.ts': toolFile() });
    expect((await failureOf(lintTools(folder))).message).toBe(
      `Tools that clients would refuse:\n  ${join(folder, 'two.ts')}: the name good is taken by ${join(folder, 'one.ts')}`,
    );
  });

  it.each([
    ['a schema that JSON Schema cannot say', toolFile('input: z.object({ at: z.date() }),')],
    ['no description', toolFile('description: undefined,')],
    ['no annotations', toolFile('annotations: undefined,')],
    ['a factory that throws', 'export const createTool = () => { throw new Error("no"); };'],
  ])('%s names the file', async (_, source) => {
    const folder = tempFolder({ 'bad.ts': source });
    expect((await failureOf(lintTools(folder))).message).toContain(
      `\n  ${join(folder, 'bad.ts')}: cannot be described to clients: `,
    );
  });
});
