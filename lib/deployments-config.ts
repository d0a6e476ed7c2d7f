import * as z from 'zod';

/** Executions that a function may have at a time; an account has 1,000 for all, until AWS raises it. */
const executions = z.int().min(1).max(10_000);

/** How a new version of the MCP function comes into service, and how much of Lambda the functions may take. */
export const deploymentsConfig = z
  .strictObject({
    canary: z
      .enum(['allAtOnce', 'canary10Percent5Minutes', 'linear10PercentEvery1Minute'])
      .default('allAtOnce')
      .describe(
        'How requests are handed to a new version of the MCP function, once it has answered the handshake.',
      ),
    rollbackAlarms: z
      .boolean()
      .default(true)
      .describe(
        'Go back to the old version when alarms ring during a deployment. False for the deployment that mends what they ring for.',
      ),
    provisionedConcurrency: executions
      .optional()
      .describe(
        'Environments of the MCP function that are kept warm. AWS charges for them by the hour.',
      ),
    reservedConcurrency: z
      .strictObject({
        mcp: executions.optional(),
        authorizer: executions.optional(),
        admin: executions.optional(),
      })
      .prefault({})
      .describe(
        'Executions of a function that may run at a time: it gets no more, and others leave it so many.',
      ),
  })
  .refine(
    ({ provisionedConcurrency = 0, reservedConcurrency: { mcp = Infinity } }) =>
      provisionedConcurrency <= mcp,
    {
      error: 'must be at most deployments.reservedConcurrency.mcp',
      path: ['provisionedConcurrency'],
    },
  )
  .prefault({});

export type DeploymentsConfig = z.infer<typeof deploymentsConfig>;
