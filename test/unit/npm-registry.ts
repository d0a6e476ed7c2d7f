import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly bin?: string;
  readonly scripts?: Readonly<Record<string, string>>;
}

/** Packages by name, their versions by number. */
export type Published = Readonly<Record<string, Readonly<Record<string, Manifest>>>>;

/** An npm registry on this machine, with metadata alone: who asks for a tarball gets 404. */
export const startNpmRegistry = async (published: Published, latest: Record<string, string>) => {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const name = decodeURIComponent((request.url ?? '').slice(1));
    asked.push(`${request.method} ${name}`);
    const versions = published[name];
    if (versions === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"error":"Not found"}');
      return;
    }
    const document = {
      name,
      'dist-tags': { latest: latest[name] },
      versions: Object.fromEntries(
        Object.entries(versions).map(([version, manifest]) => [
          version,
          {
            name,
            version,
            ...manifest,
            ...(manifest.scripts === undefined ? {} : { hasInstallScript: true }),
            dist: {
              tarball: `http://registry.invalid/${name}-${version}.tgz`,
              integrity: `sha512-${Buffer.from(`${name}@${version}`.padEnd(64)).toString('base64')}`,
            },
          },
        ]),
      ),
    };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(document));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const home = await mkdtemp(path.join(os.tmpdir(), 'drawbridge-npm-'));
  const npmrc = path.join(home, 'npmrc');
  await writeFile(
    npmrc,
    `registry=${url}\ncache=${path.join(home, 'cache')}\nfetch-retries=0\nlogs-max=0\n`,
  );
  await chmod(npmrc, 0o600);
  return {
    url,
    asked,
    /** Environment of a user of this registry. */
    env: { npm_config_userconfig: npmrc, npm_config_globalconfig: path.join(home, 'none') },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(home, { recursive: true, force: true });
    },
  };
};
