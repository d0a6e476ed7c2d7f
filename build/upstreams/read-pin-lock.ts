import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UpstreamConfigError } from '../../src/upstreams/mcp-servers.ts';
import { emptyPinLock, pinLock, type PinLock } from '../../src/upstreams/pin-lock.ts';

const lockName = 'config/mcp.lock.json';

/**
 * The approved tool definitions of these servers, by `config/mcp.lock.json`; none where there is no such file.
 * @throws UpstreamConfigError
 */
export const readPinLock = (configDirectory: string, servers: readonly string[]): PinLock => {
  const file = join(configDirectory, 'mcp.lock.json');
  if (!existsSync(file)) return emptyPinLock;
  let document: unknown;
  try {
    document = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    const message = `is not JSON: ${(cause as Error).message}`;
    throw new UpstreamConfigError(lockName, [{ path: '(file)', message }], { cause });
  }
  const parsed = pinLock.safeParse(document);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      path: path.map(String).join('.') || '(file)',
      message: `${message}; \`drawbridge pins approve --file\` writes it anew`,
    }));
    throw new UpstreamConfigError(lockName, problems);
  }
  const { version, servers: all } = parsed.data;
  return {
    version,
    servers: Object.fromEntries(Object.entries(all).filter(([name]) => servers.includes(name))),
  };
};
