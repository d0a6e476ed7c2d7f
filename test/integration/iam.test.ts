import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { Sha256 } from '@aws-crypto/sha256-js';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as ClientV1 } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as TransportV1 } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { SignatureV4 } from '@smithy/signature-v4';
import { sign } from 'aws4';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CiCredentials } from '../../local/twin.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { signedFetch } from '../../src/signing/signed-fetch.ts';
import {
  bearer,
  callOf,
  post,
  runTwin,
  type Rpc,
  type RunningTwin,
} from './support/running-twin.ts';

const run = promisify(execFile);

let running: RunningTwin;
let key: string;
let ci: CiCredentials;
let ciUrl: string;
beforeAll(async () => {
  running = await runTwin();
  key = await running.keyOn('premium', 'acme');
  if (running.twin.ciRole === undefined) throw new Error('the template has no CiRole');
  ci = running.twin.ciRole;
  ciUrl = `${running.twin.url}/ci/mcp`;
  await addPrincipal(running.admin, { arn: ci.roleArn, tenant: 'acme', role: 'user' });
});
afterAll(() => running[Symbol.asyncDispose]());

const body = JSON.stringify(callOf('search', { query: 'usage plan' }));
const json = { 'content-type': 'application/json' };

interface Signing {
  readonly service?: string;
  readonly region?: string;
  readonly at?: Date;
  readonly credentials?: Pick<CiCredentials, 'accessKeyId' | 'secretAccessKey' | 'sessionToken'>;
}

/** The headers of a request to `url`, by @smithy/signature-v4. */
const smithyHeaders = async (
  url: string,
  signing: Signing = {},
): Promise<Record<string, string>> => {
  const { host, hostname, pathname } = new URL(url);
  const { accessKeyId, secretAccessKey, sessionToken } = signing.credentials ?? ci;
  const signer = new SignatureV4({
    credentials: {
      accessKeyId,
      secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    region: signing.region ?? ci.region,
    service: signing.service ?? 'execute-api',
    sha256: Sha256,
  });
  const { headers } = await signer.sign(
    {
      method: 'POST',
      protocol: 'http:',
      hostname,
      path: pathname,
      query: {},
      headers: { ...json, host },
      body,
    },
    { signingDate: signing.at ?? new Date() },
  );
  const { host: _, ...sent } = headers;
  return sent;
};

const curl = async (...args: string[]): Promise<{ status: number; json: Rpc }> => {
  const { stdout } = await run('curl', ['-sS', '-w', '\n%{http_code}', ...args]);
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), json: JSON.parse(stdout.slice(0, end)) as Rpc };
};

const served = (answer: { readonly status: number; readonly json: Rpc | undefined }): void => {
  expect(answer).toMatchObject({ status: 200, json: { id: 1, result: { content: [{}] } } });
};

describe('a signed request on /ci/mcp passes', () => {
  it('signed by signedFetch', async () => {
    const fetching = signedFetch({ credentials: ci, region: ci.region });
    const response = await fetching(ciUrl, { method: 'POST', headers: json, body });
    served({ status: response.status, json: (await response.json()) as Rpc });
  });

  it('signed by aws4', async () => {
    const { host, pathname } = new URL(ciUrl);
    const { headers = {} } = sign(
      {
        service: 'execute-api',
        region: ci.region,
        method: 'POST',
        host,
        path: pathname,
        headers: json,
        body,
      },
      ci,
    );
    const { Host: _, 'Content-Length': __, ...sent } = headers as Record<string, string>;
    served(await post(ciUrl, body, sent));
  });

  it('signed by @smithy/signature-v4', async () => {
    served(await post(ciUrl, body, await smithyHeaders(ciUrl)));
  });

  it('signed by curl', async () => {
    const answer = await curl(
      ciUrl,
      ...['--aws-sigv4', `aws:amz:${ci.region}:execute-api`],
      ...['--user', `${ci.accessKeyId}:${ci.secretAccessKey}`],
      ...['-H', `X-Amz-Security-Token: ${ci.sessionToken ?? ''}`],
      ...['-H', 'Content-Type: application/json', '--data-binary', body],
    );
    served(answer);
  });

  it('up to five minutes off', async () => {
    for (const seconds of [-290, 290]) {
      const at = new Date(Date.now() + seconds * 1000);
      served(await post(ciUrl, body, await smithyHeaders(ciUrl, { at })));
    }
  });
});

describe('the clients of both SDKs sign with signedFetch', () => {
  const info = { name: 'drawbridge-test', version: '1.0.0' };
  const options = () => ({
    fetch: signedFetch({ credentials: async () => ci, region: ci.region }),
  });

  it('v1', async () => {
    const client = new ClientV1(info);
    await client.connect(new TransportV1(new URL(ciUrl), options()));
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(['fetch', 'search']);
    await client.close();
  });

  it.each([undefined, { mode: { pin: '2026-07-28' } }])('v2, %j', async (versionNegotiation) => {
    const client = new Client(info, versionNegotiation === undefined ? {} : { versionNegotiation });
    await client.connect(new StreamableHTTPClientTransport(new URL(ciUrl), options()));
    const answer = await client.callTool({ name: 'search', arguments: { query: 'usage plan' } });
    expect(answer.isError ?? false).toBe(false);
    await client.close();
  });
});

describe('a request on /ci/mcp does not pass', () => {
  const refused = (
    answer: { readonly status: number; readonly json: Rpc | undefined },
    status: number,
    code: string,
  ): void => expect(answer).toMatchObject({ status, json: { id: null, code } });

  it('with a tampered body', async () => {
    const headers = await smithyHeaders(ciUrl);
    const tampered = body.replace('usage plan', 'usage  plan');
    refused(await post(ciUrl, tampered, headers), 401, 'UNAUTHENTICATED');
    const { 'x-amz-content-sha256': _, ...unhashed } = headers;
    refused(await post(ciUrl, tampered, unhashed), 401, 'UNAUTHENTICATED');
  });

  it('with a tampered query', async () => {
    const answer = await post(`${ciUrl}?admin=1`, body, await smithyHeaders(ciUrl));
    refused(answer, 401, 'UNAUTHENTICATED');
  });

  it.each([-301, 301, 86_400])('signed %d seconds off', async (seconds) => {
    const at = new Date(Date.now() + seconds * 1000 + Math.sign(seconds) * 2_000);
    refused(await post(ciUrl, body, await smithyHeaders(ciUrl, { at })), 401, 'UNAUTHENTICATED');
  });

  it('with another date than was signed', async () => {
    const headers = await smithyHeaders(ciUrl, { at: new Date(Date.now() - 3_600_000) });
    const [amzDate] = new Date().toISOString().replace(/[-:]/g, '').split('.');
    const answer = await post(ciUrl, body, { ...headers, 'x-amz-date': `${amzDate}Z` });
    refused(answer, 401, 'UNAUTHENTICATED');
  });

  it.each([{ service: 'lambda' }, { region: 'ap-southeast-2' }])('signed for %j', async (scope) => {
    refused(await post(ciUrl, body, await smithyHeaders(ciUrl, scope)), 401, 'UNAUTHENTICATED');
  });

  it('signed with a key that nobody has, or without the session’s token', async () => {
    const stranger = { ...ci, accessKeyId: 'ASIAAAAAAAAAAAAAAAAA' };
    const { sessionToken: _, ...without } = ci;
    for (const credentials of [stranger, without]) {
      const headers = await smithyHeaders(ciUrl, { credentials });
      refused(await post(ciUrl, body, headers), 401, 'UNAUTHENTICATED');
    }
  });

  it('signed by an IAM caller who is nobody’s principal', async () => {
    const headers = await smithyHeaders(ciUrl, { credentials: running.twin.operator });
    refused(await post(ciUrl, body, headers), 403, 'FORBIDDEN');
  });

  it('with a Bearer key', async () => {
    const answer = await post(ciUrl, body, bearer(key));
    refused(answer, 401, 'UNAUTHENTICATED');
  });

  it('unsigned', async () => {
    const answer = await post(ciUrl, body);
    expect([401, 403, 404]).toContain(answer.status);
    expect(answer.json?.result).toBeUndefined();
  });
});

it('a signed request does not pass on /mcp', async () => {
  const answer = await post(running.mcpUrl, body, await smithyHeaders(running.mcpUrl));
  expect(answer).toMatchObject({ status: 401, json: { code: 'UNAUTHENTICATED' } });
});

it('no secret of a signed job is written down, and the audit has its role', async () => {
  served(await post(ciUrl, body, await smithyHeaders(ciUrl)));
  await running.stop();
  const written = running.everythingWritten();
  const [, , , , account, role] = ci.roleArn.split(':');
  expect(written).toContain(`"subject":"iam:${account}:${role}"`);
  for (const secret of [ci.secretAccessKey, ci.sessionToken ?? '']) {
    expect(written).not.toContain(secret);
  }
});
