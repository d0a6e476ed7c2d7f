import * as z from 'zod';

/** Security policies of a regional domain (AWS: "Supported security policies"). */
export const securityPolicies = [
  'TLS13_1_2_PFS_PQ_2025_09',
  'TLS13_1_2_PQ_2025_09',
  'TLS13_1_3_2025_09',
] as const;

export const domainConfig = z
  .strictObject({
    name: z
      .string()
      .regex(/^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/, {
        error: 'a domain is like mcp.example.com, in lower case',
      })
      .describe('The API answers here, at the root, and at its execute-api address no more.'),
    certificateArn: z
      .string()
      .regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/, {
        error: 'is not the ARN of a certificate of ACM',
      })
      .optional()
      .describe('A certificate in the region of the API. Without it one is made, by `hostedZone`.'),
    hostedZone: z
      .strictObject({
        id: z.string().regex(/^Z[A-Z0-9]{1,31}$/, { error: 'a hosted zone’s id is like Z0123456' }),
        name: z.string().min(1).describe('The domain of the zone, as in example.com.'),
      })
      .optional()
      .describe('The zone of Route 53 that gets the name, and that proves it to ACM.'),
    securityPolicy: z
      .enum(securityPolicies)
      .optional()
      .describe(
        'TLS that clients must speak. By default TLS13_1_2_PFS_PQ_2025_09: 1.3, and 1.2 with forward secrecy. With `truststore` it is TLS_1_2: API Gateway has no mTLS with the newer ones.',
      ),
    truststore: z
      .strictObject({
        bucket: z.string().min(3).max(63),
        key: z.string().min(1),
        version: z.string().min(1).optional(),
      })
      .optional()
      .describe(
        'mTLS: the certificates of authorities, a PEM file in S3, that clients need one of.',
      ),
  })
  .refine(({ certificateArn, hostedZone }) => certificateArn ?? hostedZone, {
    error: 'needs a certificateArn, or a hostedZone to make a certificate with',
    path: ['certificateArn'],
  })
  .refine(
    ({ name, hostedZone }) =>
      hostedZone === undefined || `.${name}`.endsWith(`.${hostedZone.name}`),
    {
      error: 'is not the zone that domain.name is in',
      path: ['hostedZone', 'name'],
    },
  )
  .refine(
    ({ truststore, securityPolicy }) => truststore === undefined || securityPolicy === undefined,
    {
      error: 'is refused together with truststore: API Gateway has mTLS with TLS_1_2 only',
      path: ['securityPolicy'],
    },
  )
  .optional();
export type DomainConfig = NonNullable<z.infer<typeof domainConfig>>;
