import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import { aGuard, aRealGuard, aServer } from './support/streaming-guards.ts';

const answering: RequestListener = (_, response) => void response.end('yes');
const url = 'https://example.com/mcp';

describe('a guarded request', () => {
  it('has method, headers and body, and an answer with status, headers and body', async () => {
    const { fetch, connected } = await aGuard((request, response) => {
      const { host, 'x-key': key, 'content-length': length } = request.headers;
      response.writeHead(201, { 'x-one': '1', 'set-cookie': ['a=1', 'b=2'] });
      response.write(`${request.method} ${request.url} ${host} ${String(key)} ${length} `);
      request.pipe(response);
    });
    const response = await fetch('https://Example.com/a?b=c#d', {
      method: 'POST',
      headers: new Headers({ 'X-Key': 'k' }),
      body: 'ü',
    });
    expect(response.status).toBe(201);
    expect(response.headers.get('x-one')).toBe('1');
    expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
    expect(await response.text()).toBe('POST /a?b=c example.com k 2 ü');
    expect(connected).toEqual([
      { addresses: ['93.184.216.34'], port: 443, hostname: 'example.com', tls: true },
    ]);
  });

  it.each([204, 304])('may have an answer without a body (%s)', async (status) => {
    const { fetch } = await aGuard((_, response) => void response.writeHead(status).end());
    const response = await fetch(url);
    expect([response.status, response.body]).toEqual([status, null]);
  });

  it('takes no stream as its body: a redirect could not send it again', async () => {
    const { fetch, connected } = await aGuard(answering);
    await expect(
      fetch(url, { method: 'POST', body: new ReadableStream(), duplex: 'half' }),
    ).rejects.toThrow(TypeError);
    expect(connected).toEqual([]);
  });

  it('keeps its connection for the next, and looks at the addresses of each new one', async () => {
    const { fetch, server, resolved } = await aGuard(answering);
    for (let i = 0; i < 20; i++) await (await fetch(url)).text();
    expect(server.connections()).toBe(1);
    expect(resolved).toEqual(['example.com']);
  });

  it('does not go over the connection of another host or port', async () => {
    const { fetch, server } = await aGuard(answering, { ports: 'any' });
    for (const host of ['example.com', 'example.com:8443', 'example.org']) {
      await (await fetch(`https://${host}/`)).text();
    }
    expect(server.connections()).toBe(3);
  });

  it('does not go over the connection of another scheme', async () => {
    const { fetch, connected } = await aGuard(answering, {
      allowLoopback: true,
      addresses: ['127.0.0.1'],
    });
    await (await fetch('http://localhost:8443/')).text();
    await (await fetch('https://localhost:8443/')).text();
    expect(connected.map(({ tls }) => tls)).toEqual([false, true]);
  });

  it.each([
    ['says nothing of it', {}, 4_000],
    ['says two seconds', { 'keep-alive': 'timeout=2' }, 1_000],
    ['says an hour', { 'keep-alive': 'timeout=3600, max=5' }, 55_000],
  ])(
    'does not use a connection that a server closes soon, when it %s',
    async (_, headers, idleMs) => {
      let now = 0;
      const { fetch, server } = await aGuard(
        (_request, response) => void response.writeHead(200, headers).end('yes'),
        { now: () => now },
      );
      const ask = async () => (await fetch(url)).text();
      await ask();
      now += idleMs;
      await ask();
      expect(server.connections()).toBe(1);
      now += idleMs + 1;
      await ask();
      expect(server.connections()).toBe(2);
    },
  );
});

describe('a URL', () => {
  it.each([
    'http://example.com/',
    'ftp://example.com/',
    'file:///proc/self/environ',
    'data:text/plain,x',
    'https://u@example.com/',
    'https://u:p@example.com/',
    'https://93.184.216.34/',
    'https://127.0.0.1/',
    'https://127.1/',
    'https://2130706433/',
    'https://017700000001/',
    'https://0x7f000001/',
    'https://0x7f.0.0.1/',
    'https://0177.0.0.01/',
    'https://169.254.169.254./',
    'https://2852039166/',
    'https://0xa9fea9fe/',
    'https://１２７.０.０.１/',
    'https://[::1]/',
    'https://[::]/',
    'https://[::ffff:169.254.169.254]/',
    'https://[::ffff:a9fe:a9fe]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::169.254.169.254]/',
    'https://[64:ff9b::a9fe:a9fe]/',
    'https://[64:ff9b:1::a9fe:a9fe]/',
    'https://[2002:7f00:1::]/',
    'https://[fd00:ec2::254]/',
    'https://[2606:4700::1111]/',
    'example.com',
    '',
  ])('%j is not asked for', async (text) => {
    for (const ports of [443, 'any'] as const) {
      const { fetch, resolved, connected } = await aGuard(answering, { ports });
      await expect(fetch(text)).rejects.toMatchObject({ code: 'url', sent: false });
      expect([resolved, connected]).toEqual([[], []]);
    }
  });

  it.each(['https://example.com:8443/', 'https://example.com:80/'])(
    '%s may be asked for only if other ports are allowed',
    async (text) => {
      const strict = await aGuard(answering);
      await expect(strict.fetch(text)).rejects.toMatchObject({ code: 'url' });
      const { fetch, connected } = await aGuard(answering, { ports: 'any' });
      expect(await (await fetch(text)).text()).toBe('yes');
      expect(connected[0]?.port).toBe(Number(new URL(text).port));
    },
  );

  it.each([
    [['127.0.0.1']],
    [['10.0.0.1']],
    [['169.254.169.254']],
    [['169.254.170.2']],
    [['100.100.100.200']],
    [['192.0.0.192']],
    [['fd00:ec2::254']],
    [['::ffff:127.0.0.1']],
    [['64:ff9b::7f00:1']],
    [['::1']],
    [['0.0.0.0']],
    [['93.184.216.34', '10.0.0.1']],
    [['2606:4700::1111', 'fe80::1']],
    [['not an address']],
  ])('of a name that leads to %j is not asked for', async (addresses) => {
    const { fetch, connected } = await aGuard(answering, { addresses, ports: 'any' });
    await expect(fetch('https://rebound.example.com/')).rejects.toMatchObject({
      code: 'address',
      sent: false,
    });
    expect(connected).toEqual([]);
  });
});

describe('a name that is rebound', () => {
  it('is looked at again for each connection', async () => {
    const answers = [['93.184.216.34'], ['169.254.169.254']];
    const { fetch, connected } = await aGuard(
      (_, response) => void response.writeHead(200, { connection: 'close' }).end('yes'),
      { resolve: async () => answers.shift() ?? [] },
    );
    expect(await (await fetch(url)).text()).toBe('yes');
    await expect(fetch(url)).rejects.toMatchObject({ code: 'address' });
    expect(connected).toHaveLength(1);
  });

  it('is connected to at the addresses that were looked at, and not resolved in between', async () => {
    const { port } = await aServer((request, response) => void response.end(request.headers.host));
    const origin = `http://there-is-no-such-name.invalid:${port}`;
    const asked: string[] = [];
    const { fetch } = aRealGuard({
      loopbackOrigins: [origin],
      resolve: async (hostname) => {
        asked.push(hostname);
        return ['127.0.0.1'];
      },
    });
    const response = await fetch(`${origin}/`);
    expect(await response.text()).toBe(`there-is-no-such-name.invalid:${port}`);
    expect(asked).toEqual(['there-is-no-such-name.invalid']);
  });

  it('is tried at its other addresses when the first does not answer', async () => {
    const { port } = await aServer(answering);
    const origin = `http://two-addresses.invalid:${port}`;
    const { fetch } = aRealGuard({
      loopbackOrigins: [origin],
      resolve: async () => ['127.0.0.9', '127.0.0.1'],
    });
    expect(await (await fetch(`${origin}/`)).text()).toBe('yes');
  });
});

describe('this machine', () => {
  it('may be asked if that is allowed, by any scheme and port', async () => {
    const { port } = await aServer(answering);
    const { fetch } = aRealGuard({ allowLoopback: true });
    for (const host of ['127.0.0.1', '127.1', 'localhost']) {
      expect(await (await fetch(`http://${host}:${port}/`)).text()).toBe('yes');
    }
  });

  it('is the only one that may be asked without TLS', async () => {
    const { fetch, connected } = await aGuard(answering, { allowLoopback: true });
    await expect(fetch('http://example.com/')).rejects.toMatchObject({ code: 'address' });
    for (const host of [
      '10.0.0.1',
      '2852039166',
      '[::ffff:7f00:1]',
      '[fd00:ec2::254]',
      '1.1.1.1',
    ]) {
      for (const scheme of ['http', 'https']) {
        await expect(fetch(`${scheme}://${host}/`)).rejects.toMatchObject({ code: 'url' });
      }
    }
    expect(connected).toEqual([]);
    expect(await (await fetch(url)).text()).toBe('yes');
  });

  it('is not among the addresses of a public host', async () => {
    const { fetch } = await aGuard(answering, {
      allowLoopback: true,
      addresses: ['93.184.216.34', '127.0.0.1'],
    });
    await expect(fetch(url)).rejects.toMatchObject({ code: 'address' });
  });
});
