import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { schemaProblems } from '../../build/lint-tools.ts';
import { compileOpenApi, type CompiledOpenApi } from '../../build/openapi/compile-openapi.ts';
import { openApiTool, type OpenApiTool } from '../../src/upstreams/openapi-tool.ts';

const fixture = (name: string) => join(import.meta.dirname, '..', 'fixtures', 'openapi', name);
const namesOf = ({ tools }: CompiledOpenApi) => tools.map((tool) => tool.definition.name);
const toolOf = ({ tools }: CompiledOpenApi, name: string): OpenApiTool => {
  const tool = tools.find(({ definition }) => definition.name === name);
  if (tool === undefined) throw new Error(`There is no tool ${name}`);
  return tool;
};

let petstore: CompiledOpenApi;
let tricky: CompiledOpenApi;
beforeAll(async () => {
  petstore = await compileOpenApi(fixture('petstore.yaml'));
  tricky = await compileOpenApi(fixture('tricky.yaml'));
});

describe('the tools of a document', () => {
  it('are its operations in the order of the document, without hidden and unsupported ones', () => {
    expect(namesOf(petstore)).toEqual([
      'updatePet',
      'addPet',
      'findPetsByStatus',
      'getPetById',
      'updatePetWithForm',
      'deletePet',
      'head_pet_by_petId',
      'inventory',
      'countPets',
    ]);
    expect(namesOf(tricky)).toEqual([
      'trees_get',
      'shapes_list',
      'shapes_create',
      'post_jobs',
      'mixed',
    ]);
  });

  it('fit the schema that the gateway reads, and what clients accept', () => {
    for (const tool of [...petstore.tools, ...tricky.tools]) {
      expect(() => openApiTool.parse(tool)).not.toThrow();
      const { inputSchema, outputSchema } = tool.definition;
      expect(schemaProblems(inputSchema)).toEqual([]);
      if (outputSchema !== undefined) expect(schemaProblems(outputSchema)).toEqual([]);
    }
  });

  it('say what is not served, and why', () => {
    expect(petstore.warnings).toEqual([
      'paths./pet/findByStatus.get: cookie parameter session is not sent: cookies are not supported',
      'paths./pet/{petId}/photo.post: left out: a body of application/octet-stream is not supported',
    ]);
    expect(tricky.warnings).toEqual([
      'paths./shapes.get: query parameter q is not sent: "content" of a parameter is not supported',
      'paths./shapes.get: header parameter Host is not sent: no argument sets this header',
      'paths./upload/{a}.post: left out: path parameter a is not sent: the style matrix is not supported; ' +
        'cookie parameter token is not sent: cookies are not supported; ' +
        'a body of multipart/form-data is not supported',
    ]);
  });

  it('are the same each time', async () => {
    expect(await compileOpenApi(fixture('tricky.yaml'))).toEqual(tricky);
  });

  it('are described by summary and description, and deprecation', () => {
    const { definition } = toolOf(petstore, 'addPet');
    expect(definition.title).toBe('Add a pet');
    expect(definition.description).toBe('Add a pet\n\nAdds a pet to the store.');
    expect(toolOf(petstore, 'updatePetWithForm').definition).toMatchObject({
      description: 'Deprecated: prefer another tool where there is one.\n\nPOST /pet/{petId}',
    });
    expect(toolOf(petstore, 'updatePetWithForm').definition.title).toBeUndefined();
  });

  it.each([
    ['getPetById', true, false, true],
    ['head_pet_by_petId', true, false, true],
    ['updatePet', false, true, true],
    ['deletePet', false, true, true],
    ['addPet', false, true, false],
  ])(
    '%s: read-only %s, destructive %s, idempotent %s',
    (name, readOnly, destructive, idempotent) => {
      expect(toolOf(petstore, name).definition.annotations).toEqual({
        readOnlyHint: readOnly,
        destructiveHint: destructive,
        idempotentHint: idempotent,
        openWorldHint: true,
      });
    },
  );
});

describe('an input schema', () => {
  it('has the parameters of the path item and of the operation, in the words of 2020-12', () => {
    const tool = toolOf(petstore, 'getPetById');
    expect(tool.definition.inputSchema).toEqual({
      type: 'object',
      properties: {
        petId: {
          type: 'integer',
          format: 'int64',
          exclusiveMinimum: 0,
          examples: [10],
          description: 'Id of the pet.',
        },
      },
      required: ['petId'],
      additionalProperties: false,
    });
    expect(tool.parameters).toEqual([
      {
        argument: 'petId',
        name: 'petId',
        in: 'path',
        required: true,
        style: 'simple',
        explode: false,
      },
    ]);
  });

  it('has the body as one argument, without what only answers have', () => {
    const tool = toolOf(petstore, 'addPet');
    expect(tool.body).toEqual({
      argument: 'body',
      required: true,
      contentType: 'application/json',
    });
    expect(tool.definition.inputSchema).toEqual({
      type: 'object',
      properties: {
        body: {
          type: 'object',
          description: 'The pet.',
          required: ['name'],
          properties: {
            name: { type: 'string', examples: ['doggie'] },
            password: { type: 'string' },
            status: { type: ['string', 'null'], enum: ['available', 'pending', 'sold', null] },
            owner: {
              anyOf: [
                { type: 'object', properties: { name: { type: 'string' } } },
                { type: 'null' },
              ],
            },
            photo: { type: 'string', contentEncoding: 'base64' },
            tags: {
              type: 'array',
              items: {
                type: 'object',
                properties: { name: { type: 'string', pattern: '^[a-z\\-]+$' } },
              },
            },
          },
        },
      },
      required: ['body'],
      additionalProperties: false,
    });
  });

  it('takes a form when there is no JSON', () => {
    const { body } = toolOf(petstore, 'updatePetWithForm');
    expect(body).toEqual({
      argument: 'body',
      required: false,
      contentType: 'application/x-www-form-urlencoded',
    });
  });

  it('keeps parameters of one name apart, the one of the path by its own name', () => {
    const { parameters, definition } = toolOf(tricky, 'trees_get');
    expect(parameters.map(({ argument, in: place }) => [argument, place])).toEqual([
      ['id', 'path'],
      ['id_query', 'query'],
    ]);
    expect(definition.inputSchema['required']).toEqual(['id']);
  });

  it('has argument names that the Claude API takes, and sends the real ones', () => {
    const { parameters } = toolOf(tricky, 'shapes_list');
    expect(parameters).toEqual([
      {
        argument: 'filter',
        name: 'filter',
        in: 'query',
        required: false,
        style: 'deepObject',
        explode: false,
      },
      { argument: 'top', name: '$top', in: 'query', required: false, style: 'form', explode: true },
      {
        argument: 'box',
        name: 'box',
        in: 'query',
        required: false,
        style: 'pipeDelimited',
        explode: false,
      },
    ]);
  });
});

describe('an output schema', () => {
  it('is that of the JSON, without what only requests have', () => {
    const { properties, required } = toolOf(petstore, 'updatePet').definition.outputSchema ?? {};
    expect(required).toEqual(['id', 'name']);
    expect(Object.keys(properties as object)).toEqual([
      'id',
      'name',
      'status',
      'owner',
      'photo',
      'tags',
    ]);
  });

  it('holds an array in items and a number in value', () => {
    expect(toolOf(petstore, 'findPetsByStatus').definition.outputSchema).toMatchObject({
      type: 'object',
      properties: { items: { type: 'array', items: { type: 'object' } } },
      required: ['items'],
    });
    expect(toolOf(petstore, 'countPets').definition.outputSchema).toEqual({
      type: 'object',
      properties: { value: { type: 'integer', minimum: 0 } },
      required: ['value'],
      additionalProperties: false,
    });
  });

  it('refers to itself through $defs only, across files', () => {
    const tree = {
      type: 'object',
      properties: {
        name: { type: 'string' },
        parent: {
          description: 'Where it hangs.',
          anyOf: [{ $ref: '#/$defs/tree' }, { type: 'null' }],
        },
        children: { type: 'array', items: { $ref: '#/$defs/tree' } },
        kind: { type: 'string', description: 'Of the wood.' },
      },
      required: ['name'],
    };
    expect(toolOf(tricky, 'trees_get').definition.outputSchema).toEqual({
      ...tree,
      $defs: { tree },
    });
  });

  it('has no union at its root: what may be there is a property, what always is, is required', () => {
    expect(toolOf(tricky, 'shapes_list').definition.outputSchema).toEqual({
      type: 'object',
      properties: {
        kind: {
          anyOf: [{ allOf: [{ type: 'string' }, { const: 'circle' }] }, { const: 'square' }],
        },
        area: { type: 'number', minimum: 0 },
        radius: { type: 'number' },
        side: { type: 'number' },
      },
      required: ['kind'],
    });
    expect(toolOf(tricky, 'shapes_create').definition.outputSchema).toEqual({
      type: 'object',
      properties: {
        kind: { type: 'string' },
        area: { type: 'number', minimum: 0 },
        note: { type: 'string' },
      },
      required: ['kind', 'note'],
    });
  });

  it.each(['post_jobs', 'mixed'])('is not promised when answers differ: %s', (name) => {
    expect(toolOf(tricky, name).definition.outputSchema).toBeUndefined();
  });
});
