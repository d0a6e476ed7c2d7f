import type { Client } from 'undici';

type Headers = Readonly<Record<string, string>>;

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 'initialize',
  method: 'initialize',
  params: {
    protocolVersion: '2025-11-25',
    capabilities: {},
    clientInfo: { name: 'drawbridge-bench', version: '1.0.0' },
  },
});
const initialized = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });

/**
 * Shakes hands as MCP 2025-11-25 has it (basic/lifecycle, basic/transports "Session Management").
 * @returns the headers of what follows. @throws Error when the server begins no session.
 */
export const beginSession = async (
  client: Client,
  path: string,
  headers: Headers,
): Promise<Headers> => {
  const begun = await client.request({ method: 'POST', path, headers, body: initialize });
  await begun.body.text();
  const session = begun.headers['mcp-session-id'];
  if (begun.statusCode !== 200 || typeof session !== 'string') {
    throw new Error(`initialize was answered ${begun.statusCode}, without a session`);
  }
  const own = { ...headers, 'mcp-session-id': session };
  const noted = await client.request({ method: 'POST', path, headers: own, body: initialized });
  await noted.body.dump();
  return own;
};
