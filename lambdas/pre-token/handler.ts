import middy from '@middy/core';
import * as z from 'zod';
import type { Log } from '../../src/log/log.ts';
import { NoTenantError, tenantOfUser, type TenantSource } from './tenant-of-user.ts';

/** What is used of the event, versions 2 and 3 (Amazon Cognito: "Pre token generation Lambda trigger"). */
const triggerEvent = z.looseObject({
  version: z.enum(['2', '3']),
  triggerSource: z.string().startsWith('TokenGeneration_'),
  request: z.looseObject({
    userAttributes: z.record(z.string(), z.string()).nullish(),
    groupConfiguration: z
      .looseObject({ groupsToOverride: z.array(z.string()).nullish() })
      .nullish(),
  }),
  response: z.looseObject({}).nullish(),
});

/** A token of no user: its tenant stands in the authorizer's list of machine clients. */
const clientCredentials = 'TokenGeneration_ClientCredentials';

export interface PreTokenDeps {
  readonly tenantSource: TenantSource;
  readonly log: Log;
}

/**
 * Writes `tenant` and `role` into access tokens. Both are overrides, so that nothing else that could set a claim of
 * this name counts. The rest of the tokens is left as it is.
 */
export const createHandler = ({ tenantSource, log }: PreTokenDeps) =>
  middy(async (input: unknown) => {
    const event = triggerEvent.safeParse(input).data;
    if (event === undefined) {
      log.error('token.failed', new Error('the event is not of a pre token generation trigger'));
      throw new Error('The pre token generation trigger has to have version V2_0 or V3_0');
    }
    const { triggerSource, request } = event;
    if (triggerSource === clientCredentials) return event;
    try {
      const claims = tenantOfUser(tenantSource, {
        groups: request.groupConfiguration?.groupsToOverride ?? [],
        attributes: request.userAttributes ?? {},
      });
      return {
        ...event,
        response: {
          claimsAndScopeOverrideDetails: {
            accessTokenGeneration: { claimsToAddOrOverride: { ...claims } },
            // Cognito takes the groups away from a token when they are not handed back.
            ...(request.groupConfiguration && { groupOverrideDetails: request.groupConfiguration }),
          },
        },
      };
    } catch (error) {
      if (error instanceof NoTenantError) log.error('token.refused', error, { triggerSource });
      throw error;
    }
  });
