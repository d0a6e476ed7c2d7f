import { McpServer } from '@modelcontextprotocol/server';
import { addDocuments } from './fixture-documents.ts';
import { addQuestions, questionState } from './fixture-questions.ts';
import { addTools } from './fixture-tools.ts';

/** What the conformance suite asks of a server (facts of its scenarios): nothing else is in it. */
export const createFixture = (): McpServer => {
  const server = new McpServer(
    { name: 'conformance-fixture', version: '1.0.0' },
    {
      capabilities: { logging: {}, resources: { subscribe: true } },
      requestState: { verify: (state, context) => questionState.verify(state, context) },
    },
  );
  addTools(server);
  addQuestions(server);
  addDocuments(server);
  server.server.setRequestHandler('resources/subscribe', () => ({}));
  server.server.setRequestHandler('resources/unsubscribe', () => ({}));
  return server;
};
