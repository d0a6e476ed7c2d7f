import * as z from 'zod';
import type { ApiKey, ApiKeyService } from '../../usage/api-key-service.ts';
import { AwsError } from '../aws-error.ts';
import { parseDocument, parseInput, type AwsCall } from '../aws-service.ts';
import { at, limitOf, type Route } from './route.ts';

const createApiKey = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  enabled: z.boolean().default(false),
  value: z.string().min(20).max(128).optional(),
  tags: z.record(z.string(), z.string()).optional(),
});
const patch = z.strictObject({
  patchOperations: z.array(
    z.strictObject({
      op: z.literal('replace'),
      path: z.enum(['/enabled', '/name', '/description']),
      value: z.string(),
    }),
  ),
});

const asKey = (key: ApiKey, includeValue: boolean): unknown => {
  const { value, ...rest } = key;
  return { ...rest, stageKeys: [], ...(includeValue ? { value } : {}) };
};

const flag = (query: URLSearchParams, name: string): boolean => query.get(name) === 'true';

const changes = (call: AwsCall): Parameters<ApiKeyService['updateApiKey']>[1] => {
  const { patchOperations } = parseInput(patch, parseDocument(call.body), 'UpdateApiKey');
  return Object.assign(
    {},
    ...patchOperations.map(({ path, value }) => {
      if (path !== '/enabled') return { [path.slice(1)]: value };
      if (value !== 'true' && value !== 'false') {
        throw new AwsError('BadRequestException', `/enabled is true or false, not ${value}`);
      }
      return { enabled: value === 'true' };
    }),
  ) as Parameters<ApiKeyService['updateApiKey']>[1];
};

const KEY = '/apikeys/([^/]+)';

export const API_KEY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    pattern: at('/apikeys'),
    status: 201,
    query: [],
    answer: (service, { call }) => {
      const input = parseInput(createApiKey, parseDocument(call.body), 'CreateApiKey');
      const { description, value, tags, ...required } = input;
      const key = service.createApiKey({
        ...required,
        ...(description === undefined ? {} : { description }),
        ...(value === undefined ? {} : { value }),
        ...(tags === undefined ? {} : { tags }),
      });
      return asKey(key, true);
    },
  },
  {
    method: 'GET',
    pattern: at('/apikeys'),
    status: 200,
    query: ['name', 'limit', 'position', 'includeValues'],
    answer: (service, { query }) => {
      const [nameQuery, position, limit] = [
        query.get('name'),
        query.get('position'),
        limitOf(query),
      ];
      const found = service.getApiKeys({
        ...(nameQuery === null ? {} : { nameQuery }),
        ...(position === null ? {} : { position }),
        ...(limit === undefined ? {} : { limit }),
      });
      const item = found.items.map((key) => asKey(key, flag(query, 'includeValues')));
      return { item, ...(found.position === undefined ? {} : { position: found.position }) };
    },
  },
  {
    method: 'GET',
    pattern: at(KEY),
    status: 200,
    query: ['includeValue'],
    answer: (service, { ids: [id = ''], query }) =>
      asKey(service.getApiKey(id), flag(query, 'includeValue')),
  },
  {
    method: 'PATCH',
    pattern: at(KEY),
    status: 200,
    query: [],
    answer: (service, { ids: [id = ''], call }) =>
      asKey(service.updateApiKey(id, changes(call)), false),
  },
  {
    method: 'DELETE',
    pattern: at(KEY),
    status: 202,
    query: [],
    answer: (service, { ids: [id = ''] }) => service.deleteApiKey(id),
  },
];
