import { completable, ResourceTemplate, type McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { image, text, textResource } from './fixture-media.ts';

const user = <C>(content: C) => ({ role: 'user' as const, content });

const addPrompts = (server: McpServer): void => {
  server.registerPrompt('test_simple_prompt', { description: 'One message.' }, () => ({
    messages: [user(text('A prompt.'))],
  }));
  server.registerPrompt(
    'test_prompt_with_arguments',
    {
      description: 'Repeats its arguments.',
      argsSchema: z.object({
        arg1: completable(z.string(), (value) =>
          ['test', 'testing', 'other'].filter((word) => word.startsWith(value)),
        ),
        arg2: z.string(),
      }),
    },
    ({ arg1, arg2 }) => ({ messages: [user(text(`${arg1} and ${arg2}`))] }),
  );
  server.registerPrompt(
    'test_prompt_with_embedded_resource',
    { description: 'Holds a resource.', argsSchema: z.object({ resourceUri: z.string() }) },
    ({ resourceUri }) => ({
      messages: [
        user(textResource(resourceUri, 'What the resource says.')),
        user(text('What does it say?')),
      ],
    }),
  );
  server.registerPrompt('test_prompt_with_image', { description: 'Holds an image.' }, () => ({
    messages: [user(image), user(text('What does it show?'))],
  }));
};

const addResources = (server: McpServer): void => {
  for (const name of ['static-text', 'watched-resource']) {
    const uri = `test://${name}`;
    server.registerResource(name, uri, { description: 'A text.', mimeType: 'text/plain' }, () => ({
      contents: [{ uri, mimeType: 'text/plain', text: `This is ${name}.` }],
    }));
  }
  const { data: blob, mimeType } = image;
  const uri = 'test://static-binary';
  server.registerResource('static-binary', uri, { description: 'An image.', mimeType }, () => ({
    contents: [{ uri, mimeType, blob }],
  }));
  server.registerResource(
    'template',
    new ResourceTemplate('test://template/{id}/data', { list: undefined }),
    { description: 'Says which one it is.', mimeType: 'application/json' },
    (asked, { id }) => ({
      contents: [{ uri: asked.href, mimeType: 'application/json', text: JSON.stringify({ id }) }],
    }),
  );
};

export const addDocuments = (server: McpServer): void => {
  addPrompts(server);
  addResources(server);
};
