import * as z from 'zod';

/** How the stacks are put into an account. */
export const deploymentConfig = z
  .strictObject({
    qualifier: z
      .string()
      .regex(/^[a-z0-9]{1,10}$/, { error: 'a qualifier is 1 to 10 of a-z and 0-9' })
      .optional()
      .describe(
        'Of the bootstrap that is used (`cdk bootstrap --qualifier`), where it is not the usual one.',
      ),
    permissionsBoundary: z
      .string()
      .regex(/^[\w+=,.@-]{1,128}$/, { error: 'is the name of a managed policy, not its ARN' })
      .optional()
      .describe('Name of a managed policy that bounds every role of the stacks.'),
  })
  .prefault({});

export const encryptionConfig = z
  .enum(['aws', 'cmk'])
  .default('aws')
  .describe(
    '`cmk`: tables, secrets and logs are encrypted with a KMS key of the environment’s own, rotated each year.',
  );

export const privateConfig = z
  .strictObject({
    vpcEndpointIds: z
      .array(
        z.string().regex(/^vpce-[0-9a-f]{8,17}$/, { error: 'is not the id of a VPC endpoint' }),
      )
      .min(1)
      .max(20)
      .describe('Interface endpoints for execute-api; nobody else reaches the API.'),
  })
  .optional()
  .describe('Serve a VPC only: a private API, whose resource policy lets only these endpoints in.');

export const isolationConfig = z
  .enum(['shared', 'perTenant'])
  .default('shared')
  .describe(
    '`perTenant`: an execution environment of the MCP function serves one tenant only, for tools that keep things in memory or run what callers send. AWS charges for each environment.',
  );
