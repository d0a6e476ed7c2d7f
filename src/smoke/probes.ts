import * as z from 'zod';
import { calledTool } from '../handshake/handshake.ts';
import { mcpRequest, type McpAnswer } from '../handshake/mcp-requests.ts';
import { HandshakeError, isEventStream, messagesIn, resultOf } from '../handshake/mcp-result.ts';
import { keyedMcp, type Exchange } from './http-exchange.ts';

export interface Target {
  /** Where clients reach the API, without a slash at its end. */
  readonly url: string;
  readonly key: string;
  readonly exchange: Exchange;
  /** API Gateway's own address, where it has to refuse because there is a domain. */
  readonly closed?: Exchange | undefined;
}

/** What was seen, or why there was nothing to see. */
export type Seen = string | { readonly skipped: string };

export interface Probe {
  readonly check: string;
  /** @throws HandshakeError with what is wrong. */
  readonly look: (target: Target) => Promise<Seen>;
}

const statusIs = ({ status }: McpAnswer, wanted: number): void => {
  if (status !== wanted) throw new HandshakeError(`status ${status}, not ${wanted}`);
};

const json = <S extends z.ZodType>(schema: S, { body }: McpAnswer): z.infer<S> => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new HandshakeError('the body is not JSON');
  }
  const read = schema.safeParse(parsed);
  if (!read.success) throw new HandshakeError('the body has not the shape that it should have');
  return read.data;
};

const health = z.object({ status: z.literal('healthy'), env: z.string() });
const refusal = (code: string) => z.object({ code: z.literal(code) });
const metadata = z.object({
  resource: z.string(),
  authorization_servers: z.array(z.string()).min(1),
});

const search = mcpRequest('legacy', 'tools/call', {
  name: calledTool,
  arguments: { query: 'smoke' },
});

/** With the challenge as it was sent: API Gateway renames the header of some answers (AWS: "Important notes"). */
const challenged = (answer: McpAnswer): string => {
  statusIs(answer, 401);
  json(refusal('UNAUTHENTICATED'), answer);
  if (answer.headers['x-amzn-remapped-www-authenticate'] !== undefined) {
    throw new HandshakeError('WWW-Authenticate was renamed on its way');
  }
  const challenge = answer.headers['www-authenticate'] ?? '';
  if (!challenge.startsWith('Bearer')) throw new HandshakeError('there is no WWW-Authenticate');
  return 'WWW-Authenticate: Bearer';
};

/** Has the form of a key of ours, and is none. */
const noKey = 'smcp_nobody_0123456789';

export const probes: readonly Probe[] = [
  {
    check: 'GET /health',
    look: async ({ exchange }) => {
      const answer = await exchange('/health', { method: 'GET' });
      statusIs(answer, 200);
      return `env ${json(health, answer).env}`;
    },
  },
  {
    check: 'no credential',
    look: async ({ exchange }) => challenged(await exchange('/mcp', { method: 'POST', ...search })),
  },
  {
    check: 'wrong credential',
    look: async ({ exchange }) => challenged(await keyedMcp(exchange, noKey)(search)),
  },
  {
    check: 'unknown route',
    look: async ({ exchange }) => {
      const answer = await exchange('/no-such-route', { method: 'GET' });
      statusIs(answer, 404);
      json(refusal('NOT_FOUND'), answer);
      return 'status 404';
    },
  },
  {
    check: 'GET /mcp',
    look: async ({ exchange }) => {
      const answer = await exchange('/mcp', { method: 'GET' });
      statusIs(answer, 405);
      if (answer.headers['allow'] !== 'POST') throw new HandshakeError('there is no Allow: POST');
      return 'Allow: POST';
    },
  },
  {
    check: 'trailing slash',
    look: async ({ exchange, key }) => {
      resultOf(await keyedMcp(exchange, key, '/mcp/')(search));
      return 'POST /mcp/ is POST /mcp';
    },
  },
  {
    check: 'progress',
    look: async ({ exchange, key }) => {
      const request = mcpRequest('legacy', 'tools/call', {
        name: calledTool,
        arguments: { query: 'smoke' },
        _meta: { progressToken: 'smoke' },
      });
      const answer = await keyedMcp(exchange, key)(request);
      resultOf(answer);
      if (!isEventStream(answer)) throw new HandshakeError('the answer is no event stream');
      const methods = messagesIn(answer).map(({ method }) => method);
      const count = methods.filter((method) => method === 'notifications/progress').length;
      if (count === 0) throw new HandshakeError('no progress arrived before the result');
      return `${count} events before the result`;
    },
  },
  {
    check: 'RateLimit headers',
    look: async ({ exchange, key }) => {
      const answer = await keyedMcp(exchange, key)(search);
      resultOf(answer);
      const { 'ratelimit-policy': policy, ratelimit } = answer.headers;
      if (policy === undefined && ratelimit === undefined) {
        return { skipped: 'the key’s plan has no limits in units' };
      }
      if (policy === undefined || ratelimit === undefined) {
        throw new HandshakeError('one of RateLimit and RateLimit-Policy is not there');
      }
      return policy;
    },
  },
  {
    check: 'discovery',
    look: async ({ exchange, url }) => {
      const path = '/.well-known/oauth-protected-resource/mcp';
      const answer = await exchange(path, { method: 'GET' });
      if (answer.status === 404) return { skipped: 'nobody signs in: identity.provider is none' };
      statusIs(answer, 200);
      const { resource } = json(metadata, answer);
      if (resource !== `${url}/mcp`) throw new HandshakeError('it is of another resource');
      return resource;
    },
  },
  {
    check: 'default host',
    look: async ({ closed }) => {
      if (closed === undefined) return { skipped: 'there is no domain of your own' };
      const answer = await closed('/health', { method: 'GET' });
      if (answer.status !== 403 && answer.status !== 404) {
        throw new HandshakeError(`it answers, with status ${answer.status}`);
      }
      return `refuses, with status ${answer.status}`;
    },
  },
];
