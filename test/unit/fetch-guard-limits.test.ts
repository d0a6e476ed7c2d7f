import type { RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { StreamLimits } from '../../src/fetch-guard/streaming-fetch.ts';
import { deadPort } from '../fixtures/upstreams/recorded-server.ts';
import { selfSignedCertificate } from '../integration/support/self-signed-certificate.ts';
import { aGuard, aRealGuard, closers } from './support/streaming-guards.ts';

const url = 'https://example.com/mcp';

const limited = (listener: RequestListener, limits: Partial<StreamLimits>) =>
  aGuard(listener, { limits });

/** Writes forever, each time after `everyMs`. */
const dripping =
  (everyMs: number, chunk: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(200, headers);
    const timer = setInterval(() => response.write(chunk), everyMs);
    response.on('close', () => clearInterval(timer));
  };

describe('a redirect', () => {
  const redirecting =
    (status: number, location: string, seen: string[] = []): RequestListener =>
    (request, response) => {
      seen.push(`${request.method} ${request.url}`);
      if (request.url !== '/mcp') return void request.pipe(response.writeHead(200));
      response.writeHead(status, { location }).end('moved');
    };
  const post = { method: 'POST', body: 'hello', headers: { authorization: 'Bearer x' } };

  it.each([307, 308])('within the origin is followed, body and all (%s)', async (status) => {
    const seen: string[] = [];
    const { fetch, connected } = await aGuard(redirecting(status, '/other?x=1', seen));
    expect(await (await fetch(url, post)).text()).toBe('hello');
    expect(seen).toEqual(['POST /mcp', 'POST /other?x=1']);
    expect(connected.every(({ hostname }) => hostname === 'example.com')).toBe(true);
  });

  it('is looked at again: its connection may go elsewhere', async () => {
    const answers = [['93.184.216.34'], ['10.0.0.1']];
    const { fetch } = await aGuard(
      (_, response) => {
        response.writeHead(307, { location: '/other', connection: 'close' }).end();
      },
      { resolve: async () => answers.shift() ?? [] },
    );
    await expect(fetch(url)).rejects.toMatchObject({ code: 'address' });
  });

  it.each([
    [307, 'https://other.example.com/mcp'],
    [308, 'https://example.com:8443/mcp'],
    [307, 'http://example.com/mcp'],
    [307, 'https://user@evil.example.com/'],
    [307, '//evil.example.com/mcp'],
    [307, 'http://169.254.169.254/latest/meta-data'],
    [307, 'file:///etc/passwd'],
    [301, '/other'],
    [302, '/other'],
    [303, '/other'],
    [300, '/other'],
  ])('of %s to %j is an error, whatever was asked for', async (status, location) => {
    for (const redirect of ['follow', 'manual'] as const) {
      const seen: string[] = [];
      const { fetch, connected } = await aGuard(redirecting(status, location, seen), {
        ports: 'any',
      });
      await expect(fetch(url, { ...post, redirect })).rejects.toMatchObject({ code: 'redirect' });
      expect(seen).toEqual(['POST /mcp']);
      expect(connected).toHaveLength(1);
    }
  });

  it('is followed three times', async () => {
    let left = 3;
    const { fetch } = await aGuard((_, response) => {
      if (left-- > 0) response.writeHead(307, { location: '/again' }).end();
      else response.end('there');
    });
    expect(await (await fetch(url)).text()).toBe('there');
    left = 4;
    await expect(fetch(url)).rejects.toMatchObject({ code: 'redirect' });
  });
});

describe('an answer', () => {
  it('whose headers do not come is given up', async () => {
    const { fetch, server } = await limited(() => undefined, { headersMs: 40 });
    await expect(fetch(url)).rejects.toMatchObject({ code: 'timeout', sent: true });
    await expect.poll(() => server.open()).toBe(0);
  });

  it('whose headers come a byte at a time is given up', async () => {
    const server = createTcpServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nx-slow: ');
      const timer = setInterval(() => socket.write('a'), 5);
      socket.on('error', () => undefined).on('close', () => clearInterval(timer));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { fetch } = aRealGuard({ allowLoopback: true, limits: { headersMs: 60 } });
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toMatchObject({ code: 'timeout' });
  });

  it('whose headers are too large is given up', async () => {
    const { fetch } = await limited(
      (_, response) => void response.writeHead(200, { 'x-large': 'a'.repeat(3_000) }).end(),
      { maxHeaderBytes: 2_048 },
    );
    await expect(fetch(url)).rejects.toMatchObject({ code: 'too-large' });
  });

  it('that is compressed is given up', async () => {
    const { fetch } = await limited(
      (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
      {},
    );
    await expect(fetch(url)).rejects.toMatchObject({ code: 'encoding' });
  });

  it.each<[string, RequestListener, Partial<StreamLimits>, string]>([
    ['goes on and on', dripping(1, 'x'.repeat(200)), { maxBytes: 1_000 }, 'too-large'],
    [
      'says that it is too large',
      (_, response) => void response.writeHead(200, { 'content-length': 1_001 }).write('x'),
      { maxBytes: 1_000 },
      'too-large',
    ],
    ['stops', (_, response) => void response.write('x'), { idleMs: 40 }, 'timeout'],
    ['is slower than it may be', dripping(5, 'x'), { totalMs: 60, idleMs: 1_000 }, 'timeout'],
    [
      'breaks off',
      (_, response) => {
        response.writeHead(200, { 'content-length': 9 }).write('x');
        setImmediate(() => response.destroy());
      },
      {},
      'unreachable',
    ],
    [
      'has an event that goes on and on',
      dripping(1, 'x'.repeat(200)),
      { maxBytes: 1_000, maxBytesOf: 'event' },
      'too-large',
    ],
  ])(
    'whose body %s is given up, and its connection is closed',
    async (_, listener, limits, code) => {
      const { fetch, server } = await limited(listener, limits);
      const ends: unknown[] = [];
      const response = await fetch(url, { onBodyEnd: (error) => ends.push(error) });
      await expect(response.text()).rejects.toMatchObject({ code, sent: true });
      expect(ends).toEqual([expect.objectContaining({ code })]);
      await expect.poll(() => server.open()).toBe(0);
    },
  );

  it.each(['\n', '\r\n', '\r'])(
    'of events (%j) may be larger than each event may be',
    async (lineEnd) => {
      const event = `data: ${'x'.repeat(600)}${lineEnd}${lineEnd}`;
      const { fetch } = await limited(
        (_, response) => {
          for (let i = 0; i < 50; i++) response.write(event);
          response.end();
        },
        { maxBytes: 1_000, maxBytesOf: 'event' },
      );
      expect((await (await fetch(url)).text()).length).toBe(50 * event.length);
    },
  );

  it('is read as fast as its reader reads', async () => {
    let written = 0;
    const { fetch } = await limited(
      (_, response) => {
        const chunk = Buffer.alloc(65_536);
        const pour = () => {
          while (!response.destroyed && response.write(chunk)) written += chunk.length;
          written += chunk.length;
        };
        response.on('drain', pour);
        pour();
      },
      { maxBytes: Infinity, idleMs: 30 },
    );
    const response = await fetch(url);
    const reader = response.body?.getReader();
    await reader?.read();
    let before = -1;
    const isSettled = () => {
      const isSame = written === before;
      before = written;
      return isSame;
    };
    await expect.poll(isSettled, { interval: 60 }).toBe(true);
    // What waits is in buffers of the system; a reader who takes his time is not a host that does.
    expect(written).toBeLessThan(20_000_000);
    expect(await reader?.read()).toMatchObject({ done: false });
    await reader?.cancel();
  });

  it('tells that it is over, and how', async () => {
    const { fetch } = await limited((_, response) => void response.end('all of it'), {});
    const ends: unknown[] = [];
    const onBodyEnd = (error?: Error) => ends.push(error);
    await (await fetch(url, { onBodyEnd })).text();
    await (await fetch(url, { onBodyEnd })).body?.cancel();
    expect(ends).toEqual([undefined, undefined]);
  });
});

describe('a caller who gives up', () => {
  const reason = new Error('given up');

  it('before the request sends nothing', async () => {
    const { fetch, connected } = await limited(() => undefined, {});
    await expect(fetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(connected).toEqual([]);
  });

  it('while the name is looked up is not kept waiting', async () => {
    const { fetch, connected } = await aGuard(() => undefined, {
      resolve: () => new Promise(() => undefined),
    });
    const caller = new AbortController();
    const answer = fetch(url, { signal: caller.signal });
    caller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    expect(connected).toEqual([]);
  });

  it('while the headers are awaited closes the connection', async () => {
    const { fetch, server } = await limited(() => undefined, {});
    const caller = new AbortController();
    const answer = fetch(url, { signal: caller.signal });
    await expect.poll(() => server.open()).toBe(1);
    caller.abort(reason);
    await expect(answer).rejects.toBe(reason);
    await expect.poll(() => server.open()).toBe(0);
  });

  it('in the midst of the body closes the connection, and the reader learns why', async () => {
    const { fetch, server } = await limited((_, response) => void response.write('x'), {});
    const caller = new AbortController();
    const response = await fetch(url, { signal: caller.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    caller.abort(reason);
    await expect(reader?.read()).rejects.toBe(reason);
    await expect.poll(() => server.open()).toBe(0);
  });

  it('of a body by cancelling it closes the connection', async () => {
    const { fetch, server } = await limited((_, response) => void response.write('x'), {});
    await (await fetch(url)).body?.cancel();
    await expect.poll(() => server.open()).toBe(0);
  });
});

describe('a host that cannot be reached', () => {
  it.each<[string, string, () => Promise<string>]>([
    ['does not listen', 'unreachable', async () => `http://127.0.0.1:${await deadPort()}/`],
    [
      'has a certificate that nobody vouches for',
      'unreachable',
      async () => {
        const { key, certificate: cert } = selfSignedCertificate();
        const server = createTlsServer({ key, cert }, (socket) => {
          socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n'));
        });
        await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
        closers.push(() => server.close());
        return `https://localhost:${(server.address() as AddressInfo).port}/`;
      },
    ],
    [
      'accepts and does not speak TLS',
      'timeout',
      async () => {
        const server = createTcpServer((socket) => void socket.on('error', () => undefined));
        await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
        closers.push(() => server.close());
        return `https://localhost:${(server.address() as AddressInfo).port}/`;
      },
    ],
  ])('because it %s surely did not get the request', async (_, code, start) => {
    const { fetch } = aRealGuard({
      allowLoopback: true,
      resolve: async () => ['127.0.0.1'],
      limits: { connectMs: 100 },
    });
    await expect(fetch(await start())).rejects.toMatchObject({ code, sent: false });
  });

  it('may have got it once it was connected to', async () => {
    const { fetch } = await limited((_, response) => void response.destroy(), {});
    await expect(fetch(url)).rejects.toMatchObject({ code: 'unreachable', sent: true });
  });

  it('has no address in what is said of it', async () => {
    const port = await deadPort();
    const { fetch } = aRealGuard({ allowLoopback: true });
    const error = (await fetch(`http://127.0.0.1:${port}/`).catch((e: unknown) => e)) as Error;
    expect(error.message).toBe('The host could not be reached');
  });
});
