import { createHash } from 'node:crypto';
import type { DataProtection } from './web-acl-schema.ts';

type Protect = (value: string) => string;

/** What a web ACL keeps out of everything that it writes ("Data protection", AWS WAF). */
export interface Protections {
  header(name: string, value: string): string;
  queryString(queryString: string): string;
}

const PROTECT: Readonly<Record<DataProtection['Action'], Protect>> = {
  SUBSTITUTION: () => 'REDACTED',
  // AWS does not say which hash. Its examples are 32 bytes in base64.
  HASH: (value) => createHash('sha256').update(value, 'latin1').digest('base64'),
};

/** Substitution is the stricter one, where both apply. */
const strictest = (found: readonly DataProtection[]): Protect | undefined => {
  if (found.length === 0) return undefined;
  return PROTECT[found.some(({ Action }) => Action === 'SUBSTITUTION') ? 'SUBSTITUTION' : 'HASH'];
};

/** `name=value; name=value`: names stay, as in AWS's example. */
const eachCookie = (header: string, protectOf: (name: string) => Protect | undefined): string =>
  header
    .split(';')
    .map((pair) => {
      const at = pair.indexOf('=');
      const protect = protectOf((at < 0 ? pair : pair.slice(0, at)).trim());
      if (!protect) return pair;
      return at < 0 ? protect(pair) : pair.slice(0, at + 1) + protect(pair.slice(at + 1));
    })
    .join(';');

/** Bodies need no case of their own: none of the twin's log lines has a part of one. */
export const compileProtections = (list: readonly DataProtection[]): Protections => {
  const find = (type: DataProtection['Field']['FieldType'], key?: string): Protect | undefined =>
    strictest(
      list.filter(({ Field: { FieldType, FieldKeys } }) => {
        if (FieldType !== type) return false;
        if (FieldKeys === undefined || key === undefined) return true;
        return FieldKeys.some((name) => name.toLowerCase() === key.toLowerCase());
      }),
    );
  return {
    header: (name, value) => {
      const protect = find('SINGLE_HEADER', name);
      if (name.toLowerCase() !== 'cookie') return protect ? protect(value) : value;
      return eachCookie(value, (cookie) => protect ?? find('SINGLE_COOKIE', cookie));
    },
    queryString: (queryString) => {
      if (queryString === '') return '';
      const whole = find('QUERY_STRING');
      if (whole) return whole(queryString);
      return queryString
        .split('&')
        .map((pair) => {
          const at = pair.indexOf('=');
          const name = at < 0 ? pair : pair.slice(0, at);
          const protect = find('SINGLE_QUERY_ARGUMENT', name);
          return protect && at >= 0 ? `${name}=${protect(pair.slice(at + 1))}` : pair;
        })
        .join('&');
    },
  };
};
