import { setTimeout as sleep } from 'node:timers/promises';
import { fromJsonSchema, type McpServer, type ServerContext } from '@modelcontextprotocol/server';
import { audio, image, text, textResource } from './fixture-media.ts';

/** Long enough that messages of one call do not arrive as one. */
const pauseMs = 50;

/** Says three things, one after the other. */
const narrate = async ({ mcpReq }: ServerContext): Promise<void> => {
  for (const [index, line] of ['begins', 'goes on', 'ends'].entries()) {
    if (index > 0) await sleep(pauseMs);
    await mcpReq.log('info', `The work ${line}.`);
  }
};

const reportProgress = async ({ mcpReq }: ServerContext): Promise<void> => {
  const progressToken = mcpReq._meta?.progressToken;
  for (const [index, progress] of [0, 50, 100].entries()) {
    if (index > 0) await sleep(pauseMs);
    if (progressToken === undefined) continue;
    await mcpReq.notify({
      method: 'notifications/progress',
      params: { progressToken, progress, total: 100 },
    });
  }
};

/** Every keyword that a gateway could lose: references, composition, conditions. */
const schema2020 = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'address',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    to: { $ref: '#/$defs/address' },
    by: { type: 'string', enum: ['post', 'courier'] },
    stamp: { type: 'string' },
    courier: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['stamp'] }, { required: ['courier'] }] }],
  if: { properties: { by: { const: 'post' } }, required: ['by'] },
  then: { required: ['stamp'] },
  else: { required: ['courier'] },
  additionalProperties: false,
};

const headerSchema = {
  type: 'object',
  properties: { region: { type: 'string', 'x-mcp-header': 'Region' } },
  required: ['region'],
};

export const addTools = (server: McpServer): void => {
  const answer = (name: string, description: string, content: readonly object[]) =>
    server.registerTool(name, { description }, () => ({ content: content as never }));
  const run = (
    name: string,
    description: string,
    work: (context: ServerContext) => void | Promise<void>,
  ) =>
    server.registerTool(name, { description }, async (context) => {
      await work(context);
      return { content: [text('Done.')] };
    });

  answer('test_simple_text', 'Answers a text.', [text('A text.')]);
  answer('test_image_content', 'Answers an image.', [image]);
  answer('test_audio_content', 'Answers a recording.', [audio]);
  answer('test_embedded_resource', 'Answers a resource.', [
    textResource('test://embedded-resource', 'What the resource says.'),
  ]);
  answer('test_multiple_content_types', 'Answers a text, an image and a resource.', [
    text('Three parts:'),
    image,
    textResource('test://mixed-content-resource', '{"part":3}', 'application/json'),
  ]);
  answer('test_reconnection', 'Answers on the stream that it was asked on.', [text('Here.')]);

  run('test_tool_with_logging', 'Says what it does.', narrate);
  run('test_logging_tool', 'Says what it does, to those who want to hear it.', narrate);
  run('test_tool_with_progress', 'Tells how far it is.', reportProgress);
  run('test_error_handling', 'Fails.', () => {
    throw new Error('This tool fails whenever it is called.');
  });
  run('test_trigger_tool_change', 'Says that the list of tools changed.', () =>
    server.sendToolListChanged(),
  );
  run('test_trigger_prompt_change', 'Says that the list of prompts changed.', () =>
    server.sendPromptListChanged(),
  );

  server.registerTool(
    'json_schema_2020_12_tool',
    { description: 'Has a schema of many keywords.', inputSchema: fromJsonSchema(schema2020) },
    () => ({ content: [text('Sent.')] }),
  );
  server.registerTool(
    'test_x_mcp_header',
    {
      description: 'Has an argument that a header repeats.',
      inputSchema: fromJsonSchema(headerSchema),
    },
    () => ({ content: [text('Heard.')] }),
  );
};
