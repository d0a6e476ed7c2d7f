import { bearer, callOf, post, type Answer, type RunningTwin } from './running-twin.ts';

export interface TokenAnswer {
  readonly status: number;
  readonly json: Readonly<Record<string, string>>;
}

/** One request to the facade's token endpoint, as any HTTP client would make it. */
export const askForToken = async (
  { twin }: RunningTwin,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<TokenAnswer> => {
  const response = await fetch(`${twin.url}/oauth/token`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  return { status: response.status, json: (await response.json()) as TokenAnswer['json'] };
};

/** RFC 7617, for ids and secrets without special characters. */
export const basic = (clientId: string, clientSecret: string): { authorization: string } => ({
  authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`,
});

/** A tool call with a token. */
export const callWith = ({ mcpUrl }: RunningTwin, token: string | undefined): Promise<Answer> =>
  post(mcpUrl, callOf('search', { query: 'usage plan' }), bearer(token ?? ''));
