import * as z from 'zod';

/** The rate of some methods of the API, in place of that of every method. */
const methodThrottle = (rate: number, burst: number) =>
  z
    .strictObject({
      rateLimit: z.number().positive().max(10_000).default(rate),
      burstLimit: z.int().positive().max(5_000).default(burst),
    })
    .prefault({});

const everyMethod =
  'All callers together, requests per second and burst, for each method of the API.';

/** Rates that API Gateway holds all callers to, method by method. Those of one tenant are its plan's. */
export const throttleConfig = z.strictObject({
  rateLimit: z.int().positive().describe(everyMethod),
  burstLimit: z.int().positive().describe(everyMethod),
  register: methodThrottle(5, 10).describe(
    'The same for POST /oauth/register alone, where nobody has proved anything yet.',
  ),
  signIn: methodThrottle(20, 40).describe(
    'The same for /oauth/authorize, /oauth/callback and /oauth/token, each method by itself.',
  ),
  ci: methodThrottle(50, 100).describe(
    'The same for POST /ci/mcp alone: API Gateway gives IAM callers no usage plan.',
  ),
  admin: methodThrottle(5, 10).describe(
    'The same for each method of /admin and what is below it: people and scripts, no tools.',
  ),
});

export type ThrottleConfig = z.infer<typeof throttleConfig>;
