import { UnauthorizedError } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTenant } from '../../src/admin/create-tenant.ts';
import { anApplication } from './support/oauth-application.ts';
import { runTwin, type RunningTwin } from './support/running-twin.ts';
import { bothSdks, sdkV2 } from './support/sdk-clients.ts';
import { machineClient, publicClientId, signIn } from './support/sign-in.ts';
import { askForToken, basic, callWith } from './support/token-endpoint.ts';

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
  await createTenant(running.admin, { tenant: 'demo', plan: 'premium' });
});
afterAll(() => running?.[Symbol.asyncDispose]());

describe.each(bothSdks)(
  'the %s SDK’s own OAuth code, given nothing but the URL',
  (_, connectSdk) => {
    it('discovers, registers, signs in, gets a token and calls', async () => {
      const application = anApplication();
      const client = connectSdk(running.mcpUrl, application.provider);
      await expect(client.connect()).rejects.toThrow('Unauthorized');
      expect(client.requests).toContain(`POST ${running.twin.url}/oauth/register`);
      expect(application.kept.client?.client_id).toBe(publicClientId(running));
      const { url } = await signIn(running, application.authorizationUrl());
      expect(url.searchParams.get('state')).toBe(application.state);
      await client.finishAuth(url.searchParams);
      await client.connect();
      expect(await client.toolNames()).toEqual(['fetch', 'search']);
      expect(await client.search('usage plan')).toHaveProperty('results.0.id');
      expect(application.kept.tokens).toHaveProperty('refresh_token');
      await client.close();
    });
  },
);

it('an error of the SDK’s is an UnauthorizedError, so that applications know to send people to sign in', async () => {
  const client = sdkV2(running.mcpUrl, anApplication().provider);
  await expect(client.connect()).rejects.toBeInstanceOf(UnauthorizedError);
});

it('a token of client credentials calls as its client, and is so in the audit', async () => {
  const { clientId, clientSecret } = machineClient(running);
  const { status, json } = await askForToken(
    running,
    { grant_type: 'client_credentials', scope: 'drawbridge/mcp' },
    basic(clientId, clientSecret),
  );
  expect(status).toBe(200);
  expect((await callWith(running, json['access_token'])).status).toBe(200);
  await expect
    .poll(() => running.everythingWritten())
    .toMatch(/"type":"audit"[^\n]*"tenant":"demo","subject":"client:[^\n]*"lane":"jwt"/);
});
