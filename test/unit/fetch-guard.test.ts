import { createServer, type RequestListener } from 'node:http';
import { connect as connectTcp, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { ConnectTarget } from '../../src/fetch-guard/guard-agent.ts';
import { createGuardedFetch, type GuardOptions } from '../../src/fetch-guard/guarded-fetch.ts';
import { isLoopbackAddress, isPublicAddress } from '../../src/fetch-guard/public-address.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const aServer = async (listener: RequestListener): Promise<number> => {
  const server = createServer(listener);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
};

/** A guard that finds `addresses` for every name, and connects to a server of ours instead. */
const aGuard = async (
  listener: RequestListener,
  addresses: readonly string[] = ['93.184.216.34'],
  options: Partial<GuardOptions> = {},
) => {
  const port = await aServer(listener);
  const resolved: string[] = [];
  const connected: ConnectTarget[] = [];
  const fetch = createGuardedFetch({
    timeoutMs: 300,
    maxResponseBytes: 1024,
    resolve: async (hostname) => {
      resolved.push(hostname);
      return addresses;
    },
    connect: (target) => {
      connected.push(target);
      return connectTcp(port, '127.0.0.1');
    },
    ...options,
  });
  return { fetch, resolved, connected, port };
};

describe('isPublicAddress', () => {
  it.each([
    '93.184.216.34',
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '2606:4700::1111',
    '2a00:1450:4001::5',
  ])('%s may be asked', (address) => expect(isPublicAddress(address)).toBe(true));
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '169.254.170.2',
    '169.254.79.129',
    '169.254.100.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::127.0.0.1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:2::1',
    '2001:20::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%eth0',
    'fec0::1',
    'ff02::1',
    'ffff::1',
    '4000::1',
    '2606:4700::1111%1',
    '',
    'example.com',
    '1.1.1',
    '01.1.1.1',
    '0x1.1.1.1',
    '1.1.1.1 ',
  ])('%j may not', (address) => expect(isPublicAddress(address)).toBe(false));

  it('loopback is this machine, in no other spelling', () => {
    expect(['127.0.0.1', '127.9.9.9', '::1'].every(isLoopbackAddress)).toBe(true);
    expect(['::ffff:127.0.0.1', '10.0.0.1', '0.0.0.0', 'localhost'].some(isLoopbackAddress)).toBe(
      false,
    );
  });
});

describe('createGuardedFetch', () => {
  it('connects to the address it looked at, in the name of the host', async () => {
    const { fetch, connected, resolved } = await aGuard((request, response) => {
      const { host, 'accept-encoding': encoding, accept } = request.headers;
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      response.end(`${request.method} ${request.url} ${host} ${encoding} ${accept}`);
    });
    const answer = await fetch('https://Example.com/a/b?c=d#e', { headers: { accept: 'x' } });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain');
    expect(answer.body).toBe('GET /a/b?c=d example.com identity x');
    expect(resolved).toEqual(['example.com']);
    expect(connected).toEqual([
      { addresses: ['93.184.216.34'], port: 443, hostname: 'example.com', tls: true },
    ]);
  });

  it('sends a body, with its length', async () => {
    const { fetch } = await aGuard((request, response) => {
      response.write(`${request.method} ${request.headers['content-length']} `);
      request.pipe(response);
    });
    expect((await fetch('https://example.com/', { method: 'POST', body: 'ü' })).body).toBe(
      'POST 2 ü',
    );
  });

  it.each([
    'http://example.com/',
    'https://example.com:8443/',
    'https://example.com:80/',
    'ftp://example.com/',
    'file:///proc/self/environ',
    'https://u@example.com/',
    'https://u:p@example.com/',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://[::1]/',
    'https://[::ffff:169.254.169.254]/',
    'https://93.184.216.34/',
    'data:text/plain,x',
    'example.com',
    '',
  ])('%j is not asked for', async (url) => {
    const { fetch, resolved, connected } = await aGuard(() => undefined);
    await expect(fetch(url)).rejects.toMatchObject({ code: 'url' });
    expect([resolved, connected]).toEqual([[], []]);
  });

  it.each([
    [['169.254.169.254']],
    [['93.184.216.34', '10.0.0.1']],
    [['::1']],
    [['fd00:ec2::254']],
    [['not an address']],
  ])('a name that leads to %j is not connected to', async (addresses) => {
    const { fetch, connected } = await aGuard(() => undefined, addresses);
    await expect(fetch('https://rebound.example.com/')).rejects.toMatchObject({ code: 'address' });
    expect(connected).toEqual([]);
  });

  it('a name without an address is unresolvable', async () => {
    const { fetch } = await aGuard(() => undefined, []);
    await expect(fetch('https://example.com/')).rejects.toMatchObject({ code: 'unresolvable' });
    const failing = await aGuard(() => undefined, [], {
      resolve: () => Promise.reject(new Error('x')),
    });
    await expect(failing.fetch('https://example.com/')).rejects.toMatchObject({
      code: 'unresolvable',
    });
  });

  it('a redirect is an answer, and is not followed', async () => {
    const { fetch, connected } = await aGuard((_, response) => {
      response.writeHead(302, { location: 'http://169.254.169.254/' }).end();
    });
    expect((await fetch('https://example.com/')).status).toBe(302);
    expect(connected).toHaveLength(1);
  });

  it.each<[string, RequestListener, string]>([
    [
      'says it is large',
      (_, response) => void response.writeHead(200, { 'content-length': 2000 }).write('x'),
      'too-large',
    ],
    [
      'is large',
      (_, response) => {
        for (let i = 0; i < 3; i++) response.write('x'.repeat(1000));
      },
      'too-large',
    ],
    [
      'is compressed',
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      'encoding',
    ],
    ['never begins', () => undefined, 'timeout'],
    ['never ends', (_, response) => void response.write('x'), 'timeout'],
    ['breaks off', (_, response) => void response.destroy(), 'unreachable'],
    [
      'breaks off later',
      (_, response) => {
        response.writeHead(200, { 'content-length': 9 }).write('x');
        setTimeout(() => response.destroy(), 20);
      },
      'unreachable',
    ],
  ])('an answer that %s is given up', async (_, listener, code) => {
    const { fetch } = await aGuard(listener);
    await expect(fetch('https://example.com/')).rejects.toMatchObject({ code });
  });

  it('a resolver that hangs is given up', async () => {
    const { fetch } = await aGuard(() => undefined, [], {
      resolve: () => new Promise(() => undefined),
    });
    await expect(fetch('https://example.com/')).rejects.toMatchObject({ code: 'timeout' });
  });

  it('an origin on the list may be this machine, and nothing but this machine', async () => {
    const port = await aServer((_, response) => void response.end('local'));
    const loopbackOrigins = [`http://127.0.0.1:${port}`, 'https://internal.example.com'];
    const fetch = createGuardedFetch({
      timeoutMs: 300,
      maxResponseBytes: 100,
      loopbackOrigins,
      resolve: async () => ['10.0.0.1'],
    });
    expect((await fetch(`http://127.0.0.1:${port}/x`)).body).toBe('local');
    await expect(fetch('http://127.0.0.1:9001/')).rejects.toMatchObject({ code: 'url' });
    await expect(fetch(`http://127.0.0.1:${port}@evil.com/`)).rejects.toMatchObject({
      code: 'url',
    });
    await expect(fetch('https://internal.example.com/')).rejects.toMatchObject({ code: 'address' });
  });
});
