import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/** One browser, known by a random cookie. Only a digest of it leaves the browser's own requests. */
export interface BrowserBinding {
  /** The value of a Set-Cookie header. */
  readonly setCookie: string;
  readonly digest: string;
}

const lifetimeSeconds = 600;
const valid = /^[\w-]{43}$/u;

/** `__Host-`: a browser takes it over https only, and from no other host, not even a subdomain (RFC 6265bis §4.1.3.2). */
const cookieName = (isSecure: boolean): string =>
  isSecure ? '__Host-drawbridge-oauth' : 'drawbridge-oauth';

const digestOf = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url');

/** The one value of our cookie; none when there are two, of which a stranger may have planted one. */
const cookieOf = (cookieHeader: string | undefined, isSecure: boolean): string | undefined => {
  const name = `${cookieName(isSecure)}=`;
  const values = (cookieHeader ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(name))
    .map((pair) => pair.slice(name.length));
  return values.length === 1 && valid.test(values[0] ?? '') ? values[0] : undefined;
};

/** Binds to the browser that sent `cookieHeader`: by the cookie it has, so that two tabs do not disturb each other. */
export const bindBrowser = (
  cookieHeader: string | undefined,
  isSecure: boolean,
): BrowserBinding => {
  const secret = cookieOf(cookieHeader, isSecure) ?? randomBytes(32).toString('base64url');
  const attributes = `Path=/; Max-Age=${lifetimeSeconds}; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  return {
    setCookie: `${cookieName(isSecure)}=${secret}; ${attributes}`,
    digest: digestOf(secret),
  };
};

/** Whether `cookieHeader` comes from the browser that `digest` was made for. */
export const isBoundBrowser = (
  cookieHeader: string | undefined,
  isSecure: boolean,
  digest: string,
): boolean => {
  const secret = cookieOf(cookieHeader, isSecure);
  if (secret === undefined) return false;
  const own = Buffer.from(digestOf(secret));
  const expected = Buffer.from(digest);
  return own.length === expected.length && timingSafeEqual(own, expected);
};
