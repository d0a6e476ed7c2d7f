import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { GuardError } from './guard-error.ts';
import { isLoopbackAddress, isPublicAddress } from './public-address.ts';

export type Resolve = (hostname: string) => Promise<readonly string[]>;

/** Which URLs may be asked for. */
export interface TargetPolicy {
  /**
   * Origins (`http://127.0.0.1:9000`) that may be this machine, by any scheme and port. For local use.
   * @default none
   */
  readonly loopbackOrigins?: readonly string[] | undefined;
  /**
   * Every host may be this machine, by any scheme and port, as well as a public one. For local use.
   * @default false
   */
  readonly allowLoopback?: boolean | undefined;
  /**
   * `any` is for URLs that an operator wrote; a stranger's may not ask around at other ports.
   * @default 443
   */
  readonly ports?: 'any' | 443 | undefined;
}

/** A URL that may be asked for, provided that its host's addresses pass. */
export interface Target {
  readonly url: URL;
  /** A name, or an address without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  readonly admits: (addresses: readonly string[]) => boolean;
}

// One private address among public ones is how a name is rebound: none of them is used then.
const allPublic = (addresses: readonly string[]): boolean => addresses.every(isPublicAddress);
const allLoopback = (addresses: readonly string[]): boolean => addresses.every(isLoopbackAddress);
const eitherOf = (addresses: readonly string[]): boolean =>
  allPublic(addresses) || allLoopback(addresses);

/**
 * Looks at a URL before anything is sent. The parser has normalised decimal, octal and hexadecimal IPv4 hosts by now.
 * @throws GuardError `url`
 */
export const targetOf = (
  input: string | URL,
  { loopbackOrigins = [], allowLoopback = false, ports = 443 }: TargetPolicy,
): Target => {
  if (!URL.canParse(String(input))) throw new GuardError('url', 'This is not a URL');
  const url = new URL(input);
  const tls = url.protocol === 'https:';
  if (!tls && url.protocol !== 'http:') throw new GuardError('url', 'The URL must be https');
  if (url.username !== '' || url.password !== '') {
    throw new GuardError('url', 'The URL must not hold a user name or password');
  }
  const hostname = url.hostname.replace(/^\[(.*)\]$/u, '$1');
  // The parser drops a port that is the scheme's own.
  const port = url.port === '' ? (tls ? 443 : 80) : Number(url.port);
  const target = { url, hostname, port, tls };
  if (loopbackOrigins.includes(url.origin)) return { ...target, admits: allLoopback };
  const isLiteral = isIP(hostname) !== 0;
  const isPort = ports === 'any' || port === 443;
  if (tls && isPort && !isLiteral) {
    return { ...target, admits: allowLoopback ? eitherOf : allPublic };
  }
  if (allowLoopback && (!isLiteral || isLoopbackAddress(hostname))) {
    return { ...target, admits: allLoopback };
  }
  if (isLiteral) throw new GuardError('url', 'The host must be a name');
  throw new GuardError(
    'url',
    ports === 443 ? 'The URL must be https, at port 443' : 'The URL must be https',
  );
};

// IPv4 first: a function outside a VPC has no way out over IPv6.
export const systemResolve: Resolve = async (hostname) =>
  (await lookup(hostname, { all: true, order: 'ipv4first' })).map(({ address }) => address);

/**
 * The addresses to connect to: these and no others, or the name could mean something else a moment later.
 * @throws GuardError `unresolvable` or `address`
 */
export const addressesOf = async (
  { hostname, admits }: Target,
  resolve: Resolve,
): Promise<readonly string[]> => {
  const notFound = (options?: ErrorOptions) =>
    new GuardError('unresolvable', 'The host could not be found', options);
  const addresses =
    isIP(hostname) === 0
      ? await resolve(hostname).catch((cause: unknown) => {
          throw notFound({ cause });
        })
      : [hostname];
  if (addresses.length === 0) throw notFound();
  if (!admits(addresses)) {
    throw new GuardError('address', 'The host is not on the public internet');
  }
  return addresses;
};
