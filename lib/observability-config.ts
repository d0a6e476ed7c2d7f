import * as z from 'zod';

export const metricsConfig = z
  .strictObject({
    enabled: z
      .boolean()
      .default(true)
      .describe('Metrics of our own (content/monitoring.md). AWS takes a fee for each of them.'),
    dashboard: z.boolean().default(true).describe('A CloudWatch dashboard.'),
  })
  .prefault({});

export const tracingConfig = z
  .strictObject({
    enabled: z.boolean().default(true).describe('X-Ray traces of the API and its functions.'),
    sampledPercent: z
      .number()
      .min(0)
      .max(100)
      .default(5)
      .describe('Share of the requests that are traced.'),
  })
  .prefault({});
