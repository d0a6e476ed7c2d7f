import * as z from 'zod';

/**
 * Longest that CloudFront waits for an origin, for the first byte and between any two, without a raised quota
 * (AWS: "Response timeout per origin").
 */
export const maxOriginTimeoutSeconds = 120;

export const cloudFrontConfig = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Put a CloudFront distribution before the API, whose address has no stage in its path: OAuth without a domain of your own.',
      ),
    priceClass: z
      .enum(['100', '200', 'all'])
      .default('100')
      .describe(
        'Edge locations: 100 is North America and Europe, 200 most others too, all is all.',
      ),
  })
  .prefault({});

export type CloudFrontConfig = z.infer<typeof cloudFrontConfig>;
