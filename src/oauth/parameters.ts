import { OAuthError } from './oauth-error.ts';

/** Parameters of a query or a form, by name. */
export type Parameters = ReadonlyMap<string, string>;

/** Names and values in the order they were sent. */
export type SentParameters = readonly (readonly [string, string])[];

export interface ReadParameters {
  readonly parameters: Parameters;
  /** Names that were sent more than once; none of their values is in `parameters`. */
  readonly repeated: ReadonlySet<string>;
}

/** RFC 6749 §3.1: a parameter without a value is as good as omitted, and none may be sent twice. */
export const readParameters = (sent: SentParameters): ReadParameters => {
  const parameters = new Map<string, string>();
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const [name, value] of sent) {
    if (seen.has(name)) repeated.add(name);
    seen.add(name);
    if (value !== '') parameters.set(name, value);
  }
  for (const name of repeated) parameters.delete(name);
  return { parameters, repeated };
};

/** @throws OAuthError invalid_request, or invalid_target for a second `resource` (RFC 8707 §2). */
export const refuseRepeated = (repeated: ReadonlySet<string>): void => {
  if (repeated.has('resource')) {
    throw new OAuthError('invalid_target', 'There is one resource here');
  }
  if (repeated.size > 0) {
    throw new OAuthError('invalid_request', 'A parameter was sent more than once');
  }
};

/** RFC 6749 §3.2: the body of a form. */
export const formParameters = (body: string): SentParameters => [...new URLSearchParams(body)];

/**
 * The scopes that are asked for; all of `supported` when none is.
 * @throws OAuthError invalid_scope for one that is not supported.
 */
export const readScopes = (
  scope: string | undefined,
  supported: readonly string[],
): readonly string[] => {
  const asked = [...new Set((scope ?? '').split(' ').filter(Boolean))];
  if (!asked.every((one) => supported.includes(one))) {
    throw new OAuthError('invalid_scope', 'A scope is asked for that this server does not have');
  }
  return asked.length === 0 ? supported : asked;
};

/** @throws OAuthError invalid_target (RFC 8707 §2) for a resource other than ours. */
export const checkResource = (resource: string | undefined, own: string): void => {
  if (resource !== undefined && resource !== own) {
    throw new OAuthError('invalid_target', 'Tokens for this resource are not issued here');
  }
};
