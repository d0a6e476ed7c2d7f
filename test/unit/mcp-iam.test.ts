import { describe, expect, it } from 'vitest';
import type { IamPrincipalResolver } from '../../src/principals/iam-principal.ts';
import { invokeStreaming } from './support/awslambda.ts';
import {
  aMcpServer,
  call,
  proxyEventOf,
  tokenCanary,
  userContext,
  type Sent,
} from './support/mcp-server.ts';

const userArn = 'arn:aws:sts::123456789012:assumed-role/ci/job-17';
const signed = (sent: Sent = {}): Sent => ({
  resource: '/ci/mcp',
  userArn,
  authorizer: undefined,
  ...sent,
});

/** A server whose one IAM principal is `ci`; `asked` are the ARNs that it was asked for. */
const aServer = (role: 'user' | 'readonly' = 'user') => {
  const asked: string[] = [];
  const iamPrincipal: IamPrincipalResolver = async (arn) => {
    asked.push(arn);
    if (arn !== userArn) return { kind: 'refused', reason: 'unmapped' };
    const principal = {
      tenant: 'acme',
      subject: 'iam:ci',
      role,
      lane: 'iam',
      plan: 'pro',
    } as const;
    return { kind: 'verified', principal };
  };
  return { ...aMcpServer({ iamPrincipal }), asked };
};

describe('POST /ci/mcp', () => {
  it('serves the principal of the signing role, and audits it as a lane of its own', async () => {
    const server = aServer();
    const answer = await server.post(call('echo', { text: 'hi' }), signed());
    expect(answer.status).toBe(200);
    expect(answer.rpc.result).toBeDefined();
    expect(server.asked).toEqual([userArn]);
    expect(server.records()).toEqual([
      expect.objectContaining({ tenant: 'acme', subject: 'iam:ci', lane: 'iam' }),
    ]);
  });

  it('serves an event without an authorizer key, as API Gateway makes them', async () => {
    const server = aServer();
    const event = proxyEventOf(call('echo', { text: 'hi' }), signed());
    const { authorizer: _, ...requestContext } = event.requestContext;
    const answer = await invokeStreaming(server.handler, { ...event, requestContext });
    expect(answer.status).toBe(200);
  });

  it('a readonly principal may not run what writes', async () => {
    const server = aServer('readonly');
    await server.post(call('erase'), signed());
    expect(server.ran).toEqual([]);
  });

  it.each([
    ['with', userContext],
    ['without', undefined],
  ])('an unmapped role is 403, %s an authorizer’s context', async (_, authorizer) => {
    const server = aServer();
    const other = userArn.replace('/ci/', '/other/');
    const answer = await server.post(call('erase'), signed({ userArn: other, authorizer }));
    expect(answer.status).toBe(403);
    expect(answer.rpc.code).toBe('FORBIDDEN');
    expect(server.ran).toEqual([]);
    expect(server.logLines.join('\n')).toContain('"reason":"unmapped"');
    expect(server.written()).not.toContain(tokenCanary);
  });

  it('an authorizer’s context alone is nobody', async () => {
    const server = aServer();
    const answer = await server.post(
      call('erase'),
      signed({ userArn: null, authorizer: userContext }),
    );
    expect(answer.status).toBe(401);
    expect(answer.rpc.code).toBe('UNAUTHENTICATED');
    expect(server.asked).toEqual([]);
    expect(server.ran).toEqual([]);
  });

  it('an authorizer’s context does not speak for a mapped role', async () => {
    const server = aServer('readonly');
    const authorizer = { ...userContext, role: 'admin', tenant: 'demo' };
    await server.post(call('erase'), signed({ authorizer }));
    expect(server.ran).toEqual([]);
    expect(server.records()).toEqual([expect.objectContaining({ tenant: 'acme' })]);
  });

  it('a registry that cannot be read is 503 and runs nothing', async () => {
    const server = aMcpServer({
      iamPrincipal: () => Promise.reject(new Error('canary-of-the-registry')),
    });
    const answer = await server.post(call('erase'), signed());
    expect(answer.status).toBe(503);
    expect(answer.rpc.code).toBe('UNAVAILABLE');
    expect(server.ran).toEqual([]);
    expect(server.written()).not.toContain('canary-of-the-registry');
  });
});

describe('every other route', () => {
  it.each(['/mcp', '/tools/{name}', '/CI/mcp', '/ci/mcp/'])(
    '%s does not know a signer',
    async (resource) => {
      const server = aServer();
      const answer = await server.post(call('erase'), signed({ resource }));
      expect(answer.status).toBe(401);
      expect(server.asked).toEqual([]);
      expect(server.ran).toEqual([]);
    },
  );

  it('/mcp with a signer serves the authorizer’s principal', async () => {
    const server = aServer();
    await server.post(call('echo', { text: 'hi' }), { userArn });
    expect(server.asked).toEqual([]);
    expect(server.records()).toEqual([expect.objectContaining({ subject: 'key:Abcd1234' })]);
  });
});
