import * as z from 'zod';
import type { FunctionService } from '../lambda/function-service.ts';
import type { CognitoSettings } from './cognito-settings.ts';
import type { User } from './cognito-state.ts';

/** "Sync timeout of 5 seconds" (Cognito, "Important considerations" of Lambda triggers). */
const TIMEOUT_MS = 5_000;

export type TriggerSource =
  | 'TokenGeneration_HostedAuth'
  | 'TokenGeneration_RefreshTokens'
  | 'TokenGeneration_ClientCredentials';

export interface TokenRequest {
  readonly source: TriggerSource;
  readonly clientId: string;
  /** Absent for client credentials. */
  readonly user: User | undefined;
  readonly userName: string;
  readonly scopes: readonly string[];
  readonly clientMetadata: Readonly<Record<string, string>> | undefined;
}

const claims = z.record(z.string(), z.unknown()).nullish();
const names = z.array(z.string()).nullish();

const idTokenGeneration = z.object({ claimsToAddOrOverride: claims, claimsToSuppress: names });
const accessTokenGeneration = idTokenGeneration.extend({
  scopesToAdd: names,
  scopesToSuppress: names,
});

const triggerResponse = z.object({
  response: z
    .object({
      claimsAndScopeOverrideDetails: z
        .object({
          idTokenGeneration: idTokenGeneration.nullish(),
          accessTokenGeneration: accessTokenGeneration.nullish(),
          groupOverrideDetails: z.object({ groupsToOverride: names }).nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

export interface TokenOverrides {
  readonly idToken?: z.infer<typeof idTokenGeneration> | null | undefined;
  readonly accessToken?: z.infer<typeof accessTokenGeneration> | null | undefined;
  /** Absent: the groups stay. */
  readonly groups?: readonly string[] | undefined;
}

/** The trigger refused or failed: Cognito then issues no token. The message goes to the client, as Cognito's does. */
export class TriggerFailure extends Error {
  override readonly name = 'TriggerFailure';
}

/** The event of "Pre token generation Lambda trigger", versions 2 and 3. */
const eventOf = (
  { region, poolId }: CognitoSettings,
  version: 'V2_0' | 'V3_0',
  { source, clientId, user, userName, scopes, clientMetadata }: TokenRequest,
) => ({
  version: version === 'V2_0' ? '2' : '3',
  triggerSource: source,
  region,
  userPoolId: poolId,
  userName,
  callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId },
  request: {
    userAttributes:
      user === undefined
        ? {}
        : { sub: user.sub, 'cognito:user_status': 'CONFIRMED', ...user.attributes },
    groupConfiguration: {
      groupsToOverride: user?.groups ?? [],
      iamRolesToOverride: [],
      preferredRole: null,
    },
    scopes,
    ...(clientMetadata === undefined ? {} : { clientMetadata }),
  },
  response: { claimsAndScopeOverrideDetails: null },
});

const timeout = (): { readonly expired: Promise<never>; readonly stop: () => void } => {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new TriggerFailure('PreTokenGeneration invocation failed due to error Timeout.')),
    TIMEOUT_MS,
  );
  return { expired: promise, stop: () => clearTimeout(timer) };
};

/** Invokes the pool's pre-token-generation function. @throws TriggerFailure */
export const runTokenTrigger = async (
  settings: CognitoSettings,
  functions: Pick<FunctionService, 'invoke'>,
  request: TokenRequest,
): Promise<TokenOverrides> => {
  const { trigger } = settings;
  if (trigger === undefined) return {};
  // Only version 3 hears of machine tokens.
  if (request.user === undefined && trigger.version !== 'V3_0') return {};
  const event = Buffer.from(JSON.stringify(eventOf(settings, trigger.version, request)));
  const { expired, stop } = timeout();
  const result = await Promise.race([
    functions.invoke(trigger.functionArn, event),
    expired,
  ]).finally(stop);
  if (result.kind === 'throttled') {
    throw new TriggerFailure('PreTokenGeneration invocation failed due to error TooManyRequests.');
  }
  if (result.kind === 'function-error') {
    const message = result.errorMessage.replace(/\.$/u, '');
    throw new TriggerFailure(`PreTokenGeneration failed with error ${message}.`);
  }
  return overridesIn(result.payload);
};

/** "If you pass an empty or null object in the response, then the groups are suppressed." */
const groupsIn = (
  details: { readonly groupsToOverride?: readonly string[] | null | undefined } | null | undefined,
): readonly string[] | undefined =>
  details === undefined ? undefined : (details?.groupsToOverride ?? []);

const overridesIn = (payload: Buffer): TokenOverrides => {
  let answer: unknown;
  try {
    answer = JSON.parse(payload.toString('utf8'));
  } catch {
    throw new TriggerFailure('Unrecognizable lambda output');
  }
  const parsed = triggerResponse.safeParse(answer);
  if (!parsed.success) throw new TriggerFailure('Unrecognizable lambda output');
  const details = parsed.data.response?.claimsAndScopeOverrideDetails;
  return {
    idToken: details?.idTokenGeneration,
    accessToken: details?.accessTokenGeneration,
    groups: groupsIn(details?.groupOverrideDetails),
  };
};
