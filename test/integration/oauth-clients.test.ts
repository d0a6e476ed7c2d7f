import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ClientCredentialsProvider } from '@modelcontextprotocol/client';
import { ClientCredentialsProvider as ProviderV1 } from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import * as z from 'zod';
import { createTenant } from '../../src/admin/create-tenant.ts';
import {
  serveClientDocument,
  serveClientDocumentOverTls,
  type ServedDocument,
} from './support/client-document.ts';
import { anApplication, redirectUrl } from './support/oauth-application.ts';
import { runTwin, type RunningTwin } from './support/running-twin.ts';
import { ScriptedBrowser } from './support/scripted-browser.ts';
import { bothSdks, sdkV1, sdkV2, type SdkClient } from './support/sdk-clients.ts';
import { selfSignedCertificate } from './support/self-signed-certificate.ts';
import { machineClient, publicClientId, signIn } from './support/sign-in.ts';

const tools = ['fetch', 'search'];
const registrations = ({ requests }: SdkClient): readonly string[] =>
  requests.filter((request) => request.includes('/oauth/register'));

let running: RunningTwin;
beforeAll(async () => {
  running = await runTwin();
  await createTenant(running.admin, { tenant: 'demo', plan: 'premium' });
});
afterAll(() => running?.[Symbol.asyncDispose]());

describe.each(bothSdks)('the %s SDK', (_, connectSdk) => {
  it('with an id that it was given signs in without registering', async () => {
    const application = anApplication({ clientId: publicClientId(running) });
    const client = connectSdk(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toThrow('Unauthorized');
    const { url } = await signIn(running, application.authorizationUrl());
    await client.finishAuth(url.searchParams);
    await client.connect();
    expect(await client.toolNames()).toEqual(tools);
    expect(await client.search('usage plan')).toHaveProperty('results.0.id');
    expect(registrations(client)).toEqual([]);
    await client.close();
  });

  it('refreshes by itself when its access token is no longer taken, and asks nobody', async () => {
    const application = anApplication();
    const client = connectSdk(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toThrow('Unauthorized');
    const { url } = await signIn(running, application.authorizationUrl());
    await client.finishAuth(url.searchParams);
    const first = application.kept.tokens ?? expect.fail('no tokens');
    // The signature of another text.
    application.kept.tokens = {
      ...first,
      access_token: `${first.access_token.slice(0, -8)}AAAAAAAA`,
    };
    const before = client.requests.length;
    await client.connect();
    expect(await client.search('usage plan')).toHaveProperty('results.0.id');
    expect(client.requests.slice(before)).toContain(`POST ${running.twin.url}/oauth/token`);
    expect(application.kept.tokens.access_token).not.toBe(first.access_token);
    expect(application.kept.tokens.refresh_token).toBe(first.refresh_token);
    await client.close();
  });

  it('with the URL of its metadata document as id is looked up, and signs in without registering', async () => {
    await using document = await serveClientDocument(running, {
      client_name: 'Pocket Librarian',
      redirect_uris: [redirectUrl],
    });
    const application = anApplication({ clientId: document.url });
    const client = connectSdk(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toThrow('Unauthorized');
    expect(application.authorizationUrl().searchParams.get('client_id')).toBe(document.url);
    const { url } = await signIn(running, application.authorizationUrl());
    expect(document.requests()).toBeGreaterThan(0);
    await client.finishAuth(url.searchParams);
    await client.connect();
    expect(await client.toolNames()).toEqual(tools);
    expect(await client.search('usage plan')).toHaveProperty('results.0.id');
    expect(registrations(client)).toEqual([]);
    await client.close();
  });
});

describe('a client metadata document', () => {
  /** Where a client of this id would send its person. */
  const authorizationUrl = async (clientId: string): Promise<string> => {
    const application = anApplication({ clientId });
    const client = sdkV2(running.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toThrow('Unauthorized');
    return application.authorizationUrl().href;
  };
  const pageAt = async (url: string) => new ScriptedBrowser().open(url, () => false);

  it('that lists other redirect URIs is no way around them', async () => {
    await using document = await serveClientDocument(running, {
      redirect_uris: ['https://app.example.com/callback'],
    });
    const page = await pageAt(await authorizationUrl(document.url));
    expect(page.status).toBe(400);
    expect(page.html).toContain('a place that is not allowed');
    expect(document.requests()).toBe(1);
  });

  it('at an origin of this machine that the configuration does not list is not asked for', async () => {
    const certificate = selfSignedCertificate();
    await using document = await serveClientDocumentOverTls(
      { redirect_uris: [redirectUrl] },
      certificate,
    );
    const page = await pageAt(await authorizationUrl(document.url));
    expect(page.status).toBe(400);
    expect(page.html).toContain('could not be looked up');
    expect(document.requests()).toBe(0);
    await expect
      .poll(() => running.everythingWritten())
      .toMatch(/"reason":"client-document"[^\n]*"causeCode":"url"/u);
  });
});

describe('the SDKs’ own choice of a metadata document, over https', () => {
  let document: ServedDocument;
  let directory: string;
  let trusting: RunningTwin;

  /**
   * The SDKs take https only. An operator would list the origin in identity.loopbackClientDocuments; a port that is free
   * is known now only, and so is the certificate that the function has to trust.
   */
  const synthesizedWith = (variables: Readonly<Record<string, string>>): string => {
    const copy = join(directory, 'cdk.out');
    cpSync(inject('cdkOut'), copy, { recursive: true });
    const file = join(copy, 'drawbridge-local-Gateway.template.json');
    const template = z
      .looseObject({
        Resources: z.record(
          z.string(),
          z.looseObject({ Properties: z.record(z.string(), z.unknown()).optional() }),
        ),
      })
      .parse(JSON.parse(readFileSync(file, 'utf8')));
    const environment = Object.values(template.Resources)
      .map(({ Properties }) => Properties?.['Environment'] as { Variables: object } | undefined)
      .find((found) => found !== undefined && 'OAUTH_LOOPBACK_ORIGINS' in found.Variables);
    Object.assign(environment?.Variables ?? expect.fail('no OAuth function'), variables);
    writeFileSync(file, JSON.stringify(template));
    return copy;
  };

  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'drawbridge-cimd-'));
    const certificate = selfSignedCertificate();
    const trusted = join(directory, 'localhost.pem');
    writeFileSync(trusted, certificate.certificate);
    document = await serveClientDocumentOverTls({ redirect_uris: [redirectUrl] }, certificate);
    trusting = await runTwin({
      cdkOut: synthesizedWith({
        OAUTH_LOOPBACK_ORIGINS: new URL(document.url).origin,
        NODE_EXTRA_CA_CERTS: trusted,
      }),
    });
    await createTenant(trusting.admin, { tenant: 'demo', plan: 'premium' });
  });
  afterAll(async () => {
    await trusting?.[Symbol.asyncDispose]();
    await document?.[Symbol.asyncDispose]();
    rmSync(directory, { recursive: true, force: true });
  });

  it.each(bothSdks)('%s prefers it to registering, signs in and calls', async (_, connectSdk) => {
    const application = anApplication({ clientMetadataUrl: document.url });
    const client = connectSdk(trusting.mcpUrl, application.provider);
    await expect(client.connect()).rejects.toThrow('Unauthorized');
    expect(application.kept.client?.client_id).toBe(document.url);
    const { url } = await signIn(trusting, application.authorizationUrl());
    await client.finishAuth(url.searchParams);
    await client.connect();
    expect(await client.search('usage plan')).toHaveProperty('results.0.id');
    expect(registrations(client)).toEqual([]);
    expect(document.requests()).toBeGreaterThan(0);
    await client.close();
  });
});

describe('client credentials', () => {
  it.each([
    ['v1', sdkV1, ProviderV1],
    ['v2', sdkV2, ClientCredentialsProvider],
  ] as const)('of the %s SDK’s provider call without a person', async (_, connectSdk, Provider) => {
    const provider = new Provider({
      ...machineClient(running),
      expectedIssuer: running.twin.url,
    });
    const client = connectSdk(running.mcpUrl, provider);
    await client.connect();
    expect(await client.toolNames()).toEqual(tools);
    expect(await client.search('usage plan')).toHaveProperty('results.0.id');
    expect(client.requests).toContain(`POST ${running.twin.url}/oauth/token`);
    expect(registrations(client)).toEqual([]);
    await client.close();
  });

  it.each([
    ['v1', sdkV1, ProviderV1],
    ['v2', sdkV2, ClientCredentialsProvider],
  ] as const)('with a wrong secret give the %s SDK no token', async (_, connectSdk, Provider) => {
    const provider = new Provider({
      ...machineClient(running),
      clientSecret: 'wrong',
      expectedIssuer: running.twin.url,
    });
    await expect(connectSdk(running.mcpUrl, provider).connect()).rejects.toThrow(
      'Sign-in refused the request',
    );
    expect(provider.tokens()).toBeUndefined();
  });
});
