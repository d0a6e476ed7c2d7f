import {
  copyFileSync,
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
} from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';

/** A link that leads out of the folder: what it leads to is not copied with it. */
export class OutsideLinkError extends Error {
  override readonly name = 'OutsideLinkError';
  /** Relative to the folder. */
  readonly link: string;

  constructor(link: string) {
    super(`${link} leads out of the folder`);
    this.link = link;
  }
}

/**
 * Copies a folder and returns its size in bytes. Modes become 755 for folders and programs and 644 for the rest,
 * whatever the umask was: Lambda runs functions as another user.
 *
 * @param skip - says of a name at the folder's top whether it stays behind.
 * @throws OutsideLinkError
 */
export const copyFolder = (
  from: string,
  to: string,
  skip: (name: string) => boolean = () => false,
): number => {
  const copy = (source: string, target: string): number => {
    const stats = lstatSync(source);
    if (stats.isSymbolicLink()) {
      const link = readlinkSync(source);
      const inside = relative(from, resolve(dirname(source), link));
      if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
        throw new OutsideLinkError(relative(from, source).split(sep).join('/'));
      }
      symlinkSync(relative(dirname(source), resolve(dirname(source), link)), target);
      return 0;
    }
    if (stats.isDirectory()) {
      mkdirSync(target, { recursive: true });
      chmodSync(target, 0o755);
      return readdirSync(source)
        .filter((name) => source !== from || !skip(name))
        .reduce((bytes, name) => bytes + copy(join(source, name), join(target, name)), 0);
    }
    if (!stats.isFile()) return 0;
    copyFileSync(source, target);
    chmodSync(target, (stats.mode & 0o111) === 0 ? 0o644 : 0o755);
    return stats.size;
  };
  return copy(from, to);
};
