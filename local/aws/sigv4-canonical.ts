/** RFC 3986 unreserved characters stay, everything else is percent-encoded, as SigV4 wants it. */
const escapeUri = (text: string): string =>
  encodeURIComponent(text).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** SigV4 encodes the wire path once more, without dot segments and repeated slashes (every service but S3). */
export const canonicalPath = (path: string): string => {
  if (path === '/' || path === '') return '/';
  const segments: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue;
    if (segment === '..') segments.pop();
    else segments.push(segment);
  }
  const end = segments.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${segments.map(escapeUri).join('/')}${end}`;
};

const decode = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
};

/** Parameters encoded anew and sorted by name, then by value. */
export const canonicalQuery = (query: string): string => {
  if (query === '') return '';
  return query
    .split('&')
    .filter((parameter) => parameter !== '')
    .map((parameter): [string, string] => {
      const equals = parameter.indexOf('=');
      const name = equals < 0 ? parameter : parameter.slice(0, equals);
      const value = equals < 0 ? '' : parameter.slice(equals + 1);
      return [escapeUri(decode(name)), escapeUri(decode(value))];
    })
    .sort(([a, x], [b, y]) => compare(a, b) || compare(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
};

/** By code unit: the text is ASCII by now. */
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
