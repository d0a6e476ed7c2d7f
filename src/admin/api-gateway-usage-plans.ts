import {
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  type APIGatewayClient,
} from '@aws-sdk/client-api-gateway';
import * as z from 'zod';
import type { DeploymentDocument } from './deployment-document.ts';
import type { UsagePlanDirectory } from './ports.ts';
import { reporting } from './upstream-failure.ts';

const createdKey = z.object({ id: z.string().min(1) });

/** The deployment's usage plans in API Gateway. Failures are `AdminError` UPSTREAM_*. */
export class ApiGatewayUsagePlans implements UsagePlanDirectory {
  readonly #client: APIGatewayClient;
  readonly #env: string;
  readonly #plans: DeploymentDocument['plans'];

  constructor(options: {
    readonly client: APIGatewayClient;
    /** The deployment's name, as it stands in its keys' names. */
    readonly env: string;
    readonly plans: DeploymentDocument['plans'];
  }) {
    this.#client = options.client;
    this.#env = options.env;
    this.#plans = options.plans;
  }

  async planNames(): Promise<readonly string[]> {
    return Object.keys(this.#plans);
  }

  async createTenantKey({ tenant, value }: { readonly tenant: string; readonly value: string }) {
    const name = `drawbridge/${this.#env}/${tenant}`;
    return reporting(`create API Gateway key "${name}"`, async () => {
      const command = new CreateApiKeyCommand({ name, value, enabled: true });
      return { apiGatewayKeyId: createdKey.parse(await this.#client.send(command)).id };
    });
  }

  async attach({
    apiGatewayKeyId,
    plan,
  }: {
    readonly apiGatewayKeyId: string;
    readonly plan: string;
  }) {
    const usagePlanId = Object.hasOwn(this.#plans, plan) ? this.#plans[plan] : undefined;
    if (usagePlanId === undefined) throw new Error(`there is no plan "${plan}"`);
    await reporting(
      `add API Gateway key ${apiGatewayKeyId} to plan "${plan}" (${usagePlanId})`,
      () =>
        this.#client.send(
          new CreateUsagePlanKeyCommand({
            usagePlanId,
            keyId: apiGatewayKeyId,
            keyType: 'API_KEY',
          }),
        ),
    );
  }

  async remove({ apiGatewayKeyId }: { readonly apiGatewayKeyId: string }) {
    await reporting(`delete API Gateway key ${apiGatewayKeyId}`, () =>
      this.#client.send(new DeleteApiKeyCommand({ apiKey: apiGatewayKeyId })),
    );
  }
}
