import * as z from 'zod';
import type { ApiKey } from '../../usage/api-key-service.ts';
import { AwsError } from '../aws-error.ts';
import { parseDocument, parseInput } from '../aws-service.ts';
import { at, page, type Route } from './route.ts';

const createUsagePlanKey = z.strictObject({ keyId: z.string(), keyType: z.literal('API_KEY') });

const asPlanKey = ({ id, name, value }: ApiKey): unknown => ({ id, type: 'API_KEY', name, value });

const PLAN = '/usageplans/([^/]+)';

export const USAGE_PLAN_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    pattern: at('/usageplans'),
    status: 200,
    query: ['limit', 'position', 'keyId'],
    answer: (service, { query }) => {
      const keyId = query.get('keyId');
      const plans = service.getUsagePlans();
      const ofKey = ({ id }: { readonly id: string }) =>
        service.getUsagePlanKeys(id).some((key) => key.id === keyId);
      return page(keyId === null ? plans : plans.filter(ofKey), query);
    },
  },
  {
    method: 'GET',
    pattern: at(PLAN),
    status: 200,
    query: [],
    answer: (service, { ids: [id = ''] }) => service.getUsagePlan(id),
  },
  {
    method: 'GET',
    pattern: at(`${PLAN}/usage`),
    status: 200,
    query: ['startDate', 'endDate', 'keyId'],
    answer: (service, { ids: [usagePlanId = ''], query }) => {
      const [startDate, endDate] = [query.get('startDate') ?? '', query.get('endDate') ?? ''];
      const keyId = query.get('keyId') ?? undefined;
      const values = service.getUsage(usagePlanId, startDate, endDate, keyId);
      return { usagePlanId, startDate, endDate, values };
    },
  },
  {
    method: 'POST',
    pattern: at(`${PLAN}/keys`),
    status: 201,
    query: [],
    answer: (service, { ids: [planId = ''], call }) => {
      const input = parseInput(createUsagePlanKey, parseDocument(call.body), 'CreateUsagePlanKey');
      return asPlanKey(service.createUsagePlanKey(planId, input.keyId));
    },
  },
  {
    method: 'GET',
    pattern: at(`${PLAN}/keys`),
    status: 200,
    query: ['limit', 'position', 'name'],
    answer: (service, { ids: [planId = ''], query }) => {
      const prefix = query.get('name') ?? '';
      const keys = service.getUsagePlanKeys(planId).filter(({ name }) => name.startsWith(prefix));
      return page(keys.map(asPlanKey), query);
    },
  },
  {
    method: 'GET',
    pattern: at(`${PLAN}/keys/([^/]+)`),
    status: 200,
    query: [],
    answer: (service, { ids: [planId = '', keyId] }) => {
      const key = service.getUsagePlanKeys(planId).find(({ id }) => id === keyId);
      if (key === undefined) {
        throw new AwsError('NotFoundException', 'Invalid Usage Plan ID specified', 404);
      }
      return asPlanKey(key);
    },
  },
  {
    method: 'DELETE',
    pattern: at(`${PLAN}/keys/([^/]+)`),
    status: 202,
    query: [],
    answer: (service, { ids: [planId = '', keyId = ''] }) =>
      service.deleteUsagePlanKey(planId, keyId),
  },
];
