import { expect, it } from 'vitest';
import { parseApiKey } from '../../src/credentials/api-key.ts';
import { bearer, callOf, post, runTwin } from './support/running-twin.ts';

const canary = 'C4n4ryDoNotWriteThisDown';

it('a canary sent as key, header and argument is in no log line, no error body and no file', async () => {
  await using running = await runTwin();
  const key = await running.keyOn('premium', 'acme');
  const errorBodies: string[] = [];
  const send = async (body: string | object, headers: Record<string, string>) => {
    const { status, text } = await post(running.mcpUrl, body, headers);
    if (status >= 400 || text.includes('"error"') || text.includes('isError'))
      errorBodies.push(text);
    return status;
  };

  const asKey = [canary, `smcp_acme_${canary}`, `smcp_${canary}_x`, `${key}${canary}`];
  for (const wrong of asKey)
    expect(await send(callOf('search', { query: 'x' }), bearer(wrong))).toBe(401);

  for (const name of [
    'user-agent',
    'origin',
    'mcp-name',
    'mcp-method',
    'mcp-protocol-version',
    'mcp-session-id',
    'x-forwarded-for',
    'x-amzn-trace-id',
    'cookie',
    'x-canary',
    'accept',
    'referer',
    'content-type',
  ]) {
    await send(callOf('search', { query: 'x' }), { ...bearer(key), [name]: canary });
  }
  const modern = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: {
      name: 'search',
      arguments: { query: 'x' },
      _meta: {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientCapabilities': {},
      },
    },
  };
  const modernHeaders = {
    ...bearer(key),
    'mcp-protocol-version': '2026-07-28',
    'mcp-method': 'tools/call',
  };
  expect(await send(modern, { ...modernHeaders, 'mcp-name': canary })).toBe(400);
  expect(await send(modern, { ...modernHeaders, 'mcp-protocol-version': canary })).toBe(400);

  for (const args of [
    { query: canary },
    { query: 5, [canary]: 1 },
    { query: { [canary]: canary } },
    { query: 'x', cursor: canary },
    { query: 'x', limit: canary },
    canary,
    [canary],
  ]) {
    await send(callOf('search', args), bearer(key));
  }
  await send(callOf('fetch', { id: canary }), bearer(key));
  await send(callOf(canary, { query: canary }), bearer(key));
  await send({ jsonrpc: '2.0', id: 1, method: canary, params: { [canary]: canary } }, bearer(key));
  await send(`{"${canary}`, bearer(key));
  await send(`${canary}`, bearer(key));
  await running.stop();

  expect(errorBodies.length).toBeGreaterThan(10);
  for (const body of errorBodies) expect(body).not.toContain(canary);
  const written = running.everythingWritten();
  expect(written).toContain('"type":"audit"');
  expect(written).toContain('"type":"access"');
  expect(written).not.toContain(canary);
  expect(running.problems.join('\n')).not.toContain(canary);

  // Nor is the good key, or its secret part, anywhere.
  expect(parseApiKey(key)).toBeDefined();
  expect(written).not.toContain(key);
  expect(written).not.toContain(key.slice(-38));
});
