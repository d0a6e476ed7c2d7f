import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { onTestFinished } from 'vitest';

/** One entry of a tar archive (POSIX.1-2001, "ustar Interchange Format"). */
const tarEntry = (path: string, content: string): Buffer => {
  const header = Buffer.alloc(512);
  const body = Buffer.from(content);
  const octal = (value: number, length: number) =>
    `${value.toString(8).padStart(length - 1, '0')}\0`;
  header.write(path, 0);
  header.write(octal(0o644, 8), 100);
  header.write(octal(0, 8), 108);
  header.write(octal(0, 8), 116);
  header.write(octal(body.length, 12), 124);
  header.write(octal(0, 12), 136);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]);
};

const tarballOf = (files: Readonly<Record<string, string>>): Buffer =>
  gzipSync(
    Buffer.concat([
      ...Object.entries(files).map(([path, content]) => tarEntry(`package/${path}`, content)),
      Buffer.alloc(1024),
    ]),
  );

export interface NpmRegistry {
  /** Makes npm ask this registry, and keep what it gets in `cache`. */
  readonly environmentWith: (cache: string) => Readonly<Record<string, string | undefined>>;
  readonly integrity: string;
  /** Paths that were asked for. */
  readonly requests: readonly string[];
}

/** A registry with one package at one version, for as long as the test runs. */
export const startRegistry = async (
  name: string,
  version: string,
  files: Readonly<Record<string, string>>,
): Promise<NpmRegistry> => {
  const tarball = tarballOf(files);
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const requests: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    requests.push(url);
    if (url.endsWith('.tgz')) {
      response.end(tarball);
      return;
    }
    const { port } = server.address() as AddressInfo;
    const dist = { tarball: `http://127.0.0.1:${port}/package.tgz`, integrity };
    const manifest = { name, version, dist };
    response
      .writeHead(url === `/${name.replace('/', '%2f')}` ? 200 : 404, {
        'content-type': 'application/json',
      })
      .end(
        JSON.stringify({
          name,
          'dist-tags': { latest: version },
          versions: { [version]: manifest },
        }),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return {
    environmentWith: (cache) => ({
      ...process.env,
      npm_config_registry: `http://127.0.0.1:${port}/`,
      npm_config_cache: cache,
      npm_config_fetch_retries: '0',
      npm_config_userconfig: `${cache}/none`,
    }),
    integrity,
    requests,
  };
};
