import { describe, expect, it } from 'vitest';
import { aMcpServer, modern } from './support/mcp-server.ts';

type Path = readonly string[];

/** Every place in a message where a string stands, keys included. */
const paths = (value: unknown, path: Path = []): Path[] => {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [
    [...path, key, '(key)'],
    ...paths(child, [...path, key]),
  ]);
};

/** `value` with `put` into the string at `path`. */
const changed = (value: unknown, path: Path, put: (text: string) => string): unknown => {
  const [first, ...rest] = path;
  if (first === undefined) return put(value as string);
  return Object.fromEntries(
    Object.entries(value as object).map(([key, child]: [string, unknown]) => {
      if (key !== first) return [key, child];
      return rest[0] === '(key)' ? [put(key), child] : [key, changed(child, rest, put)];
    }),
  );
};

const { body: modernBody, headers } = modern('tools/call', {
  name: 'echo',
  arguments: { text: 'hello', times: 1 },
});
const requests = {
  legacy: {
    headers: {},
    body: {
      jsonrpc: '2.0',
      id: 'id-1',
      method: 'tools/call',
      params: {
        name: 'echo',
        arguments: { text: 'hello', times: 1 },
        _meta: { progressToken: 'p', note: 'x' },
      },
    },
  },
  initialize: {
    headers: {},
    body: {
      jsonrpc: '2.0',
      id: 'id-1',
      method: 'initialize',
      params: {
        protocolVersion: '2025-11-25',
        capabilities: { roots: {} },
        clientInfo: { name: 'client', version: '1' },
      },
    },
  },
  modern: { headers, body: modernBody },
};

const strings = { NUL: '\u0000', 'lone high surrogate': '\ud83d', 'lone low surrogate': '\ude00' };

const cases = Object.entries(requests).flatMap(([name, { headers: sent, body }]) =>
  Object.entries(strings).flatMap(([kind, text]) =>
    paths(body).map((path) => ({
      where: `${kind} in ${path.join('.')} (${name})`,
      sent,
      body: changed(body, path, (value) => `${value.slice(0, 1)}${text}${value.slice(1)}`),
    })),
  ),
);

describe('strings that other programs choke on', () => {
  it('are tried in every place', () => {
    expect(cases.length).toBeGreaterThan(100);
  });

  it.each(cases)('$where: an answer, one record, no failure', async ({ sent, body }) => {
    const server = aMcpServer();
    const answer = await server.post(body, { headers: sent });
    expect([200, 202, 400, 404]).toContain(answer.status);
    expect(answer.text === '' || answer.text.isWellFormed()).toBe(true);
    for (const line of server.auditLines) {
      expect(line).toMatch(/^[\x20-\x7e]+$/);
    }
    expect(server.records()).toHaveLength(1);
    expect(server.logLines).toEqual([]);
  });

  it.each(Object.entries(strings))(
    '%s in an argument comes back as it was sent',
    async (_, text) => {
      const server = aMcpServer();
      const { body } = requests.legacy;
      const answer = await server.post(
        changed(body, ['params', 'arguments', 'text'], () => `a${text}b`),
        { headers: { Accept: 'application/json' } },
      );
      expect(answer.rpc.result).toMatchObject({ structuredContent: { text: `a${text}b` } });
    },
  );

  it('a lone surrogate that is not even escaped is served like an escaped one', async () => {
    const { post } = aMcpServer();
    const text = JSON.stringify(requests.legacy.body).replace('hello', 'a\ud800b');
    const answer = await post(text, { headers: { Accept: 'application/json' } });
    expect(answer.rpc.result).toMatchObject({ structuredContent: { text: 'a\ud800b' } });
  });
});
