import * as z from 'zod';

const jsonObject = z.record(z.string(), z.unknown());

/** Where an argument of a tool goes in the HTTP request (OpenAPI 3.1, "Parameter Object"). */
const parameter = z.strictObject({
  /** The argument's name: a property of the input schema. */
  argument: z.string().min(1),
  /** The parameter's own name. */
  name: z.string().min(1),
  in: z.enum(['path', 'query', 'header']),
  required: z.boolean(),
  /** How arrays and objects are written. */
  style: z.enum(['simple', 'form', 'spaceDelimited', 'pipeDelimited', 'deepObject']),
  explode: z.boolean(),
});

/** One operation of an OpenAPI document, compiled to a tool and to the request that it makes. */
export const openApiTool = z.strictObject({
  /** The MCP definition without prefix: name, title, description, inputSchema, outputSchema, annotations. */
  definition: z.strictObject({
    name: z.string().regex(/^[a-zA-Z0-9_-]{1,64}$/),
    title: z.string().optional(),
    description: z.string(),
    inputSchema: jsonObject,
    outputSchema: jsonObject.optional(),
    annotations: z.strictObject({
      readOnlyHint: z.boolean(),
      destructiveHint: z.boolean(),
      idempotentHint: z.boolean(),
      openWorldHint: z.boolean(),
    }),
  }),
  method: z.enum(['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS']),
  /** As in the document, with `{name}` where path parameters go; begins with a slash. */
  path: z.string().startsWith('/'),
  parameters: z.array(parameter),
  /** The argument that holds the body, and its media type. Absent: there is none. */
  body: z
    .strictObject({
      argument: z.string().min(1),
      required: z.boolean(),
      contentType: z.enum(['application/json', 'application/x-www-form-urlencoded']),
    })
    .optional(),
});
export type OpenApiTool = z.infer<typeof openApiTool>;
