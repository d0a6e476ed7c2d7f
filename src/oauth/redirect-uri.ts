/** As sent, before any parser made something else of it: printable ASCII without spaces, quotes, `\`, `<` and `>`. */
const plain = /^[!#-;=?-[\]^-~]+$/u;

/** RFC 8252 §7.3, as written: no other spelling of the same address, no user info. The port may be any. */
const loopback = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?(?=$|[/?])/u;

const maxLength = 512;

/** Parameters of the answer (RFC 6749 §4.1.2, RFC 9207): a redirect URI that holds one would forge it. */
const answerParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri'];

/** Schemes that a browser runs or opens by itself, instead of handing the code to an application. */
const refusedSchemes = ['javascript:', 'vbscript:', 'data:', 'blob:', 'file:', 'about:'];

/**
 * RFC 6749 §3.1.2: absolute, without a fragment; without what only misleads people, such as user info; unencrypted only
 * to this machine (OAuth 2.1 §1.5).
 */
export const isWellFormedRedirectUri = (uri: string): boolean => {
  if (uri.length > maxLength || !plain.test(uri) || uri.includes('#') || !URL.canParse(uri)) {
    return false;
  }
  const { protocol, username, password, searchParams } = new URL(uri);
  return (
    !refusedSchemes.includes(protocol) &&
    (protocol !== 'http:' || loopback.test(uri)) &&
    username === '' &&
    password === '' &&
    !answerParameters.some((name) => searchParams.has(name))
  );
};

export const isLoopbackRedirectUri = (uri: string): boolean =>
  isWellFormedRedirectUri(uri) && loopback.test(uri);

const withoutPort = (uri: string): string => uri.replace(loopback, 'http://$1');

/** Whether `uri` is one of `listed`: letter by letter, but for the port of a loopback address (RFC 8252 §7.3). */
export const isListedRedirectUri = (uri: string, listed: readonly string[]): boolean =>
  isWellFormedRedirectUri(uri) &&
  (listed.includes(uri) ||
    (isLoopbackRedirectUri(uri) &&
      listed.some((one) => isLoopbackRedirectUri(one) && withoutPort(one) === withoutPort(uri))));

/** `uri` with `parameters` behind the query it has (RFC 6749 §3.1.2: the query is kept as it is). */
export const withParameters = (
  uri: string,
  parameters: Readonly<Record<string, string | undefined>>,
): string => {
  const query = new URLSearchParams(
    Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return `${uri}${uri.includes('?') ? '&' : '?'}${query.toString()}`;
};

/** Where a redirect URI leads, in the form a person can judge: the host, or the scheme of an application. */
export const destinationOf = (uri: string): string => {
  const { protocol, host } = new URL(uri);
  return protocol === 'https:' || protocol === 'http:' ? host : protocol;
};
