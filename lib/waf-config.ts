import * as z from 'zod';

/** AWS WAF takes every range but the one that is all addresses. */
const range = z.union([z.cidrv4(), z.cidrv6()], {
  error: 'a range is an address and a prefix length, as in 192.0.2.0/24 or 2001:db8::/32',
});
const addressRange = range.refine((text) => !text.endsWith('/0'), {
  error: 'a range of all addresses is refused by AWS WAF',
});
const addresses = z.array(addressRange).max(10_000).default([]);

const limit = z.int().min(10).max(2_000_000_000);

const version = z
  .string()
  .regex(/^Version_\d+\.\d+$/, { error: 'a version looks like Version_1.18' })
  .optional()
  .describe('A version that stays. Without it AWS moves the group on by itself.');

const managedGroup = z.strictObject({ enabled: z.boolean().default(true), version }).prefault({});

/** The web ACL before the API (content/firewall.md). */
export const wafConfig = z.strictObject({
  mode: z
    .enum(['block', 'count'])
    .default('block')
    .describe(
      'In count, rates and managed rules refuse nobody and are logged: for the first week. Address sets and the body limit hold all the same.',
    ),
  requestsPerIp: limit.describe('Requests of one address per window, all paths together.'),
  openRequestsPerIp: limit
    .default(600)
    .describe(
      'The same for requests without an Authorization header: discovery, registration, sign-in.',
    ),
  requestsPerCredential: limit
    .default(200_000)
    .describe(
      'Requests with one Authorization header per window, from all addresses together. Signed requests have a header each, so they are not counted.',
    ),
  windowSeconds: z
    .literal([60, 120, 300, 600])
    .default(300)
    .describe('The window of the limits above.'),
  maxBodyBytes: z
    .int()
    .min(8_192)
    .max(10_000_000)
    .default(1_000_000)
    .describe('Larger request bodies are refused with 413.'),
  bodyInspectionKb: z
    .literal([16, 32, 48, 64])
    .default(16)
    .describe('How much of a body the rules see. Above 16 AWS takes a fee for each request.'),
  ipSets: z
    .strictObject({
      deny: addresses.describe('Ranges that are refused before anything else is looked at.'),
      allow: addresses.describe('Ranges that the limits above do not hold. All else does.'),
      ci: addresses.describe('When there are any, the only ranges that reach /ci/mcp.'),
    })
    .prefault({}),
  managedGroups: z
    .strictObject({
      ipReputation: z.strictObject({ enabled: z.boolean().default(true) }).prefault({}),
      knownBadInputs: managedGroup,
      common: managedGroup,
    })
    .prefault({})
    .describe('The rule groups of AWS that are used.'),
});

export type WafConfig = z.infer<typeof wafConfig>;
