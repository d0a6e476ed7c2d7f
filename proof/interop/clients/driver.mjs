// What the drivers of the clients share: a job as the one argument, the answer as one line of JSON.
import { createInterface } from 'node:readline';
import { signedFetch } from '../../../src/signing/signed-fetch.ts';

const say = (value) =>
  new Promise((done) => process.stdout.write(`${JSON.stringify(value)}\n`, done));

/** Has the person sign in whom the client sent there, and returns the query that the browser came back with. */
const signedIn = async (authorizationUrl) => {
  await say({ signIn: authorizationUrl.href });
  for await (const line of createInterface({ input: process.stdin })) {
    return new URLSearchParams(line);
  }
  throw new Error('nobody signed in');
};

/** An `OAuthClientProvider`, which all SDKs take in the same shape. */
const anApplication = (redirectUrl) => {
  const state = crypto.randomUUID();
  const kept = {};
  return {
    kept,
    provider: {
      redirectUrl,
      clientMetadata: {
        client_name: 'Interop',
        redirect_uris: [redirectUrl],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
      },
      state: () => state,
      storedState: () => state,
      clientInformation: () => kept.client,
      saveClientInformation: (value) => void (kept.client = value),
      tokens: () => kept.tokens,
      saveTokens: (value) => void (kept.tokens = value),
      redirectToAuthorization: (url) => void (kept.authorizationUrl = url),
      saveCodeVerifier: (value) => void (kept.verifier = value),
      codeVerifier: () => kept.verifier,
      saveDiscoveryState: (value) => void (kept.discovered = value),
      discoveryState: () => kept.discovered,
      authorizationServerInformation: () => kept.server,
      saveAuthorizationServerInformation: (value) => void (kept.server = value),
    },
  };
};

/**
 * The transport options of the job's lane: headers, a fetch that signs, or an OAuth provider that has signed in by then:
 * `connect` is tried once before, and has to send the person to sign in.
 */
export const credentialsFor = async (job, { connect, finishAuth }) => {
  if (job.lane === 'key') return { headers: { Authorization: `Bearer ${job.key}` } };
  if (job.lane === 'iam') {
    return { fetch: signedFetch({ credentials: job.credentials, region: job.region }) };
  }
  const { kept, provider } = anApplication(job.redirectUrl);
  let refused;
  try {
    await connect({ authProvider: provider });
  } catch (error) {
    refused = error;
  }
  if (kept.authorizationUrl === undefined) throw refused ?? new Error('it did not ask to sign in');
  await finishAuth(provider, await signedIn(kept.authorizationUrl));
  return { authProvider: provider };
};

/** @param use - what is done with the job; its result goes to the parent. */
export const drive = async (use) => {
  try {
    await say({ seen: await use(JSON.parse(process.argv[2])) });
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error.stack ?? error}\n`);
    process.exit(1);
  }
};
