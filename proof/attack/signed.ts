import { signedFetch, type SigningCredentials } from '../../src/signing/signed-fetch.ts';
import type { SignedRequest } from './scene-types.ts';
import { replyOf, type Reply } from './wire.ts';

/** One request signed for the API (SigV4). */
export const sendSigned = async (
  url: string,
  credentials: SigningCredentials & { readonly region: string },
  { path, body, headers = {}, method }: SignedRequest,
): Promise<Reply> => {
  const response = await signedFetch({ credentials, region: credentials.region })(`${url}${path}`, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return replyOf(response.status, Object.fromEntries(response.headers), await response.text());
};
