import { MCPClient } from 'mcp-client';
import { runErrand } from '../seen.ts';
import { drive } from './driver.mjs';

// It sends no headers and no credentials of any kind by itself: `job.command` is the bridge that does.
await drive(async ({ command, args, env }) => {
  const client = new MCPClient({ name: 'mcp-client', version: '1.0.0' });
  await client.connect({ type: 'stdio', command, args, env, stderr: 'inherit' });
  const seen = await runErrand({
    listTools: async () => ({ tools: await client.getAllTools() }),
    callTool: (call) => client.callTool(call),
    listPrompts: async () => ({ prompts: await client.getAllPrompts() }),
    getPrompt: (prompt) => client.getPrompt(prompt),
    listResources: async () => ({ resources: await client.getAllResources() }),
    readResource: (resource) => client.getResource(resource),
  });
  await client.close();
  return seen;
});
