import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { identityConfig, type CognitoConfig } from '../../lib/identity-config.ts';
import { ClientDocuments } from '../../src/oauth/client-metadata-document.ts';
import { isListedRedirectUri } from '../../src/oauth/redirect-uri.ts';
import { registerClient } from '../../src/oauth/registration.ts';

const project = join(import.meta.dirname, '..', '..');
const read = (...path: readonly string[]): string => readFileSync(join(project, ...path), 'utf8');
const sourcesIn = (...path: readonly string[]): string =>
  readdirSync(join(project, ...path))
    .filter((file) => file.endsWith('.ts'))
    .map((file) => read(...path, file))
    .join('\n');

const names = readdirSync(join(project, 'content')).filter((file) => file.startsWith('client-'));
const pages = names.map((name) => ({ name, text: read('content', name) }));
const pageOf = (name: string): string => read('content', `client-${name}.md`);
const overview = read('content', 'connect-clients.md');

const jsonOf = (text: string): readonly unknown[] =>
  [...text.matchAll(/^ *```json\n([\s\S]*?)^ *```$/gmu)].map(([, json = '']): unknown =>
    JSON.parse(json),
  );

/** Every member of a JSON value, however deep. */
const membersOf = (value: unknown): readonly (readonly [string, unknown])[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, inner]) => [[key, inner], ...membersOf(inner)] as const)
    : [];

/** The configuration that a page shows, as the deployment reads it; without one, the defaults. */
const configOf = (text: string): CognitoConfig => {
  const shown = jsonOf(text).find(
    (value): value is { identity: unknown } =>
      typeof value === 'object' && value !== null && 'identity' in value,
  );
  const parsed = identityConfig.parse(shown?.identity ?? { provider: 'cognito' });
  return parsed.provider === 'cognito' ? parsed : expect.fail('the example is of Cognito');
};

describe('the pages of clients', () => {
  it('are these, each linked from the overview', () => {
    const linked = [...overview.matchAll(/\]\((client-[\w-]+\.md)\)/gu)].map(([, to]) => to);
    expect(linked.sort()).toEqual([...names].sort());
    expect(names).toHaveLength(8);
  });

  it.each(pages)('$name names its lane, and says what was tried', ({ text }) => {
    expect(text).toMatch(/^\*\*Lane:\*\* (API key|OAuth|SigV4)\b/mu);
    expect(text).toMatch(/^\*\*Tried:\*\* \S/mu);
    for (const section of ['## It works when', '## When it does not']) {
      expect(text).toContain(section);
    }
  });

  it.each(pages)(
    '$name shows credentials as placeholders, never as something that could be one',
    ({ text }) => {
      for (const [key, value] of jsonOf(text).flatMap(membersOf)) {
        if (key === 'Authorization') {
          expect(value).toMatch(/^Bearer \$\{(?:env:|input:)?\w+\}$/u);
        }
        if (/^authorization(_token)?$/u.test(key)) expect(value).toBe('DRAWBRIDGE_KEY');
        if (key === 'CLIENT_ID') expect(value).toBe('CLIENT_ID');
        if (/secret|password/iu.test(key)) expect(typeof value).toBe('boolean');
      }
      for (const [, token] of text.matchAll(/Bearer (\S+?)["`]/gu)) {
        expect(token).toMatch(/^\$(?:DRAWBRIDGE_KEY|\{[\w:]+\})$/u);
      }
      expect(text).not.toMatch(/smcp_[a-z0-9-]+_/u);
      expect(text).not.toMatch(/eyJ|AKIA|ASIA/u);
    },
  );

  it.each(pages)('$name connects to the twin or to the example deployment', ({ text }) => {
    const servers = jsonOf(text)
      .flatMap(membersOf)
      .filter(([key]) => key === 'url' || key === 'server_url');
    for (const [, url] of servers) {
      expect(['https://mcp.example.com/mcp', 'http://127.0.0.1:7400/mcp']).toContain(url);
    }
  });

  it.each([...pages, { name: 'troubleshooting.md', text: read('content', 'troubleshooting.md') }])(
    'what $name says that people are told, is what they are told',
    ({ text }) => {
      const said = sourcesIn('src', 'oauth') + sourcesIn('lambdas', 'pre-token');
      const quoted = [
        ...text.matchAll(
          /`((?:The (?:application|request)|This user|A redirect|A scope|Tokens|Sign-in)\b[^`]+)`/gu,
        ),
      ].map(([, message = '']) => message);
      for (const message of quoted) expect(said).toContain(message);
    },
  );
});

const registers = (redirect_uris: readonly string[], { redirectUris }: CognitoConfig): boolean => {
  try {
    registerClient(
      { redirect_uris },
      {
        issuer: 'https://mcp.example.com',
        resource: 'https://mcp.example.com/mcp',
        resourceName: 'Drawbridge',
        poolUrl: 'https://pool.example.com',
        jwksUri: 'https://pool.example.com/jwks.json',
        publicClientId: 'shared',
        redirectUris,
        scopes: ['drawbridge/mcp'],
        otherClients: [],
      },
    );
    return true;
  } catch {
    return false;
  }
};

/** Whether a client with this metadata document may have its code sent to `redirectUri`. */
const isKnownByDocument = async (
  document: { readonly client_id: string } & Record<string, unknown>,
  redirectUri: string,
): Promise<boolean> => {
  const documents = new ClientDocuments(
    async () => ({
      status: 200,
      headers: new Map([['content-type', 'application/json']]),
      body: JSON.stringify(document),
    }),
    Date.now,
  );
  const known = await documents.get(document.client_id).catch(() => undefined);
  return known !== undefined && isListedRedirectUri(redirectUri, known.redirectUris);
};

/** What clients sent in autumn 2026, as their sources, documents or operators of other servers show it. */
describe('what clients send is taken, or their page says that it is not', () => {
  const limits = (page: string): boolean => /\bin\s+this\s+release\b/iu.test(page);

  it('ChatGPT registers with the redirect URI of its page', () => {
    const page = pageOf('chatgpt');
    const stable = ['https://chatgpt.com/connector_platform_oauth_redirect'];
    expect(registers(stable, configOf(page))).toBe(true);
    expect(registers(stable, configOf(''))).toBe(true);
    expect(page).toContain(stable[0]);
  });

  it('ChatGPT’s metadata document prefers private_key_jwt, and has none as well', async () => {
    const redirectUri = 'https://chatgpt.com/connector_platform_oauth_redirect';
    const isTaken = await isKnownByDocument(
      {
        client_id: 'https://chatgpt.com/oauth/client.json',
        client_name: 'ChatGPT',
        redirect_uris: [redirectUri],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_methods_supported: ['none', 'private_key_jwt'],
        jwks_uri: 'https://chatgpt.com/oauth/jwks.json',
      },
      redirectUri,
    );
    expect(limits(pageOf('chatgpt'))).toBe(!isTaken);
  });

  it('Claude.ai is known by its document, and registers with the default list', async () => {
    const client_id = 'https://claude.ai/oauth/mcp-oauth-client-metadata';
    for (const callback of [
      'https://claude.ai/api/mcp/auth_callback',
      'https://claude.com/api/mcp/auth_callback',
    ]) {
      const document = {
        client_id,
        client_name: 'Claude',
        redirect_uris: [callback],
        token_endpoint_auth_method: 'none',
      };
      expect(await isKnownByDocument(document, callback)).toBe(true);
      expect(registers([callback], configOf(''))).toBe(true);
      expect(registers([callback], configOf(pageOf('claude-ai')))).toBe(true);
    }
  });

  it('Claude Code is known by its document on any loopback port, and registers', async () => {
    const document = {
      client_id: 'https://claude.ai/oauth/claude-code-client-metadata',
      redirect_uris: ['http://localhost/callback', 'http://127.0.0.1/callback'],
    };
    const callback = 'http://localhost:58135/callback';
    expect(await isKnownByDocument(document, callback)).toBe(true);
    expect(registers([callback], configOf(''))).toBe(true);
  });

  it('Cursor registers three redirect URIs at once, or is given the client id', () => {
    const desktop = 'http://localhost:8787/callback';
    const web = 'https://www.cursor.com/agents/mcp/oauth/callback';
    const isTaken = registers(
      ['cursor://anysphere.cursor-mcp/oauth/callback', web, desktop],
      configOf(''),
    );
    expect(limits(pageOf('cursor'))).toBe(!isTaken);
    for (const callback of [desktop, web]) {
      expect(registers([callback], configOf(''))).toBe(true);
      expect(pageOf('cursor')).toContain(callback);
    }
  });

  it('VS Code is known by its document, and registers with the list of its page', async () => {
    const redirect_uris = ['http://127.0.0.1/', 'https://vscode.dev/redirect'];
    const document = {
      client_id: 'https://vscode.dev/oauth/client-metadata.json',
      client_name: 'Visual Studio Code',
      redirect_uris,
      grant_types: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      token_endpoint_auth_method: 'none',
    };
    for (const callback of ['http://127.0.0.1:33418/', 'https://vscode.dev/redirect']) {
      expect(await isKnownByDocument(document, callback)).toBe(true);
    }
    const page = pageOf('vs-code');
    const sent = [
      'https://insiders.vscode.dev/redirect',
      ...redirect_uris,
      'http://127.0.0.1:33418/',
    ];
    expect(registers(sent, configOf(page))).toBe(true);
    expect(limits(page)).toBe(!registers(sent, configOf('')));
  });
});
