import {
  CreateApiKeyCommand,
  CreateUsagePlanKeyCommand,
  DeleteApiKeyCommand,
  DeleteUsagePlanKeyCommand,
  NotFoundException,
  paginateGetApiKeys,
  paginateGetUsagePlanKeys,
  paginateGetUsagePlans,
  UpdateApiKeyCommand,
  type APIGatewayClient,
} from '@aws-sdk/client-api-gateway';
import * as z from 'zod';
import type { DeploymentDocument } from './deployment-document.ts';
import type { TenantGatewayKey, UsagePlanDirectory } from './ports.ts';
import { reporting } from './upstream-failure.ts';

const createdKey = z.object({ id: z.string().min(1) });
const usagePlans = z.object({ items: z.array(createdKey).default([]) });
const apiKeys = z.object({
  items: z
    .array(
      z.object({
        id: z.string().min(1),
        name: z.string().default(''),
        value: z.string(),
        enabled: z.boolean().default(false),
        createdDate: z.date(),
      }),
    )
    .default([]),
});

/** The most that API Gateway gives in one answer. */
const pageSize = 500;

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
    const name = this.#keyName(tenant);
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
    const usagePlanId = this.#idOf(plan);
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

  async detach({
    apiGatewayKeyId,
    plan,
  }: {
    readonly apiGatewayKeyId: string;
    readonly plan: string;
  }) {
    const usagePlanId = this.#idOf(plan);
    await reporting(
      `take API Gateway key ${apiGatewayKeyId} out of plan "${plan}" (${usagePlanId})`,
      () =>
        this.#client
          .send(new DeleteUsagePlanKeyCommand({ usagePlanId, keyId: apiGatewayKeyId }))
          .catch((error: unknown) => {
            if (!(error instanceof NotFoundException)) throw error;
          }),
    );
  }

  async planOf(apiGatewayKeyId: string): Promise<string | undefined> {
    return reporting(`read the plans of API Gateway key ${apiGatewayKeyId}`, async () => {
      const pages = paginateGetUsagePlans(
        { client: this.#client, pageSize },
        { keyId: apiGatewayKeyId },
      );
      for await (const page of pages) {
        for (const { id } of usagePlans.parse(page).items) {
          const name = this.#nameOf(id);
          if (name !== undefined) return name;
        }
      }
      return undefined;
    });
  }

  async listTenantKeys(): Promise<readonly TenantGatewayKey[]> {
    const plans = await this.#plansByKey();
    const prefix = this.#keyName('');
    return reporting(`list the API Gateway keys of ${this.#env}`, async () => {
      const found: TenantGatewayKey[] = [];
      const pages = paginateGetApiKeys(
        { client: this.#client, pageSize },
        { nameQuery: prefix, includeValues: true },
      );
      for await (const page of pages) {
        for (const { id, name, value, enabled, createdDate } of apiKeys.parse(page).items) {
          if (!name.startsWith(prefix)) continue;
          found.push({
            apiGatewayKeyId: id,
            tenant: name.slice(prefix.length),
            value,
            enabled,
            plans: plans.get(id) ?? [],
            createdAt: createdDate.getTime(),
          });
        }
      }
      return found;
    });
  }

  async enable({ apiGatewayKeyId }: { readonly apiGatewayKeyId: string }) {
    await reporting(`switch on API Gateway key ${apiGatewayKeyId}`, () =>
      this.#client.send(
        new UpdateApiKeyCommand({
          apiKey: apiGatewayKeyId,
          patchOperations: [{ op: 'replace', path: '/enabled', value: 'true' }],
        }),
      ),
    );
  }

  async remove({ apiGatewayKeyId }: { readonly apiGatewayKeyId: string }) {
    await reporting(`delete API Gateway key ${apiGatewayKeyId}`, () =>
      this.#client.send(new DeleteApiKeyCommand({ apiKey: apiGatewayKeyId })),
    );
  }

  async #plansByKey(): Promise<ReadonlyMap<string, readonly string[]>> {
    const plans = new Map<string, readonly string[]>();
    for (const [plan, usagePlanId] of Object.entries(this.#plans)) {
      await reporting(`list the keys of plan "${plan}" (${usagePlanId})`, async () => {
        const pages = paginateGetUsagePlanKeys({ client: this.#client, pageSize }, { usagePlanId });
        for await (const page of pages) {
          for (const { id } of usagePlans.parse(page).items) {
            plans.set(id, [...(plans.get(id) ?? []), plan]);
          }
        }
      });
    }
    return plans;
  }

  #keyName(tenant: string): string {
    return `drawbridge/${this.#env}/${tenant}`;
  }

  #nameOf(usagePlanId: string): string | undefined {
    return Object.entries(this.#plans).find(([, id]) => id === usagePlanId)?.[0];
  }

  #idOf(plan: string): string {
    const usagePlanId = Object.hasOwn(this.#plans, plan) ? this.#plans[plan] : undefined;
    if (usagePlanId === undefined) throw new Error(`there is no plan "${plan}"`);
    return usagePlanId;
  }
}
