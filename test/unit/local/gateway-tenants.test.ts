import { afterEach, describe, expect, test } from 'vitest';
import {
  allow,
  AUTHORIZER,
  authorizer,
  buffered,
  CUSTOM,
  echo,
  FakeFunctions,
  FUNCTION,
  method,
  path,
  restApi,
  stage,
  start,
  stopGateways,
} from './gateway-fixture.ts';

afterEach(stopGateways);

const mappedTo = (source: string, header = 'X-Amz-Tenant-Id') => ({
  Integration: {
    Type: 'AWS_PROXY',
    Uri: buffered(FUNCTION),
    RequestParameters: { [`integration.request.header.${header}`]: source },
  },
});

const begin = (properties: object) =>
  start(
    [
      restApi(),
      stage(),
      path('mcp', 'mcp'),
      authorizer(),
      method('POST', 'mcp', { ...CUSTOM, ...properties }),
    ],
    new FakeFunctions({
      [FUNCTION]: echo,
      [AUTHORIZER]: () => allow({ context: { tenant: 'acme' } }),
    }),
  );

describe('a function with an environment for each tenant', () => {
  test('is told the tenant that the authorizer found, whatever the caller says', async () => {
    const { url, functions } = await begin(mappedTo('context.authorizer.tenant'));
    await fetch(`${url}/mcp`, {
      method: 'POST',
      headers: { authorization: 'Bearer x', 'x-amz-tenant-id': 'other' },
    });
    expect(functions.tenantIds).toEqual([undefined, 'acme']);
  });

  test('is told nothing where the authorizer found none', async () => {
    const { url, functions } = await begin(mappedTo('context.authorizer.missing'));
    await fetch(`${url}/mcp`, { method: 'POST', headers: { authorization: 'Bearer x' } });
    expect(functions.tenantIds).toEqual([undefined, undefined]);
  });

  test.each([
    [
      'another source',
      mappedTo('method.request.header.X-Tenant'),
      'method.request.header.X-Tenant',
    ],
    ['another header', mappedTo('context.authorizer.tenant', 'X-Other'), 'X-Other'],
  ])('%s of the mapping is refused by name', async (_, properties, named) => {
    await expect(begin(properties)).rejects.toThrow(named);
  });
});
