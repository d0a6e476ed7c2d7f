import type { JsonObject } from '../upstreams/upstream.ts';

export interface OpenApiOptions {
  /** Where the API is reached, without a trailing slash. */
  readonly serverUrl: string;
  readonly version: string;
}

const errorSchema = {
  type: 'object',
  properties: {
    code: { type: 'string' },
    message: { type: 'string' },
    requestId: { type: 'string' },
  },
  required: ['code', 'message'],
} as const;

const errorAnswer = (description: string) => ({
  description,
  content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
});

/** JSON Schema's own marker has no place inside an OpenAPI document, which names its dialect once. */
const withoutDialect = ({ $schema: _, ...schema }: JsonObject) => schema;

/** What is used of a tool's definition. An upstream's may lack all but name and input schema. */
interface Definition {
  readonly name: string;
  readonly title?: string;
  readonly description?: string;
  readonly inputSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly annotations?: { readonly readOnlyHint?: boolean };
}

const operation = (tool: Definition) => ({
  post: {
    operationId: tool.name,
    summary: tool.title ?? tool.name,
    description: tool.description ?? '',
    // ChatGPT Actions ask their user before an operation that has consequences.
    'x-openai-isConsequential': tool.annotations?.readOnlyHint !== true,
    requestBody: {
      required: true,
      content: { 'application/json': { schema: withoutDialect(tool.inputSchema) } },
    },
    responses: {
      '200': {
        description: 'The result of the tool.',
        content: {
          'application/json': { schema: withoutDialect(tool.outputSchema ?? { type: 'object' }) },
        },
      },
      '400': errorAnswer('The arguments are not what the tool takes.'),
      '401': errorAnswer('The key is missing, wrong, expired or revoked.'),
      '422': errorAnswer('The tool failed, and says why.'),
      '429': errorAnswer('The rate or quota of the plan is used up.'),
    },
  },
});

/** OpenAPI 3.1 of exactly the given tools, each as `POST /tools/{name}`. */
export const openApiOf = (
  tools: readonly JsonObject[],
  { serverUrl, version }: OpenApiOptions,
): object => ({
  openapi: '3.1.0',
  info: { title: 'Drawbridge tools', version },
  servers: [{ url: serverUrl }],
  security: [{ apiKey: [] }],
  paths: Object.fromEntries(
    (tools as unknown as readonly Definition[]).map((tool) => [
      `/tools/${tool.name}`,
      operation(tool),
    ]),
  ),
  components: {
    securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } },
    schemas: { Error: errorSchema },
  },
});
