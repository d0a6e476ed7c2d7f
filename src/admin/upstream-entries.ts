import {
  parseEntry,
  parseMcpServers,
  UpstreamConfigError,
  type McpServerEntry,
} from '../upstreams/mcp-servers.ts';
import { AdminError } from './admin-error.ts';

/** A server that an operator gives, as it was written and as it was understood. */
export interface GivenServer {
  readonly name: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly entry: McpServerEntry;
}

export interface GivenText {
  readonly text: string;
  /** Where it came from, for errors: "The entry", "weather.json". */
  readonly source: string;
  /** The server's name, where the text is one entry or names it otherwise. */
  readonly name?: string | undefined;
  /** Set in every entry of the text. */
  readonly overrides?: Readonly<Record<string, unknown>> | undefined;
}

/** Mistakes of a configuration become an operator's error. */
export const configFailure = (error: unknown, code: 'INVALID_INPUT' | 'CONFIG_INVALID'): unknown =>
  error instanceof UpstreamConfigError
    ? new AdminError(code, error.message, { cause: error })
    : error;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (message: string): AdminError => new AdminError('INVALID_INPUT', message);

const parseJson = ({ text, source }: GivenText): Record<string, unknown> => {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    // No cause: JSON.parse quotes what it could not read, and that may hold a secret.
    const at = /position \d+(?: \(line \d+ column \d+\))?/u.exec(String(cause))?.[0];
    throw invalid(`${source} is not JSON${at === undefined ? '' : ` (at ${at})`}: paste it whole`);
  }
  if (isObject(document)) return document;
  throw invalid(`${source} must be an object: {"mcpServers": {…}}, or one server's entry`);
};

const overridden = (
  entry: unknown,
  overrides: GivenText['overrides'] = {},
): Record<string, unknown> | undefined =>
  isObject(entry) ? { ...entry, ...overrides } : undefined;

/**
 * The servers of a pasted document `{"mcpServers": {…}}`, or the one of a pasted entry.
 * @throws AdminError INVALID_INPUT that tells all mistakes at once.
 */
export const parseGiven = (given: GivenText): readonly GivenServer[] => {
  const { source, name, overrides } = given;
  const document = parseJson(given);
  try {
    if (!Object.hasOwn(document, 'mcpServers')) {
      if (name === undefined) {
        throw invalid(
          `${source} is no document with "mcpServers": give the server's name before it, as in ` +
            '`upstreams add weather \'{"url": "https://…"}\'`',
        );
      }
      const raw = { ...document, ...overrides };
      return [{ name, raw, entry: parseEntry(name, raw, source) }];
    }
    const { mcpServers } = document;
    const servers = Object.entries(isObject(mcpServers) ? mcpServers : {});
    if (isObject(mcpServers) && servers.length === 0) throw invalid(`${source} has no servers`);
    if (name !== undefined && servers.length > 1) {
      throw invalid(`${source} has ${servers.length} servers, which cannot all be "${name}"`);
    }
    const named = servers.map(
      ([key, entry]) => [name ?? key, overridden(entry, overrides) ?? entry] as const,
    );
    const whole = isObject(mcpServers)
      ? { ...document, mcpServers: Object.fromEntries(named) }
      : document;
    const entries = parseMcpServers(JSON.stringify(whole), source);
    return named.flatMap(([key, raw]) => {
      const entry = entries.get(key);
      return entry === undefined || !isObject(raw) ? [] : [{ name: key, raw, entry }];
    });
  } catch (error) {
    throw configFailure(error, 'INVALID_INPUT');
  }
};
