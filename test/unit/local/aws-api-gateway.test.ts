import {
  APIGatewayClient,
  CreateApiKeyCommand,
  CreateUsagePlanCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  DeleteUsagePlanKeyCommand,
  GetApiKeyCommand,
  GetApiKeysCommand,
  GetUsageCommand,
  GetUsagePlanCommand,
  GetUsagePlanKeyCommand,
  GetUsagePlanKeysCommand,
  GetUsagePlansCommand,
  UpdateApiKeyCommand,
} from '@aws-sdk/client-api-gateway';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ApiKeyError,
  type ApiKey,
  type ApiKeyService,
  type UsagePlan,
} from '../../../local/usage/api-key-service.ts';
import { AwsFixture } from './aws-fixture.ts';

const plan: UsagePlan = {
  id: 'plan1',
  name: 'gold',
  throttle: { rateLimit: 10, burstLimit: 20 },
  quota: { limit: 1000, offset: 0, period: 'DAY' },
  apiStages: [{ apiId: 'api1', stage: 'prod' }],
};

/** The smallest thing that keeps keys. The real one is local/usage's. */
const fakeApiKeys = (): ApiKeyService => {
  const keys = new Map<string, ApiKey>();
  const members = new Set<string>();
  const get = (id: string): ApiKey => {
    const key = keys.get(id);
    if (key === undefined) throw new ApiKeyError('NotFoundException', 'Invalid API Key identifier');
    return key;
  };
  return {
    createApiKey: (input) => {
      const id = `key${keys.size + 1}`;
      const dates = { createdDate: 1_700_000_000, lastUpdatedDate: 1_700_000_000 };
      const key = { value: 'v'.repeat(30), tags: {}, ...input, id, ...dates };
      keys.set(id, key);
      return key;
    },
    getApiKey: get,
    getApiKeys: ({ nameQuery = '', position = '0', limit = 25 }) => {
      const all = [...keys.values()].filter(({ name }) => name.startsWith(nameQuery));
      const end = Number(position) + limit;
      const items = all.slice(Number(position), end);
      return end < all.length ? { items, position: String(end) } : { items };
    },
    updateApiKey: (id, changes) => {
      const key = { ...get(id), ...changes };
      keys.set(id, key);
      return key;
    },
    deleteApiKey: (id) => void keys.delete(get(id).id),
    getUsagePlans: () => [plan],
    getUsagePlan: (id) => {
      if (id !== plan.id) throw new ApiKeyError('NotFoundException', 'Invalid Usage Plan ID');
      return plan;
    },
    createUsagePlanKey: (_planId, id) => {
      if (members.has(id)) throw new ApiKeyError('ConflictException', 'Already in a plan');
      members.add(id);
      return get(id);
    },
    deleteUsagePlanKey: (_planId, id) => void members.delete(id),
    getUsagePlanKeys: () => [...members].map(get),
    getUsage: (_planId, _start, _end, keyId = 'key1') => ({ [keyId]: [[3, 997]] }),
  };
};

let fixture: AwsFixture;
let client: APIGatewayClient;

beforeAll(async () => {
  fixture = await AwsFixture.start({ apiKeys: fakeApiKeys() });
  client = new APIGatewayClient(fixture.clientOptions('operator'));
});

afterAll(() => fixture[Symbol.asyncDispose]());

describe('the API Gateway control plane', () => {
  it('makes, shows, changes and lists keys', async () => {
    const made = await client.send(
      new CreateApiKeyCommand({ name: 'acme', enabled: true, description: 'd', tags: { a: 'b' } }),
    );
    expect(made).toMatchObject({ id: 'key1', name: 'acme', enabled: true, tags: { a: 'b' } });
    expect(made.value).toHaveLength(30);
    expect(made.createdDate).toEqual(new Date(1_700_000_000_000));
    const shown = await client.send(new GetApiKeyCommand({ apiKey: 'key1' }));
    expect(shown.value).toBeUndefined();
    const withValue = await client.send(
      new GetApiKeyCommand({ apiKey: 'key1', includeValue: true }),
    );
    expect(withValue.value).toHaveLength(30);
    const changed = await client.send(
      new UpdateApiKeyCommand({
        apiKey: 'key1',
        patchOperations: [
          { op: 'replace', path: '/enabled', value: 'false' },
          { op: 'replace', path: '/description', value: 'new' },
        ],
      }),
    );
    expect(changed).toMatchObject({ enabled: false, description: 'new' });
    await client.send(new CreateApiKeyCommand({ name: 'beta' }));
    const first = await client.send(new GetApiKeysCommand({ limit: 1 }));
    expect(first.items?.map(({ name }) => name)).toEqual(['acme']);
    const second = await client.send(
      new GetApiKeysCommand({ limit: 1, position: first.position, includeValues: true }),
    );
    expect(second.items?.[0]).toMatchObject({ name: 'beta', value: 'v'.repeat(30) });
    const named = await client.send(new GetApiKeysCommand({ nameQuery: 'be' }));
    expect(named.items).toHaveLength(1);
  });

  it('puts keys into plans and tells their usage', async () => {
    const plans = await client.send(new GetUsagePlansCommand({}));
    expect(plans.items?.[0]).toMatchObject(plan);
    expect(await client.send(new GetUsagePlanCommand({ usagePlanId: 'plan1' }))).toMatchObject(
      plan,
    );
    const member = { usagePlanId: 'plan1', keyId: 'key1' };
    const put = new CreateUsagePlanKeyCommand({ ...member, keyType: 'API_KEY' });
    expect(await client.send(put)).toMatchObject({ id: 'key1', type: 'API_KEY', name: 'acme' });
    await expect(
      client.send(new CreateUsagePlanKeyCommand({ ...member, keyType: 'API_KEY' })),
    ).rejects.toMatchObject({ name: 'ConflictException', $metadata: { httpStatusCode: 409 } });
    const keys = await client.send(new GetUsagePlanKeysCommand({ usagePlanId: 'plan1' }));
    expect(keys.items?.map(({ id }) => id)).toEqual(['key1']);
    expect(await client.send(new GetUsagePlanKeyCommand(member))).toMatchObject({ id: 'key1' });
    const usage = await client.send(
      new GetUsageCommand({ ...member, startDate: '2026-11-01', endDate: '2026-11-21' }),
    );
    expect(usage.items).toEqual({ key1: [[3, 997]] });
    await client.send(new DeleteUsagePlanKeyCommand(member));
    await client.send(new DeleteApiKeyCommand({ apiKey: 'key1' }));
    await expect(client.send(new GetApiKeyCommand({ apiKey: 'key1' }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
  });

  it('refuses by name what the twin would ignore or does not have', async () => {
    await expect(client.send(new CreateUsagePlanCommand({ name: 'x' }))).rejects.toThrow(
      'The twin does not implement apigateway: POST /usageplans',
    );
    await expect(client.send(new GetApiKeysCommand({ customerId: 'c' }))).rejects.toThrow(
      /the query parameter customerId/,
    );
    await expect(
      client.send(new CreateApiKeyCommand({ name: 'x', customerId: 'c' })),
    ).rejects.toThrow(/the parameter customerId of CreateApiKey/);
  });

  it('asks IAM with the method and the path', async () => {
    const role = new APIGatewayClient(fixture.clientOptions());
    await role.send(new GetApiKeyCommand({ apiKey: 'key2' }));
    await expect(role.send(new DeleteApiKeyCommand({ apiKey: 'key2' }))).rejects.toMatchObject({
      name: 'AccessDeniedException',
      $metadata: { httpStatusCode: 403 },
    });
    expect(fixture.refusals.at(-1)).toMatchObject({
      action: 'apigateway:DELETE',
      resource: 'arn:aws:apigateway:us-east-1::/apikeys/key2',
    });
  });
});
