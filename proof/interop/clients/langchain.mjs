import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import { errand, namesOf } from '../seen.ts';
import { credentialsFor, drive } from './driver.mjs';

const server = 'drawbridge';

await drive(async (job) => {
  const connect = async (options) => {
    const client = new MultiServerMCPClient({
      mcpServers: { [server]: { transport: 'http', url: job.url, ...options } },
    });
    await client.initializeConnections();
    return client;
  };
  const client = await connect(
    await credentialsFor(job, {
      connect,
      finishAuth: (provider, answer) =>
        auth(provider, { serverUrl: job.url, authorizationCode: answer.get('code') }),
    }),
  );
  const tools = await client.getTools();
  const call = async ({ name, arguments: args }) => {
    const content = await tools.find((tool) => tool.name === name).invoke(args);
    return typeof content === 'string' ? content : content.text;
  };
  const { [server]: resources } = await client.listResources(server);
  const seen = {
    protocolVersion: (await client.getClient(server)).transport.protocolVersion,
    tools: namesOf(tools),
    search: await call(errand.search),
    echo: await call(errand.echo),
    resources: {
      names: resources.map(({ uri }) => uri),
      text: (await client.readResource(server, errand.resource))[0].text,
    },
  };
  await client.close();
  return seen;
});
