import { describe, expect, it } from 'vitest';
import { tokenIssuersEnv } from '../../src/credentials/token-issuers.ts';
import { anIssuer } from './support/jwt-issuer.ts';

const jwksUri = 'https://cognito-idp.eu-central-1.amazonaws.com/p/.well-known/jwks.json';
const read = (value: unknown) =>
  tokenIssuersEnv.parse({ TOKEN_ISSUERS: JSON.stringify(value) }).TOKEN_ISSUERS;
const problemsOf = (text: string) =>
  tokenIssuersEnv
    .safeParse({ TOKEN_ISSUERS: text })
    .error?.issues.map(({ path, message }) => `${path.join('.')} ${message}`);

describe('TOKEN_ISSUERS', () => {
  it('is a list, and none where it is not set', () => {
    expect(read([anIssuer(jwksUri)])).toEqual([anIssuer(jwksUri)]);
    expect(tokenIssuersEnv.parse({}).TOKEN_ISSUERS).toEqual([]);
    expect(read([])).toEqual([]);
  });

  it.each(['http://127.0.0.1:7400/p/jwks.json', 'http://localhost/jwks', 'http://[::1]:1/jwks'])(
    'takes keys over http from this machine: %s',
    (uri) => {
      expect(read([anIssuer(uri)])[0]?.jwksUri).toBe(uri);
    },
  );

  it.each([
    'http://example.com/jwks.json',
    'http://127.0.0.1.evil.example/jwks',
    'http://localhost.evil.example/jwks',
    'http://10.0.0.1/jwks',
    'http://169.254.169.254/jwks',
    'https://user:secret@example.com/jwks',
    'https://example.com/jwks#a',
    'ftp://example.com/jwks',
    'file:///etc/passwd',
    'jwks.json',
    '',
  ])('takes no keys from %s', (uri) => {
    expect(problemsOf(JSON.stringify([anIssuer(uri)]))).toEqual([
      'TOKEN_ISSUERS.0.jwksUri must be a URL with https (http for a loopback host only), without user or fragment',
    ]);
  });

  it.each([
    ['what is not JSON', '{', ['TOKEN_ISSUERS is not JSON']],
    [
      'an issuer twice',
      JSON.stringify([anIssuer(jwksUri), anIssuer(jwksUri)]),
      ['TOKEN_ISSUERS names an issuer twice'],
    ],
    [
      'a field that it does not know',
      JSON.stringify([{ ...anIssuer(jwksUri), audience: 'x' }]),
      ['TOKEN_ISSUERS.0 Unrecognized key: "audience"'],
    ],
    [
      'a Cognito pool without clients',
      JSON.stringify([{ ...anIssuer(jwksUri), clientIds: undefined, clients: undefined }]),
      [
        'TOKEN_ISSUERS.0.clientIds is needed where cognito is true: its tokens may carry no audience',
      ],
    ],
    [
      'two scopes',
      JSON.stringify([anIssuer(jwksUri, { requiredScope: 'a b' })]),
      ['TOKEN_ISSUERS.0.requiredScope must be one scope: no spaces, quotes or backslashes'],
    ],
    [
      'a resource with a slash at its end',
      JSON.stringify([anIssuer(jwksUri, { resource: 'https://mcp.example.com/' })]),
      ['TOKEN_ISSUERS.0.resource must not end with a slash'],
    ],
  ])('refuses %s, and says where', (_, text, problems) => {
    expect(problemsOf(text)).toEqual(problems);
  });
});
