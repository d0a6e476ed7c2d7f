import { auth } from '@modelcontextprotocol/client';
import { MCPServerStreamableHttp } from '@openai/agents';
import { errand, namesOf, toolText } from '../seen.ts';
import { credentialsFor, drive } from './driver.mjs';

await drive(async (job) => {
  const connect = async ({ headers, ...options }) => {
    const requestInit = headers === undefined ? {} : { requestInit: { headers } };
    const server = new MCPServerStreamableHttp({ url: job.url, ...requestInit, ...options });
    await server.connect();
    return server;
  };
  const server = await connect(
    await credentialsFor(job, {
      connect,
      finishAuth: (provider, answer) =>
        auth(provider, {
          serverUrl: job.url,
          authorizationCode: answer.get('code'),
          iss: answer.get('iss'),
        }),
    }),
  );
  const call = async ({ name, arguments: args }) =>
    toolText(await server.callToolResult(name, args));
  const { resources } = await server.listResources();
  const seen = {
    tools: namesOf(await server.listTools()),
    search: await call(errand.search),
    echo: await call(errand.echo),
    resources: {
      names: resources.map(({ uri }) => uri),
      text: (await server.readResource(errand.resource)).contents[0].text,
    },
  };
  await server.close();
  return seen;
});
