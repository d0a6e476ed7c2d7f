import { McpServer } from '@modelcontextprotocol/server';

/** What the conformance suite asks of a server (facts of its scenarios): nothing else is in it. */
export const createFixture = (): McpServer => {
  const server = new McpServer({ name: 'conformance-fixture', version: '1.0.0' });
  server.registerTool('test_simple_text', { description: 'Answers a text.' }, () => ({
    content: [{ type: 'text', text: 'This is a simple text response for testing.' }],
  }));
  return server;
};
