import * as z from 'zod';

const count = (byDefault: number, text: string) =>
  z.int().positive().default(byDefault).describe(text);

/** What wakes somebody, and from when (docs/runbooks). */
export const alarmsConfig = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether there are alarms, and a topic for them.'),
    emails: z
      .array(z.email())
      .max(20)
      .default([])
      .describe('Who gets a mail. AWS asks each address to confirm.'),
    runbooksUrl: z
      .url({ protocol: /^https$/ })
      .refine((text) => !text.endsWith('/'), { error: 'must not end with a slash' })
      .optional()
      .describe('Where docs/runbooks can be read. Without it alarms name the file.'),
    serverErrorPercent: z
      .number()
      .positive()
      .max(100)
      .default(1)
      .describe('Share of answers with status 5xx, of at least 20 in five minutes.'),
    latencyP95Ms: count(10_000, 'How long 95 % of answers may take.'),
    authorizerFailures: count(5, 'Requests in five minutes that the authorizer could not decide.'),
    apiThrottles: count(1_000, 'Requests in five minutes that plans or rates refused.'),
    wafBlocked: count(1_000, 'Requests in five minutes that the firewall refused.'),
    quotaNearLimit: count(1, 'Calls in 15 minutes that left a limit 80 % full or more.'),
    upstreamFailures: count(10, 'Times in five minutes that an upstream could not be asked.'),
    concurrency: count(
      800,
      'Executions of one function at a time. An account has 1,000 for all, until AWS raises it.',
    ),
  })
  .prefault({});

export type AlarmsConfig = z.infer<typeof alarmsConfig>;
