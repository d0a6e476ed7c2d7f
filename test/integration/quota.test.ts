import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enoughOfMinute } from '../../proof/support/enough-of-minute.ts';
import { revokeKey } from '../../src/admin/keys.ts';
import { addPrincipal } from '../../src/admin/principals.ts';
import { createKey } from '../../src/admin/keys.ts';
import { resumeTenant, suspendTenant } from '../../src/admin/tenant-status.ts';
import { signedFetch } from '../../src/signing/signed-fetch.ts';
import { withProperties } from './support/edited-template.ts';
import {
  bearer,
  callOf,
  post,
  runTwin,
  type Answer,
  type RunningTwin,
} from './support/running-twin.ts';

const search = callOf('search', { query: 'plan', limit: 1 });

const served = (answers: readonly Answer[]): readonly Answer[] =>
  answers.filter(({ status }) => status === 200);

let running: RunningTwin;
beforeAll(async () => {
  // The authorizer's answers are kept for five minutes, as a deployment may have it.
  const cdkOut = withProperties('AWS::ApiGateway::Authorizer', {
    AuthorizerResultTtlInSeconds: 300,
  });
  // Two hundred calls at once would start as many processes as there are places for.
  running = await runTwin({ cdkOut, maxSandboxesPerFunction: 4 });
});
afterAll(() => running[Symbol.asyncDispose]());

const callWith = (key: string) => post(running.mcpUrl, search, bearer(key));

describe('a limit of 50 units', () => {
  it('serves exactly 50 of 200 calls at once, and usage reads 50', async () => {
    const key = await running.keyOn('trial', 'burst');
    await enoughOfMinute();
    const answers = await Promise.all(Array.from({ length: 200 }, () => callWith(key)));
    const refused = answers.filter(({ status }) => status === 429);
    expect(served(answers)).toHaveLength(50);
    expect(refused).toHaveLength(150);
    for (const { json, headers } of refused) {
      expect(json?.code).toBe('QUOTA_EXCEEDED');
      expect(Number(headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    }
    const me = await fetch(`${running.twin.url}/me`, { headers: bearer(key) });
    expect(await me.json()).toMatchObject({
      tenant: 'burst',
      plan: 'trial',
      limits: [{ window: 'minute', limit: 50, used: 50, left: 0 }],
    });
    expect(await running.admin.usage.days('burst')).toMatchObject([{ units: 50 }]);
  });

  it('is shared by keys and signed callers', async () => {
    const first = await running.keyOn('trial', 'lanes');
    const { key: second } = await createKey(running.admin, { tenant: 'lanes', name: 'second' });
    const { ciRole } = running.twin;
    if (ciRole === undefined) throw new Error('the template has no CI role');
    await addPrincipal(running.admin, { arn: ciRole.roleArn, tenant: 'lanes' });
    const signed = signedFetch({ region: ciRole.region, credentials: ciRole });
    const bySignature = async (): Promise<number> => {
      const answer = await signed(`${running.twin.url}/ci/mcp`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(search),
      });
      await answer.text();
      return answer.status;
    };
    await enoughOfMinute();
    const statuses = await Promise.all([
      ...Array.from({ length: 30 }, async () => (await callWith(first)).status),
      ...Array.from({ length: 30 }, async () => (await callWith(second)).status),
      ...Array.from({ length: 30 }, bySignature),
    ]);
    expect(statuses.filter((status) => status === 200)).toHaveLength(50);
    expect(statuses.filter((status) => status === 429)).toHaveLength(40);
  });
});

describe('what is metered', () => {
  it('costs one write and no read, and the handshake and lists cost none', async () => {
    const key = await running.keyOn('trial', 'counted');
    await callWith(key);
    const counts = () => {
      const counted = running.twin.aws.counters();
      return Object.fromEntries(
        Object.entries(counted).flatMap(([action, { allowed }]) =>
          action.startsWith('dynamodb:') ? [[action, allowed]] : [],
        ),
      );
    };
    const before = counts();
    for (let left = 20; left > 0; left -= 1) expect((await callWith(key)).status).toBe(200);
    expect(counts()).toEqual({
      ...before,
      'dynamodb:UpdateItem': (before['dynamodb:UpdateItem'] ?? 0) + 20,
    });
    const free = { jsonrpc: '2.0', id: 1 } as const;
    await post(running.mcpUrl, { ...free, method: 'ping' }, bearer(key));
    const list = await post(running.mcpUrl, { ...free, method: 'tools/list' }, bearer(key));
    expect(list.headers.get('ratelimit')).toBeNull();
    expect(counts()['dynamodb:UpdateItem']).toBe((before['dynamodb:UpdateItem'] ?? 0) + 20);
  });

  it('says how the limits stand', async () => {
    const key = await running.keyOn('trial', 'headers');
    const { headers } = await callWith(key);
    expect(headers.get('ratelimit-policy')).toBe('"minute";q=50;w=60');
    expect(headers.get('ratelimit')).toMatch(/^"minute";r=49;t=\d{1,2}$/u);
  });
});

describe('while the authorizer’s answer is cached for five minutes', () => {
  it('a key that is revoked is refused with its next call', async () => {
    const key = await running.keyOn('premium', 'revoked');
    expect((await callWith(key)).status).toBe(200);
    const keyId = key.split('_')[2]?.slice(0, 8) ?? '';
    await revokeKey(running.admin, keyId);
    const { status, json } = await callWith(key);
    expect(status).toBe(401);
    expect(json?.code).toBe('UNAUTHENTICATED');
  });

  it('a tenant that is suspended is refused with its next call, and served again when it is resumed', async () => {
    const key = await running.keyOn('premium', 'suspended');
    expect((await callWith(key)).status).toBe(200);
    await suspendTenant(running.admin, 'suspended');
    expect((await callWith(key)).status).toBe(401);
    await resumeTenant(running.admin, 'suspended');
    expect((await callWith(key)).status).toBe(200);
  });
});
