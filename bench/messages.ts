import * as z from 'zod';

/** What the bench's own processes say to each other: plain JSON over the IPC channel of `fork`. */

/** What a right answer looks like: the JSON text of the search result, or the request itself sent back. */
export const expectation = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('search'), text: z.string() }),
  z.object({ kind: z.literal('echo') }),
]);
export type Expectation = z.infer<typeof expectation>;

export const loadRequest = z.object({
  url: z.string(),
  headers: z.record(z.string(), z.string()),
  /** The `params` of `tools/call`. */
  params: z.unknown(),
  expected: expectation,
  connections: z.int().positive(),
  seconds: z.number().positive(),
  /** Each connection begins a session first, as clients of 2025 do with a server that keeps them. */
  sessions: z.boolean(),
});
export type LoadRequest = z.infer<typeof loadRequest>;

export const loadResult = z.object({
  answers: z.int(),
  errors: z.int(),
  /** The first thing that went wrong. */
  firstError: z.string().optional(),
  seconds: z.number(),
  p50Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
});
export type LoadResult = z.infer<typeof loadResult>;

/** The load generator has nothing to tell. */
export const loadReady = z.object({});

export const serverReady = z.object({ url: z.string() });

export const plainSdkOptions = z.object({ contentIndexFile: z.string() });

export const twinOptions = z.object({
  projectDirectory: z.string(),
  cdkOut: z.string(),
  stateDirectory: z.string(),
  plan: z.string(),
});
export type TwinOptions = z.infer<typeof twinOptions>;

export const twinReady = serverReady.extend({
  apiKey: z.string(),
  keyId: z.string(),
  tenant: z.string(),
  /** What an AWS SDK needs to reach the twin's services, as its operator. */
  awsEnvironment: z.record(z.string(), z.string()),
  /** Of a user of the same tenant, by the pool's own key. */
  accessToken: z.string(),
  /** What the template gives the authorizer, with addresses of the twin. */
  authorizerEnvironment: z.record(z.string(), z.string()),
  mcpEnvironment: z.record(z.string(), z.string()),
});
export type TwinReady = z.infer<typeof twinReady>;

export const laneOptions = z.object({
  codeDirectory: z.string(),
  apiKey: z.string(),
  accessToken: z.string(),
  /** JSON: an array of keys that are asked for in turn, instead of the one. */
  apiKeysFile: z.string().optional(),
});
export type LaneOptions = z.infer<typeof laneOptions>;

export const laneReady = z.object({});

const laneMeasure = z.enum(['key', 'jwt', 'verify', 'signature', 'iam', 'iam-remembered']);
export type LaneMeasure = z.infer<typeof laneMeasure>;

export const laneRequest = z.object({ measure: laneMeasure, operations: z.int().positive() });

const perOperation = z.object({ p50Us: z.number(), p99Us: z.number() });

export const laneSample = z.object({
  /** Without what was waited for AWS. */
  own: perOperation,
  total: perOperation,
  /** Calls of AWS that were waited for. */
  waits: z.int(),
});
export type LaneSample = z.infer<typeof laneSample>;

/** Since the twin's start. */
export const twinCounts = z.object({
  /** AWS calls that were allowed, by function (or operator) and `service:Action`. */
  calls: z.record(z.string(), z.record(z.string(), z.int())),
  /** AWS calls by `service:Action`, whoever made them. */
  allCalls: z.record(z.string(), z.int()),
  coldStarts: z.int(),
  functionErrors: z.int(),
  throttles: z.int(),
});
export type TwinCounts = z.infer<typeof twinCounts>;

export const inFunctionOptions = z.object({
  codeDirectory: z.string(),
  contentIndexFile: z.string(),
  caller: z.object({ apiKey: z.string(), keyId: z.string(), tenant: z.string() }),
  params: z.object({
    name: z.string(),
    arguments: z.object({ query: z.string(), limit: z.number() }),
  }),
  expectedText: z.string(),
});
export type InFunctionOptions = z.infer<typeof inFunctionOptions>;

/** Ours; the SDK's bare handler; and that one after a charge as ours makes one. */
const inFunctionWhat = z.enum(['drawbridge', 'bare', 'charged']);
export type InFunctionWhat = z.infer<typeof inFunctionWhat>;

export const inFunctionRequest = z.object({
  what: inFunctionWhat,
  operations: z.int().positive(),
});

/** Microseconds of one call: medians, and CPU as a mean. */
export const inFunctionSample = z.object({
  /** Without what was waited for AWS. */
  ownUs: z.number(),
  totalUs: z.number(),
  cpuUs: z.number(),
  /** Of `charged`: the handler alone, from the moment when the charge is answered. */
  handlerUs: z.number().optional(),
});
export type InFunctionSample = z.infer<typeof inFunctionSample>;
