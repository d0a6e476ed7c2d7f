import { auth, createMCPClient } from '@ai-sdk/mcp';
import { runErrand } from '../seen.ts';
import { credentialsFor, drive } from './driver.mjs';

await drive(async (job) => {
  const connect = (options) =>
    createMCPClient({ transport: { type: 'http', url: job.url, ...options } });
  const client = await connect(
    await credentialsFor(job, {
      connect,
      finishAuth: (provider, answer) =>
        auth(provider, {
          serverUrl: job.url,
          authorizationCode: answer.get('code'),
          callbackState: answer.get('state'),
          callbackIssuer: answer.get('iss'),
        }),
    }),
  );
  const seen = await runErrand(client);
  await client.close();
  return { ...seen, protocolVersion: client.initializeResult.protocolVersion };
});
