import * as z from 'zod';

export const growthUpstreamsOptions = z.object({ sizes: z.array(z.int().positive()) });
export type GrowthUpstreamsOptions = z.infer<typeof growthUpstreamsOptions>;

/** By the number of its tools, where each server is. */
export const growthUpstreamsReady = z.object({ urls: z.record(z.string(), z.string()) });

export const fillKeysOptions = z.object({
  /** Of the twin's DynamoDB. */
  dataDirectory: z.string(),
  tableName: z.string(),
  keys: z.int().positive(),
  /** JSON: records of real keys, which are spread among them. */
  recordsFile: z.string(),
});
export type FillKeysOptions = z.infer<typeof fillKeysOptions>;

export const fillKeysReady = z.object({ written: z.int() });
