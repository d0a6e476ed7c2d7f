import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compileOpenApi } from '../../build/openapi/compile-openapi.ts';
import { UpstreamConfigError, type ConfigProblem } from '../../src/upstreams/mcp-servers.ts';
import { tempFolder } from './support/temp-dir.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', 'fixtures', 'openapi', name);

const problemsOf = async (file: string): Promise<readonly ConfigProblem[]> => {
  const error: unknown = await compileOpenApi(file).catch((thrown: unknown) => thrown);
  if (!(error instanceof UpstreamConfigError))
    throw new Error('It was not refused', { cause: error });
  return error.problems;
};

const aDocument = (document: unknown, files: Record<string, string> = {}): string =>
  join(
    tempFolder({
      'openapi.json': typeof document === 'string' ? document : JSON.stringify(document),
      ...files,
    }),
    'openapi.json',
  );

const withPaths = (paths: object, more: object = {}) => ({
  openapi: '3.1.0',
  info: { title: 'Test', version: '1' },
  paths,
  ...more,
});
const responses = { '204': { description: 'Done.' } };
const answering = (schema: object) => ({
  '200': { description: 'Answer.', content: { 'application/json': { schema } } },
});

describe('a document is refused', () => {
  it('with all its mistakes at once, each with its place', async () => {
    expect((await problemsOf(fixture('broken.yaml'))).map(({ path }) => path)).toEqual([
      'info',
      'paths./items/{id}.get.parameters.0.schema.type',
      'paths./items/{id}.get.parameters.1.in',
      'paths./items/{id}.get.responses.200.content.application/json.schema',
      'paths./orders/{order}.get.parameters',
    ]);
  });

  it('when it refers to what is elsewhere', async () => {
    const problems = await problemsOf(fixture('remote.yaml'));
    expect(
      problems.map(({ path, message }) => [path.replace('paths./a.get.responses.', ''), message]),
    ).toEqual([
      ['200.content.application/json.schema', expect.stringContaining('it is remote')],
      ['201.content.application/json.schema', expect.stringContaining('it is remote')],
      ['202', expect.stringContaining('it is remote')],
      ['203.content.application/json.schema', expect.stringContaining('outside of the folder')],
      ['204', expect.stringContaining('only .json, .yaml and .yml')],
    ]);
  });

  it('when it leads out of its folder by a link', async () => {
    const folder = tempFolder({ 'secret.yaml': 'type: string' });
    mkdirSync(join(folder, 'api'));
    symlinkSync(join(folder, 'secret.yaml'), join(folder, 'api', 'linked.yaml'));
    const paths = { '/a': { get: { responses: answering({ $ref: 'linked.yaml' }) } } };
    writeFileSync(join(folder, 'api', 'openapi.json'), JSON.stringify(withPaths(paths)));
    const [problem] = await problemsOf(join(folder, 'api', 'openapi.json'));
    expect(problem?.message).toContain('outside of the folder');
  });

  it.each([
    [{ swagger: '2.0', info: {}, paths: {} }, 'swagger', 'convert the document to OpenAPI 3.1'],
    [{ openapi: '3.2.0', info: {}, paths: {} }, 'openapi', 'must be 3.0.x or 3.1.x'],
    [{ openapi: '3.10.0', info: {}, paths: {} }, 'openapi', 'must be 3.0.x or 3.1.x'],
    [[], 'openapi', 'must be 3.0.x or 3.1.x'],
    ['{ "openapi": ', '(file)', 'unexpected end'],
    [`{"a":${'['.repeat(200)}${']'.repeat(200)}}`, '(file)', '(100)'],
    ['{ "openapi": "3.1.0", "x-a": &a [*a] }', '(file)', 'nested deeper than 100 levels'],
  ])('when it is %.60j', async (document, path, message) => {
    const [problem] = await problemsOf(aDocument(document));
    expect(problem?.path).toBe(path);
    expect(problem?.message).toContain(message);
  });

  it('when a few lines of YAML stand for billions', async () => {
    const lines = ['openapi: 3.1.0', 'x-0: &x0 [a, a, a, a, a, a, a, a, a, a]'];
    for (let n = 1; n < 12; n += 1) {
      lines.push(`x-${n}: &x${n} [${Array.from({ length: 10 }, () => `*x${n - 1}`).join(', ')}]`);
    }
    const file = join(tempFolder({ 'api.yaml': lines.join('\n') }), 'api.yaml');
    expect(await problemsOf(file)).toHaveLength(1);
  });

  it('when its files are more than 5 MB together', async () => {
    const big = JSON.stringify({ type: 'string', description: 'x'.repeat(2_600_000) });
    const paths = {
      '/a': { get: { responses: answering({ $ref: 'a.json' }) } },
      '/b': { get: { responses: answering({ $ref: 'b.json' }) } },
    };
    const file = aDocument(withPaths(paths), { 'a.json': big, 'b.json': big });
    const [problem] = await problemsOf(file);
    expect(problem?.message).toContain('more than 5000000 bytes');
  });

  it('when schemas stand for each other and for nothing else', async () => {
    const paths = { '/a': { get: { responses: answering({ $ref: '#/components/schemas/A' }) } } };
    const schemas = {
      A: { $ref: '#/components/schemas/B' },
      B: { $ref: '#/components/schemas/A' },
    };
    const file = aDocument(withPaths(paths, { components: { schemas } }));
    expect(await problemsOf(file)).toEqual([
      { path: '(file)', message: 'Self-referencing circular pointer' },
    ]);
  });

  it('when there is no such file', async () => {
    const [problem] = await problemsOf(join(tempFolder({}), 'none.yaml'));
    expect(problem).toEqual({ path: '(file)', message: 'there is no such file' });
  });

  it('when two tools would have one name', async () => {
    const paths = {
      '/a': { get: { operationId: 'pets.list', responses } },
      '/b': { get: { operationId: 'pets list', responses } },
      '/c': { get: { operationId: 'pets/list', 'x-mcp-hidden': true, responses } },
    };
    expect(await problemsOf(aDocument(withPaths(paths)))).toEqual([
      {
        path: 'paths./b.get',
        message:
          'the tool name "pets_list" is that of paths./a.get already: set x-mcp-name in one of them',
      },
    ]);
  });

  it('when x-mcp-name is no tool name', async () => {
    const paths = { '/a': { get: { 'x-mcp-name': 'pets.list', responses } } };
    const [problem] = await problemsOf(aDocument(withPaths(paths)));
    expect(problem?.path).toBe('paths./a.get');
    expect(problem?.message).toContain('"pets.list" is no tool name');
  });

  it('when it has more than 500 operations that are not hidden', async () => {
    const paths = (count: number, hidden: number) =>
      withPaths(
        Object.fromEntries(
          Array.from({ length: count }, (_, n) => [
            `/p${n}`,
            { get: { responses, ...(n < hidden ? { 'x-mcp-hidden': true } : {}) } },
          ]),
        ),
      );
    const [problem] = await problemsOf(aDocument(paths(501, 0)));
    expect(problem?.message).toContain('has 501 operations');
    expect((await compileOpenApi(aDocument(paths(501, 1)))).tools).toHaveLength(500);
  });
});

describe('an operation is left out', () => {
  const leftOut = async (path: string) => {
    const document = withPaths({ [path]: { post: { responses } } });
    return compileOpenApi(aDocument(document));
  };

  it.each(['/a/../admin', '/a/%2e%2E/admin', '/a b', '/a#b', '/a\\b'])(
    'when its path is %s',
    async (path) => {
      const { tools, warnings } = await leftOut(path);
      expect(tools).toEqual([]);
      expect(warnings).toEqual([
        `paths.${path}.post: left out: its path is not one that a URL can have`,
      ]);
    },
  );
});

describe('large schemas', () => {
  /** Each has the one before it ten times. */
  const layers = (count: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, n) => [
        `L${n}`,
        n === 0
          ? { type: 'string' }
          : {
              type: 'object',
              properties: Object.fromEntries(
                Array.from({ length: 10 }, (_, k) => [
                  `p${k}`,
                  { $ref: `#/components/schemas/L${n - 1}` },
                ]),
              ),
            },
      ]),
    );

  it('are written with $defs instead of written out', async () => {
    const paths = { '/a': { get: { responses: answering({ $ref: '#/components/schemas/L6' }) } } };
    const document = withPaths(paths, { components: { schemas: layers(7) } });
    const { tools } = await compileOpenApi(aDocument(document));
    const { outputSchema } = tools[0]?.definition ?? {};
    expect(Object.keys(outputSchema?.['$defs'] as object)).toHaveLength(7);
    expect(JSON.stringify(outputSchema).length).toBeLessThan(10_000);
  });

  it('names what is cut: a long description, and a long name by a hash', async () => {
    const operation = { operationId: 'a'.repeat(100), description: 'b'.repeat(5_000), responses };
    const { tools } = await compileOpenApi(aDocument(withPaths({ '/a': { get: operation } })));
    const { name, description } = tools[0]?.definition ?? {};
    expect(name).toMatch(/^a{55}_[0-9a-f]{8}$/);
    expect(description).toHaveLength(2_000);
    expect(description?.endsWith('b…')).toBe(true);
  });
});
