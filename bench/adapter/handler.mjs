import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  APIGatewayProxyEventHandler,
  StdioServerAdapterRequestHandler,
} from '@aws/run-mcp-servers-with-aws-lambda';

/** AWS's adapter behind API Gateway, as its README shows it: it starts the server for each request. */
const directory = dirname(fileURLToPath(import.meta.url));
const requests = new StdioServerAdapterRequestHandler({
  command: process.execPath,
  args: [join(directory, 'server.mjs'), join(directory, 'content-index.json')],
});
const events = new APIGatewayProxyEventHandler(requests);

export const handler = (event, context) => events.handle(event, context);
