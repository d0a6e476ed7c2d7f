import {
  APIGatewayClient,
  CreateApiKeyCommand,
  UpdateApiKeyCommand,
} from '@aws-sdk/client-api-gateway';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ApiKeys } from '../../local/usage/api-keys.ts';
import { UsageLedger } from '../../local/usage/usage-ledger.ts';
import { ApiGatewayUsagePlans } from '../../src/admin/api-gateway-usage-plans.ts';
import { InMemoryUsagePlans } from '../../src/admin/in-memory-usage-plans.ts';
import { AwsFixture } from '../unit/local/aws-fixture.ts';
import { usagePlansContract } from './usage-plans.contract.ts';

usagePlansContract('in memory', async () => {
  const plans = new InMemoryUsagePlans(['free', 'pro']);
  return {
    plans,
    // What is in the map is of this deployment.
    plantForeign: async () => undefined,
    disable: async (id) => {
      const key = plans.keys.get(id);
      if (key !== undefined) plans.keys.set(id, { ...key, enabled: false });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
});

usagePlansContract('API Gateway, of the twin', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'usage-plans-'));
  const apiStages = [{ apiId: 'api1', stage: 'local' }];
  const apiKeys = new ApiKeys({
    path: join(directory, 'api-keys.json'),
    plans: ['free', 'pro'].map((name) => ({ id: `plan-${name}`, name, apiStages })),
    ledger: new UsageLedger(join(directory, 'usage.json'), () => 0),
    now: () => 1_795_237_200_000,
  });
  const fixture = await AwsFixture.start({ apiKeys });
  const client = new APIGatewayClient(fixture.clientOptions('operator'));
  const plans = { free: 'plan-free', pro: 'plan-pro' };
  return {
    plans: new ApiGatewayUsagePlans({ client, env: 'test', plans }),
    plantForeign: async () => {
      for (const name of ['drawbridge/other/beta', 'By hand']) {
        await client.send(new CreateApiKeyCommand({ name, enabled: true }));
      }
    },
    disable: async (apiKey) => {
      const patchOperations = [{ op: 'replace' as const, path: '/enabled', value: 'false' }];
      await client.send(new UpdateApiKeyCommand({ apiKey, patchOperations }));
    },
    [Symbol.asyncDispose]: async () => {
      client.destroy();
      await fixture[Symbol.asyncDispose]();
      rmSync(directory, { recursive: true, force: true });
    },
  };
});
