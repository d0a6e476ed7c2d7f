import { isIP } from 'node:net';
import { isLoopbackAddress } from '../fetch-guard/public-address.ts';
import { isConfigurableHeader } from '../upstreams/http-headers.ts';
import type { ConfigProblem, OpenApiEntry, RemoteEntry } from '../upstreams/mcp-servers.ts';
import { looksSecret, referencesOf } from '../upstreams/references.ts';
import type { DeploymentFacts } from './ports.ts';

/** RFC 9110 §5.6.2. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u;

const isLoopbackName = (hostname: string): boolean =>
  hostname === 'localhost' || hostname.endsWith('.localhost') || isLoopbackAddress(hostname);

const portOf = ({ port, protocol }: URL): string =>
  port === '' ? (protocol === 'https:' ? '443' : '80') : port;

const hostnameOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/u, '$1');

/** Whether a URL leads back to this deployment. Every name of this machine is the same one. */
const isOwnHost = (url: URL, { hosts, restApiId }: DeploymentFacts): boolean =>
  url.hostname.startsWith(`${restApiId}.execute-api.`) ||
  hosts.some((host) => {
    const own = new URL(`${url.protocol}//${host}`);
    const isSameHost =
      own.hostname === url.hostname ||
      (isLoopbackName(hostnameOf(own)) && isLoopbackName(hostnameOf(url)));
    return isSameHost && portOf(own) === portOf(url);
  });

/** What is wrong with a URL that the deployment would call, and what to write instead. */
export const urlProblem = (text: string, facts: DeploymentFacts): string | undefined => {
  const url = new URL(text);
  const hostname = hostnameOf(url);
  if (isOwnHost(url, facts)) return 'is this deployment itself, which would call itself';
  const secret = [...url.searchParams.keys()].find((name) => looksSecret(name));
  if (secret !== undefined) {
    return `has "${secret}" in it, which looks like a secret: send it in a header, as "\${secret:NAME}"`;
  }
  if (isLoopbackName(hostname)) {
    return facts.allowLoopback
      ? undefined
      : 'is the machine itself: this deployment calls the public internet only';
  }
  if (isIP(hostname) !== 0) return 'has an address for a host: give its name';
  return url.protocol === 'https:' ? undefined : 'must begin with https://';
};

const referenceProblem = (value: string, { secretNames }: DeploymentFacts): string | undefined => {
  for (const { source, name, text } of referencesOf(value)) {
    if (source === 'env') {
      return `${text} is filled in when a deployment is synthesized, and this entry is live: write the value, or "\${secret:NAME}"`;
    }
    if (!secretNames.includes(name)) {
      const known = secretNames.length === 0 ? 'it has none' : `it has ${secretNames.join(', ')}`;
      return (
        `this deployment has no secret "${name}" (${known}): add the name to "secrets" of config/<env>.json, ` +
        `deploy, and \`secrets set ${name}\``
      );
    }
  }
  return undefined;
};

const headerProblem = (name: string, value: string, facts: DeploymentFacts): string | undefined => {
  if (!token.test(name)) return 'is no name of a header';
  if (!isConfigurableHeader(name)) return 'is set by HTTP or MCP itself: leave it away';
  if (/[^\t\x20-\x7e\x80-\xff]/u.test(value)) {
    return 'has characters that a header cannot have, as line breaks';
  }
  return referenceProblem(value, facts);
};

/** What a deployment would refuse of a live entry: all of it at once. */
export const liveProblems = (
  name: string,
  entry: RemoteEntry | OpenApiEntry,
  facts: DeploymentFacts,
): readonly ConfigProblem[] => {
  const [field, url] =
    entry.kind === 'remote' ? (['url', entry.url] as const) : (['baseUrl', entry.baseUrl] as const);
  const problems: (readonly [string, string | undefined])[] = [
    [field, referenceProblem(url, facts) ?? urlProblem(url, facts)],
    ...Object.entries(entry.headers).map(
      ([header, value]) => [`headers.${header}`, headerProblem(header, value, facts)] as const,
    ),
    [
      'environments',
      entry.environments === undefined
        ? undefined
        : 'a live entry is of the deployment that it is added to: leave it away',
    ],
  ];
  return problems.flatMap(([path, message]) =>
    message === undefined ? [] : [{ path: `mcpServers.${name}.${path}`, message }],
  );
};
