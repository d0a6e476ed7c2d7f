import type {
  PreTokenGenerationV2TriggerEvent,
  PreTokenGenerationV3TriggerEvent,
} from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { createHandler } from '../../lambdas/pre-token/handler.ts';
import type { TenantSource } from '../../lambdas/pre-token/tenant-of-user.ts';
import { createLog } from '../../src/log/log.ts';
import { failureOf } from './admin-fixtures.ts';

interface User {
  readonly groups?: string[];
  readonly attributes?: Record<string, string>;
}

const anEvent = ({ groups = [], attributes = {} }: User): PreTokenGenerationV2TriggerEvent => ({
  version: '2',
  triggerSource: 'TokenGeneration_HostedAuth',
  region: 'eu-central-1',
  userPoolId: 'eu-central-1_Pool00001',
  userName: 'canary-ada',
  callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: 'public-client-1' },
  request: {
    userAttributes: { sub: '0f9c', email: 'canary@example.com', ...attributes },
    groupConfiguration: { groupsToOverride: groups, iamRolesToOverride: [] },
    scopes: ['openid', 'drawbridge/mcp'],
  },
  response: { claimsAndScopeOverrideDetails: null as never },
});

const aTrigger = (tenantSource: TenantSource) => {
  const lines: string[] = [];
  const handler = createHandler({ tenantSource, log: createLog((line) => void lines.push(line)) });
  return { lines, generate: (event: unknown) => handler(event, {} as never) };
};

describe('a user of one tenant', () => {
  it('by group gets tenant and role into the access token, and keeps everything else', async () => {
    const groups = ['readers', 'tenant.acme', 'role.admin'];
    const event = anEvent({ groups });
    expect(await aTrigger('group').generate(event)).toEqual({
      ...event,
      response: {
        claimsAndScopeOverrideDetails: {
          accessTokenGeneration: { claimsToAddOrOverride: { tenant: 'acme', role: 'admin' } },
          groupOverrideDetails: { groupsToOverride: groups, iamRolesToOverride: [] },
        },
      },
    });
  });

  it('by attribute does, too', async () => {
    const event = anEvent({
      groups: ['tenant.other', 'role.admin'],
      attributes: { 'custom:tenant': 'acme', 'custom:role': 'readonly' },
    });
    expect(await aTrigger('attribute').generate(event)).toMatchObject({
      response: {
        claimsAndScopeOverrideDetails: {
          accessTokenGeneration: { claimsToAddOrOverride: { tenant: 'acme', role: 'readonly' } },
        },
      },
    });
  });

  it.each([
    ['group', { groups: ['tenant.acme'], attributes: { 'custom:role': 'admin' } }],
    ['attribute', { groups: ['role.admin'], attributes: { 'custom:tenant': 'acme' } }],
  ] as const)('without a role in the %s is a user', async (source, { groups, attributes }) => {
    const event = anEvent({ groups: [...groups], attributes });
    expect(JSON.stringify(await aTrigger(source).generate(event))).toContain(
      '{"tenant":"acme","role":"user"}',
    );
  });

  it.each([
    'TokenGeneration_Authentication',
    'TokenGeneration_NewPasswordChallenge',
    'TokenGeneration_AuthenticateDevice',
    'TokenGeneration_RefreshTokens',
  ])('gets them at %s, in version 3 of the event', async (triggerSource) => {
    const event = { ...anEvent({ groups: ['tenant.acme'] }), version: '3', triggerSource };
    expect(JSON.stringify(await aTrigger('group').generate(event))).toContain('"tenant":"acme"');
  });
});

describe('a user whose tenant is not clear', () => {
  it.each([
    ['no tenant', ['role.admin', 'tenants.acme', 'Tenant.acme'], 'This user belongs to no tenant'],
    ['two tenants', ['tenant.acme', 'tenant.other'], 'This user belongs to more than one tenant'],
    ['two roles', ['tenant.acme', 'role.user', 'role.admin'], 'This user has more than one role'],
    ['a tenant that is none', ['tenant.ACME'], 'The tenant of this user is not valid'],
    ['an empty tenant', ['tenant.'], 'The tenant of this user is not valid'],
    ['a role that is none', ['tenant.acme', 'role.root'], 'The role of this user is not valid'],
  ])('(%s) gets no token, and the log holds no name', async (_, groups, message) => {
    const { generate, lines } = aTrigger('group');
    expect((await failureOf(generate(anEvent({ groups })))).message).toBe(message);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"event":"token.refused"');
    expect(lines[0]).not.toMatch(/canary|acme/i);
  });

  it.each([[{}], [{ 'custom:tenant': '' }], [{ tenant: 'acme' }]])(
    'by attribute gets none either: %j',
    async (attributes) => {
      const event = anEvent({ groups: ['tenant.acme'], attributes });
      expect((await failureOf(aTrigger('attribute').generate(event))).message).toBe(
        'This user belongs to no tenant',
      );
    },
  );
});

describe('a machine client', () => {
  it('gets its token as it is', async () => {
    const event: PreTokenGenerationV3TriggerEvent = {
      ...anEvent({}),
      version: '3',
      triggerSource: 'TokenGeneration_ClientCredentials',
      request: { userAttributes: {}, groupConfiguration: {}, scopes: ['drawbridge/mcp'] },
      response: { claimsAndScopeOverrideDetails: {} },
    };
    expect(await aTrigger('group').generate(event)).toEqual(event);
  });
});

describe('an event of another kind', () => {
  it.each([
    ['version 1, which has no access token', { ...anEvent({}), version: '1' }],
    ['another trigger', { ...anEvent({}), triggerSource: 'PreSignUp_SignUp' }],
    ['nothing', undefined],
  ])('(%s) is an error that says what is needed', async (_, event) => {
    const { generate, lines } = aTrigger('group');
    expect((await failureOf(generate(event))).message).toContain('V2_0 or V3_0');
    expect(lines.join()).toContain('token.failed');
  });
});
