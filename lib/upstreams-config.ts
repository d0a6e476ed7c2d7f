import * as z from 'zod';

/** Names and ARNs of these go into a function's environment, which Lambda limits to 4 KB in all. */
export const maxSecrets = 12;

/** Names of secrets that upstreams may be given. */
export const secretNames = z
  .array(
    z.string().regex(/^[a-z][a-z0-9-]{0,62}$/, {
      error: 'a secret’s name is 1 to 63 of a-z, 0-9 and -, and begins with a letter',
    }),
  )
  .max(maxSecrets)
  .refine((names) => new Set(names).size === names.length, {
    error: 'names a secret twice',
  })
  .default([])
  .describe(
    'Secrets that ${secret:NAME} may name in upstreams. Each is one of Secrets Manager; set it with `drawbridge secrets set`.',
  );

/** What holds for all upstreams; the servers themselves are in config/mcp.json. */
export const upstreamsConfig = z
  .strictObject({
    allowLoopback: z
      .boolean()
      .default(false)
      .describe(
        'Upstreams may be on the machine itself, over http. For the twin: refused for any AWS account.',
      ),
    newTools: z
      .enum(['hide', 'allow'])
      .default('hide')
      .describe('What becomes of a tool that nobody approved yet. A changed one is hidden always.'),
    platform: z
      .enum(['lambda', 'host'])
      .default('lambda')
      .describe(
        'What packages of stdio servers are installed for: Lambda on arm64, or the machine that synthesizes. host is for the twin: refused for any AWS account.',
      ),
    sandbox: z
      .strictObject({
        memoryMb: z.int().min(128).max(10_240).default(512),
        timeoutSeconds: z
          .int()
          .min(5)
          .max(900)
          .optional()
          .describe('Longest call of a stdio server. Without it, mcp.timeoutSeconds.'),
        reservedConcurrency: z
          .int()
          .min(0)
          .max(1_000)
          .nullable()
          .default(5)
          .describe(
            'Calls of one stdio server that may run at a time, all tenants together; null where the account has none to reserve.',
          ),
        ephemeralMb: z
          .int()
          .min(512)
          .max(10_240)
          .default(512)
          .describe('Size of /tmp, the only folder that a stdio server can write.'),
        stderr: z
          .enum(['count', 'log'])
          .default('count')
          .describe(
            'What is logged of what a stdio server writes to its standard error: how much, or the lines, secrets and all.',
          ),
      })
      .prefault({})
      .describe('The function that each stdio server has.'),
  })
  .prefault({});

export type UpstreamsConfig = z.infer<typeof upstreamsConfig>;
