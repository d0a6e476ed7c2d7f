import assert from 'node:assert/strict';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { signedFetch } from '../../src/signing/signed-fetch.ts';
import { runErrand, type SdkShaped, type Seen } from './seen.ts';
import { redirectUrl, signInFor } from './sign-in.ts';
import type { Access, Stage } from './stage.ts';

const info = { name: 'interop', version: '1.0.0' };

interface Session {
  readonly client: SdkShaped & { close(): Promise<void> };
  connect(): Promise<void>;
  finishAuth(answer: URLSearchParams): Promise<void>;
  protocolVersion(): string | undefined;
}

/** A client and a transport, which is made anew after a sign-in. */
export type OpenSession = (url: URL, options: object) => Session;

export const sdkV1: OpenSession = (url, options) => {
  const client = new ClientV1(info);
  const transport = new TransportV1(url, options);
  return {
    client,
    connect: () => client.connect(transport),
    finishAuth: (answer) => transport.finishAuth(answer.get('code') ?? ''),
    protocolVersion: () => transport.protocolVersion,
  };
};

export const sdkV2 =
  (revision: '2025-11-25' | '2026-07-28'): OpenSession =>
  (url, options) => {
    const modern = revision === '2026-07-28';
    const client = new Client(
      info,
      modern ? { versionNegotiation: { mode: { pin: revision } } } : {},
    );
    const transport = new StreamableHTTPClientTransport(url, options);
    return {
      client,
      connect: () => client.connect(transport),
      finishAuth: (answer) => transport.finishAuth(answer),
      protocolVersion: () => client.getNegotiatedProtocolVersion(),
    };
  };

/** Keeps what the SDKs' `OAuthClientProvider` is asked for. */
const anApplication = () => {
  const kept = new Map<string, unknown>();
  const keep = (name: string) => (value: unknown) => void kept.set(name, value);
  const kind = (name: string) => () => kept.get(name);
  const state = crypto.randomUUID();
  return {
    kept,
    provider: {
      redirectUrl,
      clientMetadata: {
        client_name: 'Interop',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      state: () => state,
      clientInformation: kind('client'),
      saveClientInformation: keep('client'),
      tokens: kind('tokens'),
      saveTokens: keep('tokens'),
      redirectToAuthorization: keep('authorizationUrl'),
      codeVerifier: kind('verifier'),
      saveCodeVerifier: keep('verifier'),
      discoveryState: kind('discovery'),
      saveDiscoveryState: keep('discovery'),
    },
  };
};

/** Is refused, signs in, and returns the options of an application that may come in. */
const signedIn = async ({ rig }: Stage, open: OpenSession, url: URL) => {
  const { kept, provider } = anApplication();
  const session = open(url, { authProvider: provider });
  await assert.rejects(session.connect(), /Unauthorized/);
  const authorizationUrl = kept.get('authorizationUrl');
  assert.ok(authorizationUrl instanceof URL, 'nobody was sent to sign in');
  await session.finishAuth(await signInFor(rig.twin, authorizationUrl.href));
  return { options: { authProvider: provider }, tokens: kept.get('tokens') };
};

/** An access token of the facade, for clients that take only headers. */
export const accessToken = async (stage: Stage): Promise<string> => {
  const { tokens } = await signedIn(stage, sdkV1, new URL(stage.rig.mcpUrl));
  return (tokens as { readonly access_token: string }).access_token;
};

const optionsFor = async (stage: Stage, open: OpenSession, access: Access): Promise<object> => {
  if (access.lane === 'key') {
    return { requestInit: { headers: { authorization: `Bearer ${access.key}` } } };
  }
  if (access.lane === 'iam') return { fetch: signedFetch(access) };
  return (await signedIn(stage, open, new URL(access.url))).options;
};

export const runSdk = async (stage: Stage, open: OpenSession, access: Access): Promise<Seen> => {
  const session = open(new URL(access.url), await optionsFor(stage, open, access));
  await session.connect();
  try {
    const protocolVersion = session.protocolVersion();
    return {
      ...(await runErrand(session.client)),
      ...(protocolVersion === undefined ? {} : { protocolVersion }),
    };
  } finally {
    await session.client.close();
  }
};
